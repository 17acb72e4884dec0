"""Which parts the NPU has when the model file brings them: nothing is searched, and Vela is not needed."""

from __future__ import annotations

from pathlib import Path

from mcugen.boards.board import Board
from mcugen.borders.files import Source
from mcugen.errors import InputError
from mcugen.ethosu.compiler import Compiled
from mcugen.ethosu.compiler.compiled import MEMORIES
from mcugen.ethosu.configuration import system_configuration, vela_configuration
from mcugen.ethosu.job import Job
from mcugen.ethosu.machine import machine_of
from mcugen.ethosu.model.memories import parse_memories
from mcugen.ethosu.model.trace import trace
from mcugen.ethosu.operator import CommandStream
from mcugen.ethosu.partition.demands import check_memory, chosen_accelerator, not_everything
from mcugen.ethosu.partition.report import OnCpu, Part, Partition
from mcugen.graph.graph import Graph

_REASON = "it is in none of the command streams that the model file holds"
_KINDS = dict(zip(("Sram", "Dram", "OnChipFlash", "OffChipFlash"), MEMORIES, strict=True))
"""Vela's summary has other names for memories than its configuration."""


def has_command_streams(graph: Graph) -> bool:
    """Whether the model file has been compiled for an NPU, in part or as a whole."""
    return any(isinstance(op, CommandStream) for op in graph)


def given_partition(
    graph: Graph, board: Board, *, mode: str | None = None, accelerator: str | None = None
) -> Partition:
    """The parts of a graph with command streams; what they cost, by the model of the NPU.

    Args:
        mode: as `--npu`; None and "auto": as the file has it.
        accelerator: which of the board's; None: its own.

    Raises:
        InputError: the board has no NPU, or another one than the streams are for; the NPU is not to be used.
        UnsupportedOperatorError: mode "require", and an operator is for the CPU.
        DoesNotFitError: a part needs more memory than there is.
    """
    streams = [op for op in graph if isinstance(op, CommandStream)]
    wanted = dict.fromkeys(op.accelerator for op in streams)
    where = ", ".join(f"{op.name} ({op.origin})" for op in streams)
    what = f"the model file is compiled for the {' and the '.join(wanted)}"
    original = "give mcugen the file from before Vela"
    if board.npu is None:
        raise InputError(
            f"{what}, and board {board.name} has no NPU",
            where=where,
            hint=f"{original}, or take a board with that NPU: `mcugen boards` lists them",
        )
    if mode == "off":
        raise InputError(f"{what}: the CPU cannot run it", where=f"--npu off; {where}", hint=original)
    chosen = chosen_accelerator(board, accelerator)
    if set(wanted) != {chosen}:
        given = next(iter(wanted))
        possible = len(wanted) == 1 and given in board.npu.accelerators
        raise InputError(
            f"{what}, the NPU of {board.name} is an {chosen}",
            where=where,
            hint=f"give --accelerator {given} if that is what your board has; else compile the original model for "
            f"{chosen}"
            if possible
            else f"compile the original model with --accelerator-config {chosen}, or {original}",
        )
    on_cpu = tuple(OnCpu(op, _REASON) for op in graph if not isinstance(op, CommandStream))
    if mode == "require" and on_cpu:
        raise not_everything(graph, {entry.operator.name: entry.reason for entry in on_cpu}, chosen)
    parts = tuple(Part(op.name, (), _estimated(op.job, board)) for op in streams)
    check_memory(parts, board)
    return Partition(chosen, board.npu.clock_hz, board.npu.memory_mode, None, parts, on_cpu)


def _estimated(job: Job, board: Board) -> Compiled:
    """The job with what the model of the NPU estimates, for the board's memories."""
    npu = machine_of(job)
    assert board.npu is not None
    source = Source(Path(board.name), "the board's file", "see `mcugen docs extending`")
    memories = parse_memories(
        npu.programs[0].payload.configuration,
        system_configuration(board),
        board.npu.memory_mode,
        vela_configuration(board).encode(),
        source,
    )
    traffic = dict.fromkeys(MEMORIES, 0)
    found = trace(npu, memories)
    for row in found.rows:
        for name, count in (*row.reads.items(), *row.writes.items()):
            region = name.removeprefix("region ")
            if region.isdigit():
                traffic[_KINDS[memories.regions[int(region)].name]] += count
    return Compiled(**vars(job), cycles=found.elapsed, traffic_bytes=tuple(traffic.items()))
