"""Where the states lie in the memory beside the arena: one behind the other, each aligned for its type."""

from __future__ import annotations

from mcugen.graph.graph import Graph
from mcugen.graph.tensor import DTYPES
from mcugen.plan.lifetimes import ACTIVATION_ALIGNMENT
from mcugen.plan.plan import StatePlan

_WORD = 4


def place_states(graph: Graph) -> StatePlan | None:
    """None for a graph without states."""
    if not graph.states:
        return None
    end, alignment = 0, ACTIVATION_ALIGNMENT
    offsets = []
    for state in graph.states:
        tensor = graph.tensors[state.tensor]
        own = max(ACTIVATION_ALIGNMENT, DTYPES[tensor.dtype].itemsize)
        offsets.append(_up(end, own))
        end, alignment = offsets[-1] + tensor.size_bytes, max(alignment, own)
    return StatePlan(_up(_up(end, _WORD) + _WORD, alignment), alignment, tuple(offsets))


def _up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment
