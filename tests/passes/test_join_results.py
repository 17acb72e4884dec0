"""Layers that differ only in their results become one, with the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.ops import Lstm, Requantize
from mcugen.graph.reference import run
from mcugen.passes.join_results import join_results
from tests.graph.strategies.draws import Case
from tests.graph.strategies.recurrent import layers


def _apart(graph: Graph) -> Graph:
    """One operator for each result, each with constants of its own."""
    (op,) = graph.operators
    assert isinstance(op, Lstm)
    tensors, operators = dict(graph.tensors), []
    for result, output in zip(op.results, op.outputs, strict=True):
        own = {n: f"{n}_{result}" for n in op.inputs if graph.tensor(n).is_constant}
        tensors |= {new: replace(graph.tensor(old), name=new) for old, new in own.items()}
        inputs = tuple(own.get(name, name) for name in op.inputs)
        operators.append(replace(op, name=f"{op.name}_{result}", inputs=inputs, outputs=(output,), results=(result,)))
    return replace(graph, tensors=tensors, operators=tuple(reversed(operators)))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(layers(Lstm, (("values", ("sequence", "hidden", "cell")), ("zeros", ("sequence", "cell")))))
def test_results_of_one_layer_are_joined(case: Case) -> None:
    apart = _apart(case.graph)
    apart.validate()
    joined = join_results(apart)
    joined.validate()
    (op,) = joined.operators
    assert (op.results, op.outputs) == (case.graph.operators[0].results, case.graph.operators[0].outputs)  # type: ignore[attr-defined]
    wanted, got = run(case.graph, case.inputs), run(joined, case.inputs)
    assert all(np.array_equal(got[name], wanted[name]) for name in op.outputs)
    assert join_results(joined) is joined


@settings(max_examples=5, deadline=None, derandomize=True)
@given(layers(Lstm, (("values", ("sequence", "cell")),)))
def test_layers_with_other_weights_stay_apart(case: Case) -> None:
    apart = _apart(case.graph)
    bias = next(
        t for t in apart.tensors.values() if t.dtype == "int32" and t.data is not None and t.name.endswith("_cell")
    )
    assert bias.data is not None
    other = replace(bias, data=bias.data + 1)
    changed = replace(apart, tensors={**apart.tensors, bias.name: other})
    assert join_results(changed) is changed


def test_a_result_that_is_given_twice_stays() -> None:
    found: list[Case] = []
    settings(max_examples=1, deadline=None, derandomize=True, database=None)(
        given(layers(Lstm, (("values", ("cell",)),)))(lambda case: found.append(case))
    )()
    graph = found[0].graph
    (op,) = graph.operators
    tensors = {**graph.tensors, "again": replace(graph.tensor("cell"), name="again")}
    twice = replace(op, name="again", outputs=("again",))
    shape = tensors["again"].shape
    port = Port("again", "again", shape, tuple(range(len(shape))))
    doubled = replace(graph, tensors=tensors, operators=(op, twice), outputs=(*graph.outputs, port))
    assert join_results(doubled) is doubled
    # Where another operator reads it, one tensor stands for both.
    narrow = Tensor("narrow", shape, "int8", Quantization.per_tensor(0.25, 1))
    read = Requantize(name="read", inputs=("again",), outputs=("narrow",))
    ends = (*graph.outputs, Port("narrow", "narrow", shape, tuple(range(len(shape)))))
    tensors = {**tensors, "narrow": narrow}
    used = replace(graph, tensors=tensors, operators=(op, twice, read), outputs=ends)
    joined = join_results(used)
    joined.validate()
    assert [o.kind for o in joined.operators] == ["lstm", "requantize"]
    wanted, got = run(used, found[0].inputs), run(joined, found[0].inputs)
    assert all(np.array_equal(got[name], wanted[name]) for name in ("cell", "narrow"))
