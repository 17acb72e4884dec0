"""A gather from a constant vector at places that are a function of an int8 becomes a table, with the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.ops import Gather, Integer, Operator, Table
from mcugen.graph.reference import run
from mcugen.passes.fold_lookup import fold_lookup

ALL = np.arange(-128, 128).astype(np.int8).reshape(4, 64)
IN, OUT = Quantization.per_tensor(0.1, 7), Quantization.per_tensor(0.3, -2)


def lookup(data: np.ndarray, offset: int = 128, shared: bool = False) -> Graph:
    """values[int32(x) + offset]."""
    tensors = [
        Tensor("x", (4, 64), "int8", IN),
        Tensor("wide", (4, 64), "int32"),
        Tensor("offset", (1,), "int32", None, np.array([offset], np.int32)),
        Tensor("place", (4, 64), "int32"),
        Tensor("data", data.shape, "int8", OUT, data),
        Tensor("y", (4, 64), "int8", OUT),
    ]
    operators: list[Operator] = [
        Table(name="cast", inputs=("x",), outputs=("wide",), values=tuple(range(-128, 128))),
        Integer(name="add", inputs=("wide", "offset"), outputs=("place",), operation="add"),
        Gather(name="gather", inputs=("place", "data"), outputs=("y",), axis=0),
    ]
    x, y, place = (Port(name, name, (4, 64), (0, 1)) for name in ("x", "y", "place"))
    graph = Graph("lookup", {t.name: t for t in tensors}, tuple(operators), (x,), (y, place) if shared else (y,))
    graph.validate()
    return graph


DATA = np.random.default_rng(0).integers(-128, 128, 256).astype(np.int8)


def test_the_table_has_the_values() -> None:
    before = lookup(DATA)
    after = fold_lookup(before)
    (table,) = after.operators
    assert isinstance(table, Table) and table.name == "gather" and table.values == tuple(DATA.tolist())
    after.validate()
    assert np.array_equal(run(after, {"x": ALL})["y"], run(before, {"x": ALL})["y"])
    assert fold_lookup(after) is after


def test_from_the_middle_of_a_longer_vector() -> None:
    data = np.concatenate([DATA, DATA[::-1]])
    after = fold_lookup(lookup(data, 200))
    assert [op.kind for op in after] == ["table"]
    assert np.array_equal(run(after, {"x": ALL})["y"].reshape(-1), data[72 : 72 + 256])


@pytest.mark.parametrize(
    "graph",
    [lookup(DATA, 127), lookup(DATA[:200]), lookup(DATA, shared=True)],
    ids=["a place below 0", "a place beyond the end", "places that another reads"],
)
def test_others_stay(graph: Graph) -> None:
    assert fold_lookup(graph) is graph


def test_places_of_another_input_stay() -> None:
    graph = lookup(DATA)
    operators = (replace(graph.operators[2], inputs=("place", "data")),)
    given = (Port("place", "place", (4, 64), (0, 1)),)
    alone = graph.with_changes(operators=operators, inputs=given)
    assert fold_lookup(alone) is alone
