"""Layer by layer: mcugen's own kernels beside CMSIS-NN's, over the shapes of `layers.py`, on each kind of core."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen.bench import layers, pool
from mcugen.bench.jobs import CountJob
from mcugen.bench.row import LayerFigures, Row
from mcugen.bench.run import Progress
from mcugen.bench.suite import OWN, Case, Target
from mcugen.boards import load_board
from mcugen.errors import CheckFailedError
from mcugen.kernels.cmsis_nn import locate

PEER = "cmsis-nn"

BOARDS = ("rpi_pico", "mps2_an385", "mps2_an386", "nrf5340dk", "mps2_an500", "mps3_an547")
"""A board for each core that differs: M0+, M3, M4, M33, M7, M55."""

LIMIT_PERCENT = 3
"""An own kernel may be so much slower than CMSIS-NN's."""


@dataclass(frozen=True)
class LayerRow:
    """One layer on one board. `peer` is None where CMSIS-NN has no kernel for it."""

    board: str
    core: str
    own: LayerFigures
    peer: LayerFigures | None

    @property
    def ratio(self) -> float | None:
        """Of instructions, own over CMSIS-NN's."""
        return None if self.peer is None else self.own.instructions / self.peer.instructions

    @property
    def cycle_ratio(self) -> float | None:
        if self.peer is None or self.own.cycles is None or not self.peer.cycles:
            return None
        return self.own.cycles / self.peer.cycles

    @property
    def is_slower(self) -> bool:
        """By more than the limit, in instructions or in cycles."""
        ratios = [r for r in (self.ratio, self.cycle_ratio) if r is not None]
        return any(100 * r > 100 + LIMIT_PERCENT for r in ratios)

    def as_json(self) -> dict[str, Any]:
        peer = self.peer
        return {
            "board": self.board,
            "core": self.core,
            "layer": self.own.name,
            "kernel": self.own.kernel,
            "instructions": self.own.instructions,
            "cycles": self.own.cycles,
            "peer_kernel": peer.kernel if peer else None,
            "peer_instructions": peer.instructions if peer else None,
            "peer_cycles": peer.cycles if peer else None,
            "slower": self.is_slower,
        }


@dataclass(frozen=True)
class Sweep:
    """All layers on all boards."""

    rows: tuple[LayerRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def slower(self) -> tuple[LayerRow, ...]:
        """Worst first."""
        worst = [row for row in self.rows if row.is_slower]
        return tuple(sorted(worst, key=lambda r: -max(r.ratio or 0, r.cycle_ratio or 0)))

    @property
    def failures(self) -> tuple[str, ...]:
        count, compared = len(self.slower), sum(row.peer is not None for row in self.rows)
        if not count:
            return ()
        return (f"{count} of {compared} layers are slower than CMSIS-NN's by more than {LIMIT_PERCENT} %",)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": not self.slower,
            "limit_percent": LIMIT_PERCENT,
            "layers": [row.as_json() for row in self.rows],
        }


def sweep(
    boards: Sequence[str],
    workers: AbstractContextManager[pool.RunAll],
    progress: Progress,
    *,
    cmsis_nn: Path | None = None,
    families: Sequence[str] = tuple(layers.FAMILIES),
) -> Sweep:
    """Counts all layers of the families on each board by both libraries.

    Args:
        cmsis_nn: root of its sources; None: where it is found.

    Raises:
        InputError: there is no such board.
        MissingToolError: no CMSIS-NN, compiler or emulator.
        CheckFailedError: a layer's result is wrong, or a family does not fit a board.
    """
    library = locate(cmsis_nn)
    graphs = {family: layers.family_graph(family) for family in families}
    jobs = [
        CountJob(Case(family, Target(board), kernels, "speed"), graph, library.path, layers=True)
        for board in map(load_board, boards)
        for family, graph in graphs.items()
        for kernels in (OWN, PEER)
    ]
    with workers as run_all:
        found: list[Row] = run_all(jobs, lambda done, total: progress("counting layers", done, total))
    for row in found:
        if row.failure:
            raise CheckFailedError(f"layers of {row.model} on {row.board} by {row.kernels}: {row.failure}")
    return Sweep(
        tuple(
            LayerRow(own.board, own.core, one, other if other.kernel.endswith(".cmsis_nn") else None)
            for own, peer in zip(found[::2], found[1::2], strict=True)
            for one, other in zip(own.layers, peer.layers, strict=True)
        )
    )
