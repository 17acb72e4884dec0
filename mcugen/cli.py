"""The commands. Each parses its options, calls one function of a stage and prints; no stage's logic lives here."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mcugen import __version__
from mcugen.borders.failures import report_bug, system_error
from mcugen.borders.streams import finish_output, prepare_streams, settle
from mcugen.errors import CheckFailedError, InputError, McugenError
from mcugen.npu import app as npu
from mcugen.options import (
    CompareFormat,
    FirmwareKind,
    Harness,
    HarnessInput,
    IoLayout,
    Json,
    Kernels,
    ModuleFolder,
    Npu,
    Optimize,
    Plugins,
    ResetEvery,
    Runner,
    RunnerName,
    States,
)
from mcugen.resources import build_inputs, data_folder

app = typer.Typer(
    name="mcugen",
    help="Compiles PyTorch models into microcontroller firmware, proven bit by bit in an emulator.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(npu, name="npu")
errors = Console(stderr=True, highlight=False, soft_wrap=True)
# Piped output is not folded at the 80 columns that Rich takes for granted there.
output = Console(highlight=False, soft_wrap=True, width=None if sys.stdout and sys.stdout.isatty() else 160)


def _parse_size(text: str | None) -> int | None:
    """Bytes from "65536", "0x10000", "64K", "64KB", "1M" (K = 1024)."""
    if text is None:
        return None
    cleaned = text.strip().upper().removesuffix("IB").removesuffix("B")
    factor = {"K": 1024, "M": 1024 * 1024}.get(cleaned[-1:], 1)
    try:
        value = int(cleaned[:-1] if factor > 1 else cleaned, 0) * factor
    except ValueError:
        value = -1
    if value < 0:
        raise InputError(f"{text!r} is not a size", hint="write bytes, or K or M of them: 65536, 64K, 1M")
    return value


@contextmanager
def _progress() -> Iterator[Any]:
    """A progress callback (stage, done, total) drawn on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield update


@app.command()
def emit(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="torch.export archive (.pt2, or .pt holding one).")],
    board: Annotated[str, typer.Option(help="A name from `mcugen boards`, or a board's YAML file.")],
    calibration: Annotated[
        str | None, typer.Option(metavar="FILE.npz", help="Samples for a float model, an array per input; or `random`.")
    ] = None,
    output_folder: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="Default: the module's name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Module name; default: the model file's name.")] = None,
    kernels: Annotated[Kernels, typer.Option(help="Kernel library.")] = Kernels.auto,
    optimize: Annotated[Optimize, typer.Option(help="What to prefer where there is a choice.")] = Optimize.speed,
    max_ram: Annotated[str | None, typer.Option(metavar="N", help="Budget for the arena, such as 64K.")] = None,
    max_flash: Annotated[str | None, typer.Option(metavar="N", help="Budget for code and constants.")] = None,
    max_instructions: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Budget for the instructions of one inference.")
    ] = None,
    max_cycles: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Budget for its cycles by the timing model of Cortex-M3, M4 and M33."),
    ] = None,
    io_layout: Annotated[
        IoLayout,
        typer.Option(
            help="Axes of inputs and outputs in the module: the device's, or the model's, turned in the module."
        ),
    ] = IoLayout.device,
    state: States = None,
    plugin: Plugins = None,
    reset_every: ResetEvery = None,
    renode: Annotated[
        bool, typer.Option("--renode", help="Add firmware, a script and a Robot Framework suite for Renode.")
    ] = False,
    harness: Annotated[
        Harness | None, typer.Option(help="Add firmware that speaks this benchmark's protocol on the board's UART.")
    ] = None,
    harness_input: Annotated[
        HarnessInput | None,
        typer.Option(help="What the benchmark's runner sends for each element of the input; default: int8."),
    ] = None,
    cmsis_nn: Annotated[
        Path | None,
        typer.Option(
            "--cmsis-nn",
            metavar="PATH",
            help="Sources of CMSIS-NN, also for auto; default for cmsis-nn: CMSIS_NN_PATH, then the Zephyr workspace.",
        ),
    ] = None,
    npu: Annotated[
        Npu | None,
        typer.Option(
            help="Of a board with an NPU: use it for nothing, for what gains by it, or for everything (else an error); "
            "default: auto, unless the board's file says otherwise."
        ),
    ] = None,
    accelerator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which NPU the board has, such as ethos-u55-256."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files of the module that were edited since.")] = False,
) -> None:
    """Compile a model into a C module for a board."""
    from mcugen import api
    from mcugen.emit.output import check_destination
    from mcugen.report import text

    options = api.Options(
        board=board,
        calibration=calibration if calibration in (None, "random") else Path(calibration),
        name=name,
        kernels=kernels.value,
        optimize=optimize.value,
        max_ram=_parse_size(max_ram),
        max_flash=_parse_size(max_flash),
        cmsis_nn=cmsis_nn,
        max_instructions=max_instructions,
        max_cycles=max_cycles,
        states=tuple(state or ()),
        reset_every=reset_every,
        plugins=tuple(plugin or ()),
        npu=npu.value if npu is not None else None,
        accelerator=accelerator,
        io_layout=io_layout.value,
    )
    if harness_input is not None and harness is None:
        raise InputError("--harness-input is for the firmware of --harness, which is not asked for")
    extras = api.Extras(renode, harness is Harness.mlperf_tiny, (harness_input or HarnessInput.int8).value)
    if output_folder is not None:
        # Before the work, not after it.
        check_destination(output_folder)
    with _progress() as progress:
        module = api.compile(model, options, progress)
        size = api.check_flash(module)
        module = api.add_extras(module, extras, progress)
    folder = output_folder or Path(module.manifest.name)
    module.write(folder, force=force)
    if module.manifest.model.calibration == "random":
        errors.print("[yellow]warning:[/] random calibration: the scales fit no real data, use it for trials only")
    output.print(text.emit_summary(module, folder, size))


