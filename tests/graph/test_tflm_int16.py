"""The integer reference of int16 activations against TFLM's own interpreter, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected
from mcugen.graph.ops.weighted import accumulates_64_bits
from tests.graph import int16
from tests.graph import strategies as s
from tests.graph.test_litert_oracle import EXACT, sweep
from tests.graph.test_tflm_oracle import assert_tflm_bits, defined

_WEIGHTED = (Conv2d, DepthwiseConv2d, FullyConnected)


def _narrow(kind: str) -> st.SearchStrategy[s.Case]:
    return EXACT[kind]() if kind in EXACT else s.ALL[kind]()


KINDS: dict[str, Callable[[], st.SearchStrategy[s.Case]]] = {
    **{kind: (lambda kind=kind: int16.widened(_narrow(kind))) for kind in int16.WIDENED},  # type: ignore[misc]
    # TFLM reads every bias of a depthwise convolution of int16 as int64.
    "depthwise_conv2d": lambda: int16.widened(s.depthwise_graphs(), bias="int64"),
    # Those of a transposed one too.
    "transposed_conv2d": lambda: int16.widened(s.transposed_conv2d_graphs(plain=True), bias="int64"),
    "logistic": int16.ALL["logistic"],
    "tanh": int16.ALL["tanh"],
}
# There is no COPY, TFLM transposes int8 and adds transposed convolutions up in 64 bits only.
for _kind in ("transpose",):
    del KINDS[_kind]


def _check(case: s.Case) -> None:
    assume(all(len(t.shape) <= 4 for t in case.graph.tensors.values()))
    (op,) = case.graph.operators
    if not (isinstance(op, _WEIGHTED) and accumulates_64_bits(case.graph.input_tensors(op))):
        assume(defined(case))
    assert_tflm_bits(case)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_bits(kind: str) -> None:
    sweep(KINDS[kind](), 25, _check)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_equal_bits_long(kind: str) -> None:
    sweep(KINDS[kind](), 2000, _check)
