"""From a model to a module: `mcugen emit`, and `mcugen check` before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from mcugen.commands import completion, in_project
from mcugen.commands.options import (
    BiasCorrection,
    Equalize,
    FinalSoftmax,
    Gptq,
    Harness,
    HarnessInput,
    IoLayout,
    IoType,
    Json,
    Kernels,
    Markdown,
    Npu,
    Observer,
    Optimize,
    Packages,
    PackageUrl,
    PackageVendor,
    PackageVersion,
    Plugins,
    Precision,
    ProjectFile,
    ReportPage,
    ResetEvery,
    States,
    Switch,
)
from mcugen.commands.preflight import require_board, require_calibration, require_model
from mcugen.commands.terminal import output, progress_bars, warn
from mcugen.errors import CheckFailedError, InputError
from mcugen.report.files import check_place


def emit(
    context: typer.Context,
    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="torch.export archive (.pt2, or .pt with one), or LiteRT file."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(help="A name from `mcugen boards`, or a board's YAML file.", autocompletion=completion.boards),
    ] = None,
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
        typer.Option(metavar="N", min=1, help="Budget for its cycles by the core's timing model (docs/counting.md)."),
    ] = None,
    io: Annotated[
        IoType | None,
        typer.Option(
            "--io", help="Type of inputs and outputs, converted in the module; default: as the first and last layer."
        ),
    ] = None,
    io_layout: Annotated[
        IoLayout,
        typer.Option(
            help="Axes of inputs and outputs in the module: the device's, or the model's, turned in the module."
        ),
    ] = IoLayout.device,
    final_softmax: Annotated[
        FinalSoftmax,
        typer.Option(
            help="drop: outputs that end in a softmax give the scores before it, of which the highest is the same."
        ),
    ] = FinalSoftmax.keep,
    precision: Precision = "int8",
    self_test: Annotated[
        bool,
        typer.Option("--self-test", help="Add C that tests the module on your board and names the first wrong layer."),
    ] = False,
    state: States = None,
    plugin: Plugins = None,
    reset_every: ResetEvery = None,
    observer: Observer = "best",
    equalize: Equalize = Switch.auto,
    gptq: Gptq = Switch.auto,
    bias_correction: BiasCorrection = Switch.auto,
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
    package: Packages = None,
    package_version: PackageVersion = "1.0.0",
    package_vendor: PackageVendor = "mcugen",
    package_url: PackageUrl = "",
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
    project: ProjectFile = None,
    report: ReportPage = None,
    markdown: Markdown = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files of the module that were edited since.")] = False,
) -> None:
    """Compile a model into a C module for a board; without MODEL or --board, the models of the project."""
    values: dict[str, Any] = {
        "calibration": calibration if calibration in (None, "random") else Path(calibration),
        "name": name,
        "kernels": kernels.value,
        "optimize": optimize.value,
        "max_ram": parse_size(max_ram),
        "max_flash": parse_size(max_flash),
        "cmsis_nn": cmsis_nn,
        "max_instructions": max_instructions,
        "max_cycles": max_cycles,
        "states": tuple(state or ()),
        "reset_every": reset_every,
        "plugins": tuple(plugin or ()),
        "npu": npu.value if npu is not None else None,
        "accelerator": accelerator,
        "io": io.value if io is not None else None,
        "io_layout": io_layout.value,
        "final_softmax": final_softmax.value,
        "self_test": self_test,
        "observer": observer,
        "equalize": equalize.value,
        "gptq": gptq.value,
        "bias_correction": bias_correction.value,
        "precision": precision,
        "packages": tuple(kind.value for kind in package or ()),
    }
    publisher: dict[str, Any] = {"version": package_version, "vendor": package_vendor, "url": package_url}
    beside: dict[str, Any] = {
        "renode": renode,
        "mlperf_tiny": harness is Harness.mlperf_tiny,
        "input_format": (harness_input or HarnessInput.int8).value,
    }
    if model is None or board is None or project is not None or in_project.is_name(model):
        if report is not None or markdown:
            raise InputError(
                "--report and --markdown are about one module",
                hint="give MODEL and --board, or `mcugen verify DIR --report`",
            )
        chosen = in_project.open_for_model(project, model, board)
        chosen = in_project.with_given(context, chosen, values, publisher, beside)
        in_project.emit(chosen, output_folder, force=force)
        return
    if harness_input is not None and harness is None:
        raise InputError("--harness-input is for the firmware of --harness, which is not asked for")
    require_model(model)
    require_calibration(calibration)
    target = require_board(board)
    if report is not None:
        check_place(report, "--report")
    from mcugen import api
    from mcugen.emit.details import load_details
    from mcugen.emit.output import check_destination
    from mcugen.frontend.quantizer_options import parse_observers
    from mcugen.report import html, text
    from mcugen.report import markdown as in_markdown
    from mcugen.report.page.subjects import emitted

    parse_observers(observer)
    options = api.Options(board=target, publisher=api.Publisher(**publisher), **values)
    extras = api.Extras(**beside)
    if output_folder is not None:
        # Before the work, not after it.
        check_destination(output_folder)
    with progress_bars() as progress:
        module = api.compile(model, options, progress)
        size = api.check_flash(module)
        module = api.add_extras(module, extras, progress)
    folder = output_folder or Path(module.manifest.name)
    module.write(folder, force=force)
    if module.manifest.model.calibration == "random":
        warn("random calibration: the scales fit no real data, use it for trials only")
    subject = emitted(module.manifest, load_details(folder, module.manifest), size) if report or markdown else None
    if report is not None and subject is not None:
        html.write_report(subject, report)
    if markdown and subject is not None:
        print(in_markdown.report(subject), end="")
    else:
        output.print(text.emit_summary(module, folder, size))


def check(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="torch.export archive (.pt2, or .pt with one), or LiteRT file."),
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="Say what it takes on this board, too.", autocompletion=completion.boards)
    ] = None,
    state: States = None,
    plugin: Plugins = None,
    precision: Precision = "int8",
    project: ProjectFile = None,
    as_json: Json = False,
) -> None:
    """List everything in a model that would be refused, and what it takes on a board; needs no calibration data.

    Without MODEL: the models of the project, on its boards.
    """
    if model is None or project is not None or in_project.is_name(model):
        in_project.check(in_project.open_for_model(project, model, board), as_json=as_json)
        return
    require_model(model)
    if board is not None:
        require_board(board)
    from mcugen import api
    from mcugen.report import text

    result = api.check(model, board, state or (), plugin or (), precision)
    if as_json:
        print(json.dumps(result.as_json()))
    else:
        output.print(escape(text.feasibility(result)))
    if not result.ok:
        count = len(result.refusals)
        raise CheckFailedError(
            f"{count} place{'s' * (count != 1)} in the model would be refused" if count else "the model does not fit"
        )


def parse_size(text: str | None) -> int | None:
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
