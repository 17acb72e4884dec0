"""The command line: which commands there are, and how each ends."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Annotated

import typer
from rich.markup import escape

from mcugen import __version__
from mcugen.borders.failures import report_bug, system_error
from mcugen.borders.streams import finish_output, prepare_streams, settle
from mcugen.commands.accuracy import accuracy
from mcugen.commands.bench import bench
from mcugen.commands.compilation import check, emit
from mcugen.commands.debug import debug
from mcugen.commands.export import export_tflite
from mcugen.commands.firmware import compare, run, serve, verify
from mcugen.commands.information import boards, docs, doctor, ops
from mcugen.commands.npu import app as npu
from mcugen.commands.project import ci, init
from mcugen.commands.terminal import errors
from mcugen.errors import McugenError
from mcugen.resources import build_inputs, data_folder

# In the order of the help.
COMMANDS = (
    *(emit, run, verify, accuracy, debug, compare, bench, serve, check),
    *(export_tflite, ci, init, ops, boards, docs, doctor),
)
NAMES = {command.__name__.replace("_", "-"): command for command in COMMANDS}


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
    # PyTorch makes half a million objects that stay: looking for cycles among them takes a fifth of its import.
    gc.set_threshold(200_000, 30, 30)
    prepare_streams()
    sys.exit(_run(arguments))


class _Warnings(logging.Handler):
    """The package's own log messages, on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        errors.print(f"[yellow]{record.levelname.lower()}:[/] {escape(record.getMessage())}")


def _run(arguments: list[str] | None) -> int:
    logger, warnings = logging.getLogger("mcugen"), _Warnings(logging.WARNING)
    logger.addHandler(warnings)
    try:
        return _call(arguments)
    except BrokenPipeError:
        return 0  # the reader of a pipe has gone; nothing more can be said to it
    except McugenError as error:
        return _report(error)
    except Exception as error:
        return _report(known) if (known := system_error(error)) is not None else report_bug(error)
    finally:
        logger.removeHandler(warnings)
        settle()


def _named(arguments: list[str] | None) -> Callable[..., None]:
    """What reads the arguments: only the command that they name first, since all of them take half of the start."""
    first = (sys.argv[1:] if arguments is None else arguments)[:1]
    return program(*(name for name in first if name in NAMES))


@cache
def program(only: str | None = None) -> Callable[..., None]:
    """All commands, or `only` one of them, as Typer's group: called, it ends the process."""
    app = typer.Typer(
        name="mcugen",
        help="Compiles PyTorch models into microcontroller firmware, proven bit by bit in an emulator.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        callback=_main,
    )
    for name in NAMES if only is None else [only]:
        app.command(name)(NAMES[name])
    if only is None:
        app.add_typer(npu, name="npu")
    return typer.main.get_command(app)


def _call(arguments: list[str] | None) -> int:
    """Runs the command that the arguments name."""
    try:
        _named(arguments)(args=arguments)
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
