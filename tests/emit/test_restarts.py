"""The vectors of a module with state: what it gives in sequences that start again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcugen.emit.vectors import make_vectors
from mcugen.errors import InputError
from mcugen.graph import Graph, Port, Quantization, Tensor, reference
from mcugen.graph.graph import State
from mcugen.graph.ops import Add

Q = Quantization.per_tensor(0.5, 3)


def summing() -> Graph:
    """y = x + what y was, from 4 on."""
    tensors = {name: Tensor(name, (1, 2), "int8", Q) for name in ("x", "before", "y")}
    ports = [Port(name, name, (1, 2), (0, 1)) for name in ("x", "y")]
    state = State("total", "before", "y", np.full((1, 2), 4, np.int8))
    add = Add(name="add", inputs=("x", "before"), outputs=("y",))
    graph = Graph("summing", tensors, (add,), (ports[0],), (ports[1],), states=(state,))
    graph.validate()
    return graph


@pytest.mark.parametrize("reset_every", [None, 1, 2, 3, 4, 9])
def test_outputs_are_those_of_a_run_with_resets(reset_every: int | None) -> None:
    graph = summing()
    vectors = make_vectors(graph, ["y"])
    wanted = reference.run_model_layout(graph, dict(vectors.inputs), reset_every)["y"]
    assert np.array_equal(vectors.outputs_from(reset_every)["y"].reshape(wanted.shape), wanted)


def test_without_them_a_module_is_to_be_emitted_again() -> None:
    vectors = replace(make_vectors(summing(), ["y"]), restarts={})
    with pytest.raises(InputError, match="no sequences that start anew"):
        vectors.outputs_from(2)


def test_a_graph_without_state_has_none() -> None:
    graph = summing()
    plain = replace(graph, states=(), inputs=(*graph.inputs, Port("before", "before", (1, 2), (0, 1))))
    assert not make_vectors(plain, ["y"]).restarts
