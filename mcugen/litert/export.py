"""A graph as a LiteRT file for users: the same bits elsewhere, and the same module when it is read back."""

from __future__ import annotations

from mcugen.errors import UnsupportedOperatorError
from mcugen.graph.graph import Graph
from mcugen.graph.ops import DepthwiseConv2d, Lstm, Operator, TransposedConv2d
from mcugen.litert.writer import can_write_operator, write_whole

OTHER_INTEGERS: tuple[type[Operator], ...] = (Lstm,)
"""Operators that LiteRT has as the same layer with other integers: for comparisons, not for an export."""


def export(graph: Graph) -> bytes:
    """The bytes of a `.tflite` file.

    Raises:
        UnsupportedOperatorError: names every operator that LiteRT does not have in these bits, with its source line.
        MissingToolError: `ai-edge-litert` is not installed.
    """
    refused = [op for op in graph.operators if not _has_equal(graph, op)]
    if refused:
        listed = "\n".join(f"      {op.name} ({op.kind}): {op.origin}" for op in refused)
        raise UnsupportedOperatorError(
            f"LiteRT has no operator with the bits of {len(refused)} of {len(graph.operators)} layers",
            where=f"\n{listed}",
            hint="express these layers with others; docs/litert.md lists what can be exported",
        )
    return write_whole(graph)


def _has_equal(graph: Graph, op: Operator) -> bool:
    """Whether TensorFlow Lite Micro has the operator with the same bits, as far as types tell."""
    if isinstance(op, TransposedConv2d) and graph.tensor(op.inputs[1]).dtype == "int4":
        return False
    if isinstance(op, DepthwiseConv2d | TransposedConv2d) and graph.tensor(op.inputs[0]).dtype == "int16":
        # It reads the bias of such a layer as 64-bit numbers, whatever its type, and sums in 64 bits.
        return all(graph.tensor(name).dtype == "int64" for name in op.inputs[2:])
    return can_write_operator(op) and not isinstance(op, OTHER_INTEGERS)
