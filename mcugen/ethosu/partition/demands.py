"""What the user and the board ask of a partition: which NPU, all of the network or not, how much memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcugen.boards.board import Board
from mcugen.errors import DoesNotFitError, InputError, UnsupportedOperatorError
from mcugen.ethosu.configuration import board_npu
from mcugen.ethosu.partition.report import Part
from mcugen.graph.graph import Graph


def chosen_accelerator(board: Board, asked: str | None) -> str:
    """The board's own NPU, or the one that is asked for.

    Raises:
        InputError: the board has no NPU, or cannot have that one.
    """
    npu = board_npu(board)
    chosen = asked or npu.accelerator
    if chosen not in npu.accelerators:
        raise InputError(
            f"{board.name} has no {chosen}",
            where=f"--accelerator {chosen}",
            hint=f"it has {' or '.join(npu.accelerators)}; another one is in a board file of your own",
        )
    return chosen


def not_everything(graph: Graph, reasons: Mapping[str, str], accelerator: str) -> UnsupportedOperatorError:
    """The error of `--npu require` where operators stay on the CPU; `reasons`: why, by an operator's name."""
    rows = [f"{op.name} ({op.kind}; {op.origin}): {reasons[op.name]}" for op in graph if op.name in reasons]
    return UnsupportedOperatorError(
        f"{len(rows)} of {len(graph.operators)} operators cannot go to the {accelerator}",
        where="\n".join(["--npu require", *rows]),
        hint="use --npu auto, which leaves these to the CPU, or replace them",
    )


def check_memory(parts: Sequence[Part], board: Board) -> None:
    """Raises DoesNotFitError when a part needs more memory of a kind than the board has for its NPU."""
    npu = board_npu(board)
    room = {
        "scratch": (board.memory(npu.scratch).size, npu.scratch),
        "fast": (npu.cache_size or board.memory(npu.sram).size, npu.sram),
    }
    for part in parts:
        for kind, needed in (("scratch", part.compiled.scratch_bytes), ("fast", part.compiled.fast_bytes)):
            size, memory = room[kind]
            if needed > size:
                names = ", ".join(op.name for op in part.operators) or "the model file's own command stream"
                raise DoesNotFitError(
                    f"{part.name} needs {needed:,} bytes of {kind} memory, {memory} of {board.name} has {size:,}",
                    where=f"{part.name}: {names}",
                    hint="use --npu off, a smaller input, or a board whose NPU has more memory"
                    if part.operators
                    else "compile the file again with Vela for this board's memories, or take a board with more",
                )