AllowEdited = Annotated[
    bool, typer.Option("--allow-edited", help="Take files of the module that were edited since; the result says so.")
]


@app.command()
def run(
    folder: ModuleFolder,
    inputs: Annotated[Path, typer.Option(metavar="IN.npz", help="An array per input, first axis = samples.")],
    outputs: Annotated[Path, typer.Option(metavar="OUT.npz", help="Gets an int8 array per output.")],
    labels: Annotated[
        Path | None, typer.Option(metavar="Y.npy", help="The true class of each sample: says how many are right.")
    ] = None,
    floats: Annotated[
        bool,
        typer.Option(
            "--float", help="Also write NAME.float, what the integers stand for, with NAME.scale and .zero_point."
        ),
    ] = False,
    runner: Runner = RunnerName.auto,
    reset_every: ResetEvery = None,
    allow_edited: AllowEdited = False,
    as_json: Json = False,
) -> None:
    """Run a module's firmware in an emulator on your own samples."""
    from mcugen.report import text
    from mcugen.verify.run import run_samples

    with _progress() as progress:
        result = run_samples(
            folder,
            inputs,
            outputs,
            runner=runner.value,
            allow_edited=allow_edited,
            progress=progress,
            reset_every=reset_every,
            labels=labels,
            floats=floats,
        )
    if as_json:
        print(json.dumps(result.as_json()))
    else:
        output.print(text.run_summary(result, outputs))


@app.command()
def verify(
    folder: ModuleFolder,
    runner: Runner = RunnerName.auto,
    firmware: Annotated[FirmwareKind, typer.Option(help="Bare-metal harness, or a Zephyr image.")] = FirmwareKind.bare,
    layers: Annotated[bool, typer.Option("--layers", help="Print the table of layers.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a report page.")] = None,
    reset_every: ResetEvery = None,
    allow_edited: AllowEdited = False,
    as_json: Json = False,
) -> None:
    """Prove that the firmware computes what the model computes, bit by bit, and count it."""
    from mcugen.report import html, text
    from mcugen.verify.verify import verify_module

    with _progress() as progress:
        result = verify_module(
            folder,
            firmware=firmware.value,
            runner=runner.value,
            allow_edited=allow_edited,
            progress=progress,
            reset_every=reset_every,
        )
    if report is not None:
        html.write_report(result, report)
    if as_json:
        print(json.dumps(result.as_json()))
    else:
        for part in text.verify_summary(result, layers=layers):
            output.print(part)
    if not result.ok:
        raise CheckFailedError(result.failure)


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD.json", help="What `mcugen verify --json` printed before.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json", help="What it prints now.")],
    fail_over: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="Fail when instructions (of the module or a layer), flash, RAM or stack grew by more, such as 2%.",
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show unchanged layers too.")] = False,
    form: Annotated[
        CompareFormat, typer.Option("--format", help="Tables for a terminal, or for a pull request's comment.")
    ] = CompareFormat.text,
    as_json: Json = False,
) -> None:
    """Compare two verified modules, figure by figure and layer by layer."""
    from mcugen.report import comparison as report
    from mcugen.verify.regression import compare_files

    result = compare_files(old, new, fail_over=fail_over)
    for warning in result.warnings:
        errors.print(f"[yellow]warning:[/] {escape(warning)}")
    if as_json:
        print(json.dumps(result.as_json()))
    elif form is CompareFormat.markdown:
        print(report.markdown(result, show_all=show_all), end="")
    else:
        for part in report.text_summary(result, show_all=show_all):
            output.print(part)
    if not result.ok:
        raise CheckFailedError(result.failure)


