"""The integer reference of int16 activations against TFLM's own interpreter, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from mcugen.graph import IntArray, Quantization, Tensor
from mcugen.graph.arithmetic import reduced_multiplier
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected, Logistic, Tanh
from mcugen.graph.ops.elementwise.logistic import UNIT
from mcugen.graph.ops.weighted import accumulates_64_bits
from mcugen.graph.reference import run
from tests.graph import strategies as s
from tests.graph.oracles.test_litert import EXACT, largest_difference, sweep
from tests.graph.oracles.test_tflm import assert_tflm_bits, defined
from tests.graph.oracles.tflm import run_tflm
from tests.graph.strategies import int16
from tests.graph.strategies.int16_functions import function_case

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
# TFLM transposes int8 alone; the writer has no squared differences, which files in tests/frontend/litert hold to TFLM.
del KINDS["transpose"], KINDS["squared_difference"]


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


def _layer(kind: str, weights: IntArray, bias: IntArray, scales: tuple[float, float, float]) -> s.Case:
    """A layer on two positions, or rows, with extreme inputs; scales of input, weights and output."""
    outputs, depth = weights.shape
    shapes = {
        "fully_connected": ((2, depth), (outputs, depth), (2, outputs)),
        "conv2d": ((1, 2, 1, depth), (outputs, 1, 1, depth), (1, 2, 1, outputs)),
        "depthwise_conv2d": ((1, 2, 1, outputs), (1, 1, 1, outputs), (1, 2, 1, outputs)),
    }
    x_shape, w_shape, y_shape = shapes[kind]
    data = weights[:, 0].reshape(w_shape) if kind == "depthwise_conv2d" else weights.reshape(w_shape)
    product = float(np.float32(scales[0])) * float(np.float32(scales[1]))
    tensors = [
        Tensor("input", x_shape, "int16", int16.quantization(scales[0])),
        Tensor("weights", w_shape, "int8", Quantization.per_tensor(scales[1], 0), data),
        Tensor("bias", (outputs,), str(bias.dtype), Quantization.per_tensor(product, 0), bias),
        Tensor("output", y_shape, "int16", int16.quantization(scales[2])),
    ]
    cls = {c.kind: c for c in _WEIGHTED}[kind]
    op = cls(name="layer", inputs=("input", "weights", "bias"), outputs=("output",), clamp=(int16.LEAST, int16.MOST))
    case = s.make_case(op, tensors, np.random.default_rng(0))
    x = np.full(x_shape, int16.LEAST, np.int16)
    x.reshape(2, -1)[1] = int16.MOST
    return s.Case(case.graph, {"input": x})


@pytest.mark.parametrize("kind", [c.kind for c in _WEIGHTED])
def test_sums_of_more_than_32_bits(kind: str) -> None:
    """All weights and inputs extreme, biases up to 2^45, with 64-bit accumulators."""
    weights = np.full((8, 2100), -128, np.int8)
    weights[::2] = 127
    bias = np.array([0, 1, -1, 2**31, -(2**33), 2**40, 2**45, -(2**45)], np.int64)
    for exponent in (14, 17, 22, 30):
        assert_tflm_bits(_layer(kind, weights, bias, (1.0, 1.0, 2.0**exponent * 1.9)))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("kind", [c.kind for c in _WEIGHTED])
def test_ties_and_what_lies_beside_them(kind: str, dtype: str) -> None:
    """Layers without weights whose biases are around the values where the output changes."""
    if (kind, dtype) == ("depthwise_conv2d", "int32"):
        pytest.skip("TFLM reads this bias as int64")
    rng = np.random.default_rng(5)
    for _ in range(6):
        scales = (float(rng.uniform(0.001, 1)), 2.0**-12, float(rng.uniform(0.5, 1)))
        wanted = _layer(kind, np.zeros((200, 1), np.int8), np.zeros(200, dtype), scales)
        (op,) = wanted.graph.operators
        multiplier, shift = (int(a[0]) for a in op.requantization(*_tensors(wanted)))  # type: ignore[attr-defined]
        real = multiplier * 2.0 ** (shift - 31)
        if dtype == "int64":
            real = int(reduced_multiplier(multiplier)) * 2.0 ** (shift - 15)
        bias = np.rint((rng.integers(-30000, 30000, 200) + 0.5) / real) + rng.integers(-2, 3, 200)
        bias = np.clip(bias, -(2**31) + 1, 2**31 - 1)
        assert_tflm_bits(_layer(kind, np.zeros((200, 1), np.int8), bias.astype(dtype), scales))


def _tensors(case: s.Case) -> tuple[list[Tensor], list[Tensor]]:
    (op,) = case.graph.operators
    return list(case.graph.input_tensors(op)), list(case.graph.output_tensors(op))


def test_functions_of_every_input() -> None:
    """All 65536 inputs of the logistic function and tanh, at scales of both kinds."""
    x = np.arange(int16.LEAST, int16.MOST + 1).astype(np.int16).reshape(256, 256)
    for cls in (Logistic, Tanh):
        for scale in (2.0**-12, 2.0**-11, 0.00017, 0.0123, 2.6):
            op = cls(name="function", inputs=("input",), outputs=("output",))
            case = function_case(op, x.shape, int16.quantization(scale), UNIT, np.random.default_rng(0))
            assert_tflm_bits(s.Case(case.graph, {"input": x}))


def test_the_64_bit_form_is_another_one() -> None:
    """The oracle tells the requantizations apart: the same sums with the other type of bias give other outputs."""
    bias = np.arange(1, 201) * 9973
    narrow, wide = (
        _layer("conv2d", np.zeros((200, 1), np.int8), bias.astype(t), (0.3, 0.01, 0.7)) for t in ("int32", "int64")
    )
    assert largest_difference(run(*wide), run_tflm(*narrow)) == 1
