"""Exact rewrites: Graph -> Graph, the same integers out. Each pass is one function in one file.

`optimize` runs the tables below in order, again and again until nothing changes. A pass returns the very same object
when it has nothing to do; every pass either removes operators, moves data movement towards where it disappears, or
lowers the bytes that are transposed, so that the repetition ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from mcugen.graph.graph import Graph
from mcugen.passes.assign_layouts import assign_layouts
from mcugen.passes.fold_clamp import fold_clamp
from mcugen.passes.fold_constants import fold_constants
from mcugen.passes.fold_into_fully_connected import fold_into_fully_connected
from mcugen.passes.fold_into_matmul import fold_into_matmul
from mcugen.passes.fold_lookup import fold_lookup
from mcugen.passes.fold_padding import fold_padding
from mcugen.passes.free_transposes import free_transposes
from mcugen.passes.join_results import join_results
from mcugen.passes.merge_movement import merge_movement
from mcugen.passes.merge_tables import merge_tables
from mcugen.passes.merge_takes import merge_takes
from mcugen.passes.move_unit_axes import move_unit_axes
from mcugen.passes.remove_dead import remove_dead
from mcugen.passes.remove_identity import remove_identity
from mcugen.passes.share_movement import share_movement
from mcugen.passes.sink_movement import sink_movement
from mcugen.passes.split_concatenation import split_concatenation

log = logging.getLogger(__name__)

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    remove_dead,
    fold_constants,
    join_results,
    remove_identity,
    merge_movement,
    share_movement,
    fold_clamp,
    fold_lookup,
    merge_tables,
    merge_takes,
    sink_movement,
    move_unit_axes,
    fold_into_fully_connected,
    fold_into_matmul,
    fold_padding,
    split_concatenation,
)
"""Repeated until nothing changes, then `assign_layouts` takes one step, and again: it counts what really moves."""

FINAL_PASSES: tuple[Pass, ...] = (free_transposes, merge_movement, share_movement, remove_identity, remove_dead)


def optimize(graph: Graph) -> Graph:
    """The graph with `PASSES` and `assign_layouts` applied until none changes it, then `FINAL_PASSES` likewise.

    Should the passes not come to rest, the graph is right all the same (each of them is exact), only perhaps not the
    best; a warning says so.
    """

    def clean_up_and_lay_out(graph: Graph) -> Graph:
        return assign_layouts(_to_rest(graph, PASSES))

    return _to_rest(_to_rest(graph, (clean_up_and_lay_out,)), FINAL_PASSES)


def _to_rest(graph: Graph, passes: tuple[Pass, ...]) -> Graph:
    # A step gives one group of tensors its layout; groups are fewer than operators.
    for _ in range(100 + 4 * len(graph.operators)):
        before = graph
        for rewrite in passes:
            graph = rewrite(graph)
        if graph is before:
            return graph
    log.warning("%s: the passes do not come to rest, the graph may hold needless transposes", graph.name)
    return graph


__all__ = ["FINAL_PASSES", "PASSES", "Pass", "optimize"]
