"""`mlperf_tiny/` in an emitted module: firmware that speaks the MLPerf Tiny runner's protocol on the board's UART.

Protocol: mlcommons/tiny, benchmark/api (firmware side) and benchmark/runner (host side); docs/mlperf_tiny.md has it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from mcugen import __version__
from mcugen.boards.board import Board
from mcugen.boards.machines import Machine, board_machine, find_machine
from mcugen.emit.manifest import Manifest, PortEntry, QuantizationEntry
from mcugen.emulate.mailbox import symbol
from mcugen.emulate.renode import find_platform
from mcugen.errors import InputError
from mcugen.firmware import Elf, build_firmware
from mcugen.firmware.applications import MLPERF_TINY
from mcugen.templates import render_template
from mcugen.verify.result import Measurement

_PACKAGE = "mcugen.testbench"
FOLDER = PurePosixPath("mlperf_tiny")
InputFormat = Literal["int8", "uint8"]

_SETTINGS = "mlperf_tiny_settings.h"
_PLATFORM = "platform.repl"
_FRACTION_BITS = 20
_DECIMALS = range(3, 10)


@dataclass(frozen=True)
class Time:
    """How long an inference takes by the time stamps: cycles, and in words where they are from."""

    cycles: int
    source: str

    @classmethod
    def of(cls, measured: Measurement, board: Board) -> Time:
        clock = f"at {board.cpu.clock_hz} Hz"
        if measured.cycles is None:
            words = f"{measured.instructions} instructions an inference, counted, taken as cycles {clock}"
            return cls(measured.instructions, f"{words}: no cycle model for {board.cpu.core}")
        return cls(measured.cycles, f"{measured.cycles} cycles an inference by {measured.cycles_source} {clock}")


def machine_for_console(board: Board) -> Machine:
    """Whose addresses firmware with a console is linked for: the board's, in Renode or as a QEMU machine of its own.

    Raises:
        InputError: the board names no UART, or no emulator has it.
    """
    exact = find_machine(board.qemu_machine) if board.qemu_exact else None
    renode = find_platform(board) is not None and board.console is not None and board.console.renode_name
    if board.console is None or (exact is None and not renode):
        lacks = "board file names no console UART" if board.console is None else "UART is in no emulator"
        raise InputError(f"{board.name}: its {lacks}", where=board.name, hint="emit without --harness for it")
    return exact or board_machine(board)


def mlperf_tiny_firmware(
    folder: Path, manifest: Manifest, measured: Measurement, scratch: Path, input_format: InputFormat
) -> Mapping[PurePosixPath, bytes]:
    """Files by path inside the module's folder.

    Args:
        folder: the module, as written.
        measured: of that module: its time is the firmware's clock.
        scratch: the firmware is built below it.
        input_format: what the bytes of `db` are, when there is one for each element of the input.

    Raises:
        InputError: no emulator has the board's UART.
        DoesNotFitError: the firmware exceeds the board's memories.
    """
    board = manifest.target
    machine = machine_for_console(board)
    context = _settings(manifest, Time.of(measured, board), input_format)
    application = dataclasses.replace(
        MLPERF_TINY, headers={_SETTINGS: render_template(_PACKAGE, f"{_SETTINGS}.j2", **context)}
    )
    firmware = build_firmware(
        folder, manifest, board, build_dir=scratch / "mlperf_tiny", machine=machine, application=application
    )
    files = {f"{manifest.name}.elf": firmware.elf.read_bytes(), **renode_files(manifest, firmware.elf)}
    return {FOLDER / name: content for name, content in files.items()}


def renode_files(manifest: Manifest, elf: Path) -> Mapping[str, bytes]:
    """The script and the platform for Renode, by name; none where it has no such board.

    Raises:
        CheckFailedError: the firmware has no vector table.
    """
    board = manifest.target
    platform = find_platform(board)
    if platform is None or board.console is None or not board.console.renode_name:
        return {}
    context = {
        "version": __version__,
        "name": manifest.name,
        "board": board,
        "console": board.console.renode_name,
        "platform": _PLATFORM,
        "vectors": f"{symbol(Elf(elf), 'vectors'):#x}",
    }
    return {
        f"{manifest.name}.resc": render_template(_PACKAGE, "mlperf_tiny.resc.j2", **context).encode(),
        _PLATFORM: platform.encode(),
    }


def _settings(manifest: Manifest, time: Time, input_format: InputFormat) -> dict[str, Any]:
    board = manifest.target
    return {
        "version": __version__,
        "name": manifest.name,
        "device": f"mcugen {board.name}",
        "cycles": time.cycles,
        "cycles_source": time.source,
        "clock_hz": board.cpu.clock_hz,
        "input_format": input_format,
        "input_flip": 0x80 if input_format == "uint8" else 0,
        "input_bytes": sum(p.size_bytes for p in manifest.inputs),
        "fraction_bits": _FRACTION_BITS,
        "inputs": [_input(p) for p in manifest.inputs],
        "outputs": [_output(p) for p in manifest.outputs],
    }


def _quantization(port: PortEntry) -> QuantizationEntry:
    if port.quantization is None or port.dtype != "int8":
        raise InputError(
            f"{port.name!r} is {port.dtype} without a scale: the MLPerf Tiny runner sends and reads quantized int8",
            hint="emit without --harness mlperf-tiny",
        )
    return port.quantization


def _input(port: PortEntry) -> dict[str, Any]:
    if port.normalization is not None:
        raise InputError(
            f"the input {port.name!r} has a scale for each channel, which the benchmark's firmware cannot apply",
            hint="scale its channels alike before the model",
        )
    quantization = _quantization(port)
    # As graph.quantization.quantize has it, and written so that C reads the same float32.
    reciprocal = np.float32(1.0 / quantization.scale)
    return {"reciprocal": f"{reciprocal:.9e}", "zero_point": quantization.zero_point}


def _output(port: PortEntry) -> dict[str, Any]:
    quantization = _quantization(port)
    scale = quantization.scale
    decimals = next((d for d in _DECIMALS if 10.0**-d <= scale / 4), _DECIMALS[-1])
    multiplier = round(math.ldexp(scale * 10.0**decimals, _FRACTION_BITS))
    return {"multiplier": multiplier, "zero_point": quantization.zero_point, "decimals": decimals}
