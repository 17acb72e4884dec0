"""A board's NPU as Vela's configuration file describes it: bandwidths and latencies, and what lies in which memory."""

from __future__ import annotations

import re

from mcugen.boards.board import Board, Npu, NpuPort
from mcugen.errors import InputError


def board_npu(board: Board) -> Npu:
    """The board's NPU.

    Raises:
        InputError: it has none.
    """
    if board.npu is None:
        raise InputError(f"board {board.name} has no NPU", hint="`mcugen boards` lists which have one")
    return board.npu


def system_configuration(board: Board) -> str:
    """What `vela --system-config` takes with the file of `vela_configuration`; the memory mode is `Npu.memory_mode`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", board.name)


def vela_configuration(board: Board) -> str:
    """Text of a vela.ini with one system configuration and one memory mode, those of the board.

    `arena_cache_size` is the on-chip RAM that there is: the NPU's own in Dedicated_Sram, else the whole memory, of
    which the core has its share; `vela --arena-cache-size` gives less.

    Raises:
        InputError: the board has no NPU.
    """
    npu = board_npu(board)
    lines = [f"; {board.name}: {npu.accelerator}", f"[System_Config.{system_configuration(board)}]"]
    lines += [f"core_clock={npu.clock_hz}", f"axi0_port={npu.axi0.area}"]
    if npu.axi1 is not None:
        lines += [f"axi1_port={npu.axi1.area}", *_port(npu.axi0), *_port(npu.axi1)]
    else:
        # Nothing is ever placed there, but Vela wants to know of a second port.
        lines += [f"axi1_port={npu.axi0.area}", *_port(npu.axi0)]
    constants = "Axi0" if npu.memory_mode == "Sram_Only" else "Axi1"
    arena = "Axi1" if npu.memory_mode == "Dedicated_Sram" else "Axi0"
    lines += [
        "",
        f"[Memory_Mode.{npu.memory_mode}]",
        f"const_mem_area={constants}",
        f"arena_mem_area={arena}",
        "cache_mem_area=Axi0",
        f"arena_cache_size={npu.cache_size or board.memory(npu.sram).size}",
    ]
    return "\n".join(lines) + "\n"


def _port(port: NpuPort) -> list[str]:
    values = {
        "clock_scale": port.clock_scale,
        "ports_used": port.ports,
        "burst_length": port.burst_length,
        "read_latency": port.read_latency,
        "write_latency": port.write_latency,
        "max_reads": port.max_reads,
        "max_writes": port.max_writes,
    }
    return [f"{port.area}_{name}={value}" for name, value in values.items()]
