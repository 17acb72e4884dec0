"""What only moves values, and adds up what meets at a place."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.concatenation import Concatenation
from mcugen.graph.ops.movement.copy import Copy
from mcugen.graph.ops.movement.embedding import Embedding
from mcugen.graph.ops.movement.gather import Gather, GatherElements
from mcugen.graph.ops.movement.pad import Pad
from mcugen.graph.ops.movement.reshape import Reshape
from mcugen.graph.ops.movement.take import Take
from mcugen.graph.ops.movement.take_sum import TakeSum
from mcugen.graph.ops.movement.transpose import Transpose

OPERATORS: tuple[type[Operator], ...] = (
    Concatenation,
    Copy,
    Embedding,
    Gather,
    GatherElements,
    Pad,
    Reshape,
    Take,
    TakeSum,
    Transpose,
)

__all__ = [
    "Concatenation",
    "Copy",
    "Embedding",
    "Gather",
    "GatherElements",
    "Pad",
    "Reshape",
    "Take",
    "TakeSum",
    "Transpose",
]
