"""Small modules with firmware beside them."""

from __future__ import annotations

from pathlib import Path

from mcugen import api
from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.ops import Add
from tests.emit.test_golden import tiny


def emit(folder: Path, board: str, extras: api.Extras, graph: Graph | None = None, **options: object) -> Path:
    module = api.compile(graph or tiny(), api.Options(board=board, **options))  # type: ignore[arg-type]
    api.add_extras(module, extras).write(folder)
    return folder


def addition() -> Graph:
    """Two inputs of 3 and 3 elements, with other scales, and one output that has negative values."""
    scales = {"left": (0.5, 3), "right": (0.013, -100), "sum": (0.51, -7)}
    tensors = {n: Tensor(n, (1, 3), "int8", Quantization.per_tensor(s, z)) for n, (s, z) in scales.items()}
    graph = Graph(
        "addition",
        tensors,
        (Add(name="add", inputs=("left", "right"), outputs=("sum",)),),
        tuple(Port(n, n, (1, 3), (0, 1)) for n in ("left", "right")),
        (Port("sum", "sum", (1, 3), (0, 1)),),
    )
    graph.validate()
    return graph
