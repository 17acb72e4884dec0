"""Every operator has a strategy, and every graph it makes is valid and runs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.graph.ops import OPERATORS
from mcugen.graph.reference import run
from mcugen.graph.tensor import DTYPES
from tests.graph.strategies import ALL
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import KINDS, network_graphs


def test_every_operator_has_a_strategy() -> None:
    assert set(ALL) == set(OPERATORS)


@pytest.mark.parametrize("kind", sorted(ALL))
def test_reference_keeps_shape_dtype_and_clamp(kind: str) -> None:
    @settings(max_examples=20, deadline=None, derandomize=True)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        graph, inputs = data.draw(ALL[kind]())
        values = run(graph, inputs)
        assert set(values) == {n for n, t in graph.tensors.items() if not t.is_constant}
        (op,) = graph.operators
        for name in op.outputs:
            tensor, array = graph.tensor(name), values[name]
            assert (array.shape, array.dtype) == (tensor.shape, DTYPES[tensor.dtype])
            if tensor.dtype == "float32":
                continue
            low, high = getattr(op, "clamp", tensor.integer_range)
            assert array.min() >= low and array.max() <= high

    check()


def test_networks_run() -> None:
    kinds: set[str] = set()

    @settings(max_examples=200, deadline=None, derandomize=True)
    @given(network_graphs())
    def check(case: Case) -> None:
        values = run(*case)
        assert all(p.tensor in values for p in case.graph.outputs)
        kinds.update(op.kind for op in case.graph.operators)

    check()
    assert kinds == KINDS
