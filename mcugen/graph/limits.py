"""Which integers an input may hold: indices must point into what they index."""

from __future__ import annotations

from mcugen.graph.graph import Graph


def accepted_range(graph: Graph, tensor: str) -> tuple[int, int]:
    """(lowest, highest) integer of an unquantized tensor of integers that every operator behind it accepts."""
    own = graph.tensor(tensor)
    low, high = own.integer_range
    for op in graph.consumers(tensor):
        tensors = graph.input_tensors(op)
        for index in (i for i, name in enumerate(op.inputs) if name == tensor):
            accepted = op.accepts(index, tensors)
            ranges = [accepted] if accepted is not None else []
            if accepted is None and own.dtype != "bool":
                # What only moves the integers hands them on.
                results = [t for t in graph.output_tensors(op) if t.dtype == own.dtype and t.quantization is None]
                ranges = [accepted_range(graph, t.name) for t in results]
            for least, most in ranges:
                low, high = max(low, least), min(high, most)
    return low, high
