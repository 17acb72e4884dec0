"""The list of boards, as a table and as JSON. Imports neither NumPy nor PyTorch: it answers at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from mcugen.boards import Board
from mcugen.boards.board import Npu
from mcugen.boards.machines import core_of, find_machine


def board_json(board: Board) -> dict[str, Any]:
    machine = find_machine(board.qemu_machine)
    return {
        "name": board.name,
        "description": board.description,
        "core": board.cpu.core,
        "dsp": board.cpu.dsp,
        "fpu": board.cpu.fpu,
        "mve": board.cpu.mve,
        "clock_hz": board.cpu.clock_hz,
        "flash_bytes": board.flash.size,
        "ram_bytes": board.ram.size,
        "zephyr_board": board.zephyr_board,
        "qemu_machine": board.qemu_machine,
        "qemu_core": machine.core if machine is not None else "",
        "renode_platform": board.renode_platform,
        "renode_suite": board.renode_suite,
        "renode_zephyr": board.renode_zephyr,
        "npu": _npu_json(board.npu),
        "flash_wait": dataclasses.asdict(board.flash_wait) if board.flash_wait else None,
        "energy": dataclasses.asdict(board.energy) if board.energy else None,
    }


def _npu_json(npu: Npu | None) -> dict[str, Any] | None:
    if npu is None:
        return None
    return {
        "accelerator": npu.accelerator,
        "accelerators": list(npu.accelerators),
        "memory_mode": npu.memory_mode,
        "clock_hz": npu.clock_hz,
        "sram": npu.sram,
        "scratch": npu.scratch,
        "weights": npu.weights,
        "cache_size": npu.cache_size,
    }


def _npu_words(npu: Npu | None) -> str:
    """Such as "u55-128 (or 32, 64, 256)"."""
    if npu is None:
        return "-"
    others = [name.rpartition("-")[2] for name in npu.accelerators[1:]]
    return npu.accelerator.removeprefix("ethos-") + (f" (or {', '.join(others)})" if others else "")


def _renode_words(board: Board) -> str:
    if not board.renode_platform:
        return "-"
    return "yes" if board.renode_suite else "verify only"


def board_table(found: Sequence[Board]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("board", "core", "extensions", "flash", "RAM", "NPU", "Zephyr board", "QEMU machine", "Renode"):
        table.add_column(title, justify="right" if title in ("flash", "RAM") else "left")
    for board in found:
        cpu = board.cpu
        extensions = [
            "DSP" if cpu.dsp else "",
            "" if cpu.fpu == "none" else f"FPU {cpu.fpu}",
            "" if cpu.mve == "none" else f"Helium {cpu.mve}",
        ]
        machine = find_machine(board.qemu_machine)
        stand_in = f" ({core_of(machine, board)})" if machine is not None and not board.qemu_exact else ""
        sizes = (f"{board.flash.size // 1024} KB", f"{board.ram.size // 1024} KB")
        table.add_row(
            board.name,
            cpu.core,
            ", ".join(e for e in extensions if e),
            *sizes,
            _npu_words(board.npu),
            board.zephyr_board or "-",
            f"{board.qemu_machine}{stand_in}" or "-",
            _renode_words(board),
        )
    return table