@app.command()
def serve(
    folder: ModuleFolder,
    runner: Runner = RunnerName.auto,
    terminal: Annotated[Path | None, typer.Option(metavar="LINK", help="Make this link to the terminal.")] = None,
    allow_edited: AllowEdited = False,
) -> None:
    """Run the firmware of `emit --harness` in an emulator, its UART as a pseudo-terminal, until interrupted."""
    from mcugen.testbench.serve import serve as run_firmware

    firmware = run_firmware(folder, runner=runner.value, link=terminal, allow_edited=allow_edited)
    with firmware as served, suppress(KeyboardInterrupt):
        # Whoever started this reads the line to know where to connect, and may interrupt at once.
        print(terminal or served.terminal, flush=True)
        errors.print(f"{served.runner} is running; Ctrl-C ends it")
        served.wait()


@app.command()
def check(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="torch.export archive (.pt2, or .pt holding one).")],
    board: Annotated[str | None, typer.Option(help="Say what it takes on this board, too.")] = None,
    state: States = None,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """List everything in a model that would be refused, and what it takes on a board; needs no calibration data."""
    from mcugen import api
    from mcugen.report import text

    result = api.check(model, board, state or (), plugin or ())
    if as_json:
        print(json.dumps(result.as_json()))
    else:
        output.print(escape(text.feasibility(result)))
    if not result.ok:
        count = len(result.refusals)
        raise CheckFailedError(
            f"{count} place{'s' * (count != 1)} in the model would be refused" if count else "the model does not fit"
        )


@app.command()
def ops(
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/operators.md has it.")] = False,
) -> None:
    """List what is supported: operators of torch.export, and the kernels of each operator by core and data type."""
    from mcugen.report import supported

    found = supported.supported()
    if as_json:
        print(json.dumps(found.as_json()))
    elif markdown:
        print(supported.markdown(found), end="")
    else:
        for part in supported.tables(found):
            output.print(part)


@app.command()
def boards(as_json: Json = False) -> None:
    """List the boards."""
    from mcugen.boards import list_boards
    from mcugen.report import text

    found = list_boards()
    if as_json:
        print(json.dumps({"boards": [text.board_json(b) for b in found]}))
    else:
        output.print(text.board_table(found))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check what is installed; names what is missing and the command that installs it."""
    from mcugen.report import text
    from mcugen.verify.doctor import check_tools

    checks = check_tools()
    if as_json:
        print(json.dumps({"ok": all(c.ok or not c.required for c in checks), "tools": [c.as_json() for c in checks]}))
    else:
        output.print(text.doctor_table(checks))
    if any(c.required and not c.ok for c in checks):
        raise typer.Exit(3)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"mcugen {__version__}")
        raise typer.Exit


def _print_zephyr_module(wanted: bool) -> None:
    if wanted:
        print(data_folder("zephyr_module"))
        raise typer.Exit


def _print_build_inputs(wanted: bool) -> None:
    if wanted:
        print("\n".join(map(str, build_inputs())))
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    module: Annotated[
        bool,
        typer.Option(
            "--zephyr-module",
            callback=_print_zephyr_module,
            is_eager=True,
            help="Print the folder of mcugen's Zephyr module, for ZEPHYR_EXTRA_MODULES.",
        ),
    ] = False,
    inputs: Annotated[
        bool,
        typer.Option(
            "--build-inputs",
            callback=_print_build_inputs,
            is_eager=True,
            help="Print mcugen's own files, on which emitted files depend, for build systems.",
        ),
    ] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """The console script.

    Exit codes: 0 done, 1 a check failed, 2 wrong input, 3 something is not installed, 70 a bug of mcugen, 128 + the
    number of the signal that ended it.
    """
    # A terminated command unwinds as an interrupted one does, so that temporary folders and emulators go.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    prepare_streams()
    sys.exit(_run(arguments))


class _Warnings(logging.Handler):
    """The package's own log messages, on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        errors.print(f"[yellow]{record.levelname.lower()}:[/] {escape(record.getMessage())}")


def _run(arguments: list[str] | None) -> int:
    logging.getLogger("mcugen").addHandler(_Warnings(logging.WARNING))
    try:
        return _call(arguments)
    except BrokenPipeError:
        return 0  # the reader of a pipe has gone; nothing more can be said to it
    except McugenError as error:
        return _report(error)
    except Exception as error:
        return _report(known) if (known := system_error(error)) is not None else report_bug(error)
    finally:
        settle()


def _call(arguments: list[str] | None) -> int:
    """Runs the command that the arguments name."""
    try:
        app(args=arguments)
    except SystemExit as stop:
        # Typer ends like this: 0 after success, 2 after a usage error, or the code of a typer.Exit. 1 is its word for a
        # broken pipe; a check that failed raises an error of its own.
        if stop.code == 1:
            return 0
        if stop.code:
            return stop.code if isinstance(stop.code, int) else 2
    finish_output()
    return 0


def _report(error: McugenError) -> int:
    with suppress(OSError):  # stderr may be full as well
        errors.print(f"[bold red]error:[/] {escape(str(error))}")
    return error.exit_code
