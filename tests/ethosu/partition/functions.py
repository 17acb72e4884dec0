"""Networks of functions by table."""

from __future__ import annotations

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops.elementwise.table import Table
from mcugen.graph.tensor import Quantization, Tensor

_Q = Quantization.per_tensor(0.05, -3)


def chain(length: int) -> Graph:
    """So many different functions one after the other, all tensors with one quantization."""
    names = [f"t{n}" for n in range(length + 1)]
    operators = tuple(
        Table(
            name=f"table_{n}",
            inputs=(names[n],),
            outputs=(names[n + 1],),
            values=tuple(((n + 3) * v + 128) % 256 - 128 for v in range(-128, 128)),
        )
        for n in range(length)
    )
    ports = (Port(name, name, (1, 2, 3, 4), (0, 1, 2, 3)) for name in (names[0], names[-1]))
    tensors = {name: Tensor(name, (1, 2, 3, 4), "int8", _Q) for name in names}
    first, last = ports
    return Graph("functions", tensors, operators, (first,), (last,))
