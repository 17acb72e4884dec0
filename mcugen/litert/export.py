"""A graph as a LiteRT file for users: the same bits elsewhere, and the same module when it is read back."""

from __future__ import annotations

from mcugen.errors import UnsupportedOperatorError
from mcugen.graph.graph import Graph
from mcugen.graph.ops import Lstm, Operator
from mcugen.litert.writer import can_write_operator, write_whole

OTHER_INTEGERS: tuple[type[Operator], ...] = (Lstm,)
"""Operators that LiteRT has as the same layer with other integers: for comparisons, not for an export."""


def export(graph: Graph) -> bytes:
    """The bytes of a `.tflite` file.

    Raises:
        UnsupportedOperatorError: names every operator that LiteRT does not have in these bits, with its source line.
        MissingToolError: `ai-edge-litert` is not installed.
    """
    refused = [op for op in graph.operators if isinstance(op, OTHER_INTEGERS) or not can_write_operator(op)]
    if refused:
        listed = "\n".join(f"      {op.name} ({op.kind}): {op.origin}" for op in refused)
        raise UnsupportedOperatorError(
            f"LiteRT has no operator with the bits of {len(refused)} of {len(graph.operators)} layers",
            where=f"\n{listed}",
            hint="express these layers with others; docs/litert.md lists what can be exported",
        )
    return write_whole(graph)
