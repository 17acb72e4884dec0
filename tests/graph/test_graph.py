"""Graph: validation, lookups, changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.ops import Add, Clamp, Reshape
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs

Q = Quantization.per_tensor(0.5, 0)


def diamond() -> Graph:
    """y = clamp(x) + x, then reshaped."""
    tensors = {n: Tensor(n, (1, 4), "int8", Q) for n in ("x", "relu", "sum")}
    tensors["y"] = Tensor("y", (4,), "int8", Q)
    operators = (
        Clamp(name="clamp", inputs=("x",), outputs=("relu",), clamp=(0, 127)),
        Add(name="add", inputs=("relu", "x"), outputs=("sum",)),
        Reshape(name="flatten", inputs=("sum",), outputs=("y",)),
    )
    return Graph("diamond", tensors, operators, (Port("x", "x", (1, 4), (0, 1)),), (Port("y", "y", (4,), (0,)),))


def test_valid_graph() -> None:
    diamond().validate()


def test_reads_before_write() -> None:
    graph = diamond()
    clamp, add, flatten = graph.operators
    with pytest.raises(ValueError, match="add: reads 'relu' before it is written"):
        graph.with_changes(operators=(add, clamp, flatten)).validate()


def test_writes_twice() -> None:
    graph = diamond()
    clamp, add, flatten = graph.operators
    with pytest.raises(ValueError, match="again: writes 'relu', which is already written"):
        graph.with_changes(operators=(clamp, replace(clamp, name="again"), add, flatten)).validate()
    with pytest.raises(ValueError, match="clamp: writes 'x', which is already written"):
        graph.with_changes(operators=(replace(clamp, outputs=("x",)), add, flatten)).validate()


def test_writes_a_constant() -> None:
    graph = diamond()
    constant = replace(graph.tensor("relu"), data=np.zeros((1, 4), np.int8))
    with pytest.raises(ValueError, match="'relu'"):
        graph.with_changes(new_tensors=[constant]).validate()


def test_output_never_written() -> None:
    graph = diamond()
    with pytest.raises(ValueError, match="output 'y' is never written"):
        graph.with_changes(operators=graph.operators[:2]).validate()


def test_operator_rules_are_checked() -> None:
    graph = diamond()
    with pytest.raises(ValueError, match=r"flatten \(reshape\): "):
        graph.with_changes(new_tensors=[replace(graph.tensor("y"), shape=(5,))]).validate()


def test_lookups() -> None:
    graph = diamond()
    clamp, add, _ = graph.operators
    assert graph.producer("relu") is clamp and graph.producer("x") is None
    assert graph.consumers("x") == [clamp, add]
    assert [t.name for t in graph.input_tensors(add)] == ["relu", "x"]


def test_changes_drop_what_nobody_names() -> None:
    graph = diamond()
    shorter = graph.with_changes(operators=graph.operators[:1], outputs=(Port("relu", "relu", (1, 4), (0, 1)),))
    shorter.validate()
    assert set(shorter.tensors) == {"x", "relu"}
    assert set(graph.tensors) == {"x", "relu", "sum", "y"}


def test_tensor_refuses_data_of_another_shape_or_type() -> None:
    with pytest.raises(ValueError, match="declared int8"):
        Tensor("t", (2,), "int8", Q, np.zeros(3, np.int8))
    with pytest.raises(ValueError, match="declared int8"):
        Tensor("t", (2,), "int8", Q, np.zeros(2, np.int32))
    with pytest.raises(ValueError, match="unknown dtype"):
        Tensor("t", (2,), "float64", Q)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_quantization_refuses_scales(scale: float) -> None:
    with pytest.raises(ValueError, match="finite and positive"):
        Quantization.per_tensor(scale, 0)


def test_port_permutations_are_inverse() -> None:
    port = Port("x", "x", (1, 3, 5, 7), (0, 2, 3, 1))
    x = np.arange(105).reshape(port.shape)
    np.testing.assert_array_equal(x.transpose(port.to_device).transpose(port.to_model), x)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(network_graphs())
def test_any_prefix_is_valid(case: Case) -> None:
    """A network cut after any operator is valid, and cutting its first operator is not when somebody needs it."""
    graph = case.graph
    for count in range(1, len(graph.operators) + 1):
        last = graph.operators[count - 1].outputs[0]
        shape = graph.tensor(last).shape
        port = Port(last, last, shape, tuple(range(len(shape))))
        graph.with_changes(operators=graph.operators[:count], outputs=(port,)).validate()
    head = graph.operators[0].outputs[0]
    if graph.consumers(head):
        with pytest.raises(ValueError, match="before it is written"):
            graph.with_changes(operators=graph.operators[1:]).validate()
