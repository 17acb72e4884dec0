"""The integer reference against TFLM's own interpreter, bit for bit, in all operators.

TFLM leaves undefined what its left shift does beyond 32 bits: cases that would get there are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.arithmetic import quantize_multiplier
from mcugen.graph.ops import BatchMatMul, Conv2d, DepthwiseConv2d, FullyConnected, Mean, Mul, Requantize
from mcugen.graph.ops.accumulator import shifts_without_overflow
from mcugen.graph.reference import run
from tests.graph import strategies as s
from tests.graph.oracles.test_litert import EXACT, largest_difference, over_every_pair, sweep
from tests.graph.oracles.tflm import run_tflm
from tests.graph.strategies.networks import network_graphs
from tests.graph.strategies.wide import symmetric_requantize_graphs

KINDS: dict[str, Callable[[], st.SearchStrategy[s.Case]]] = {
    # TFLM's gather takes no places of 64 bits.
    **{kind: graphs for kind, graphs in EXACT.items() if kind != "gather"},
    "conv2d, int4": lambda: s.conv2d_graphs(dtype="int4"),
    "depthwise_conv2d, int4": lambda: s.depthwise_graphs(dtype="int4"),
    "fully_connected, int4": lambda: s.fully_connected_graphs(dtype="int4", per_channel=False),
    "batch_matmul": s.batch_matmul_graphs,
    "fully_connected": s.fully_connected_graphs,
    "maximum": s.ALL["maximum"],
    "minimum": s.ALL["minimum"],
    "mul": s.mul_graphs,
    "reduce_max": s.ALL["reduce_max"],
    "reduce_min": s.ALL["reduce_min"],
    "reduce_sum": s.ALL["reduce_sum"],
    "requantize, wide": symmetric_requantize_graphs,
    "softmax": s.softmax_graphs,
}
WEIGHTED = (Conv2d, DepthwiseConv2d, FullyConnected)


def defined(case: s.Case) -> bool:
    """No operator's requantization leaves 32 bits on the way."""
    for op in case.graph.operators:
        if isinstance(op, Requantize):
            (x,), (y,) = case.graph.input_tensors(op), case.graph.output_tensors(op)
            _, shift = op.requantization([x], [y])
            if (max(map(abs, x.integer_range)) + abs(x.zero_point)) << max(shift, 0) >= 2**31 - 1:
                return False
        if isinstance(op, (*WEIGHTED, BatchMatMul)):
            inputs, outputs = case.graph.input_tensors(op), case.graph.output_tensors(op)
            if isinstance(op, BatchMatMul):
                most = np.array([op.largest_accumulator(inputs)])
                ranges = -most, most
            else:
                ranges = op.accumulator_ranges(inputs)
            if not shifts_without_overflow(ranges, op.requantization(inputs, outputs), outputs[0].zero_point):
                return False
    return True


def assert_tflm_bits(case: s.Case) -> None:
    theirs = {n: a.reshape(case.graph.tensor(n).shape) for n, a in run_tflm(*case).items()}
    assert largest_difference(run(*case), theirs) == 0


def assert_tflm_bits_where_defined(case: s.Case) -> None:
    assume(defined(case))
    # TFLM pads, transposes and broadcasts few axes only.
    assume(all(len(t.shape) <= 4 for t in case.graph.tensors.values()))
    # Plain integers have kernels of their own there.
    op_tensors = case.graph.input_tensors(case.graph.operators[0])
    assume(all(t.quantization is not None for t in op_tensors))
    assert_tflm_bits(case)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_bits(kind: str) -> None:
    sweep(KINDS[kind](), 25, assert_tflm_bits_where_defined)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_equal_bits_long(kind: str) -> None:
    sweep(KINDS[kind](), 3000, assert_tflm_bits_where_defined)


def test_fully_connected_int4_per_channel_is_a_convolution() -> None:
    """TFLM's FULLY_CONNECTED takes int4 with one scale only; its CONV_2D takes a scale for each channel."""

    def check(case: s.Case) -> None:
        assume(defined(case))
        (op,), (x, weights, *bias), (out,) = case.graph.operators, *operand_tensors(case)
        rows = x.elements // x.shape[-1]
        tensors = [replace(x, shape=(1, rows, 1, x.shape[-1]))]
        shape = (weights.shape[0], 1, 1, weights.shape[1])
        assert weights.data is not None and isinstance(op, FullyConnected)
        tensors += [replace(weights, shape=shape, data=weights.data.reshape(shape)), *bias]
        tensors += [replace(out, shape=(1, rows, 1, out.shape[-1]))]
        conv = Conv2d(name="conv", inputs=op.inputs, outputs=op.outputs, clamp=op.clamp)
        other = s.make_case(conv, tensors, np.random.default_rng(0)).graph
        theirs = run_tflm(other, {"input": case.inputs["input"].reshape(tensors[0].shape)})
        assert largest_difference(run(*case), {"output": theirs["output"].reshape(out.shape)}) == 0

    sweep(s.fully_connected_graphs(dtype="int4", per_channel=True), 10, check)


def operand_tensors(case: s.Case) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    (op,) = case.graph.operators
    return case.graph.input_tensors(op), case.graph.output_tensors(op)


def test_networks() -> None:
    def check(case: s.Case) -> None:
        assert_tflm_bits_where_defined(case)

    sweep(network_graphs(), 20, check)


def test_add_and_mul_of_every_pair() -> None:
    sweep(s.add_graphs(), 15, lambda case: assert_tflm_bits(over_every_pair(case)))
    sweep(s.mul_graphs(), 15, lambda case: assert_tflm_bits(over_every_pair(case)))


def _at_boundaries(kind: str, rng: np.random.Generator, per_channel: bool) -> s.Case:
    """A layer without weights whose biases lie around the values where the output changes, with a small multiplier:
    there another last bit of the multiplier shows."""
    channels = 200
    x_scale, out_scale = (float(np.float32(v)) for v in rng.uniform(0.001, 1, 2))
    scales = np.float32(out_scale / x_scale * 2.0**-20 * rng.uniform(0.5, 1, channels if per_channel else 1))
    product = np.broadcast_to(x_scale * scales.astype(np.float64) / out_scale, channels)
    bias = np.rint((rng.integers(-120, 120, channels) + 0.5) / product) + rng.integers(-2, 3, channels)
    shapes = {
        "fully_connected": ((1, 1), (channels, 1), (1, channels), 0),
        "conv2d": ((1, 1, 1, 1), (channels, 1, 1, 1), (1, 1, 1, channels), 0),
        "depthwise_conv2d": ((1, 1, 1, channels), (1, 1, 1, channels), (1, 1, 1, channels), 3),
    }
    x_shape, w_shape, y_shape, axis = shapes[kind]
    q = Quantization.per_channel(scales, axis) if per_channel else Quantization.per_tensor(float(scales[0]), 0)
    tensors = [
        Tensor("input", x_shape, "int8", Quantization.per_tensor(x_scale, 0)),
        Tensor("weights", w_shape, "int8", q, np.zeros(w_shape, np.int8)),
        Tensor("bias", (channels,), "int32", replace(q, axis=0) if per_channel else q, bias.astype(np.int32)),
        Tensor("output", y_shape, "int8", Quantization.per_tensor(out_scale, 0)),
    ]
    cls = {c.kind: c for c in WEIGHTED}[kind]
    return s.make_case(cls(name="layer", inputs=("input", "weights", "bias"), outputs=("output",)), tensors, rng)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("kind", [c.kind for c in WEIGHTED])
def test_multipliers_where_they_show(kind: str, per_channel: bool) -> None:
    """The multiplier is the product and quotient of scales in double, with one weight scale too."""
    for seed in range(8):
        assert_tflm_bits(_at_boundaries(kind, np.random.default_rng(seed), per_channel))


def _elementwise(seed: int) -> s.Case:
    """A requantize, mul or mean whose scales lie far apart."""
    rng = np.random.default_rng(seed)
    zero_points = rng.choice([-128, -1, 0, 127, rng.integers(-128, 128)], 3)
    scale, ratio = 2.0 ** rng.uniform(-20, 20), 2.0 ** rng.uniform(-33, 22)
    q = [Quantization.per_tensor(v, z) for v, z in zip((scale, 1.0, scale / ratio), zero_points, strict=True)]
    x = Tensor("input", (1, 4, 64), "int8", q[0])
    kind = seed % 3
    if kind == 0:
        op, others, shape = Requantize(name="op", inputs=("input",), outputs=("output",)), [], x.shape
    elif kind == 1:
        op = Mul(name="op", inputs=("input", "other"), outputs=("output",))
        others, shape = [Tensor("other", x.shape, "int8", q[1])], x.shape
    else:
        axes = [(1,), (2,), (1, 2)][rng.integers(3)]
        op, others = Mean(name="op", inputs=("input",), outputs=("output",), axes=axes), []
        shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    return s.make_case(op, [x, *others, Tensor("output", shape, "int8", q[2])], rng)


@pytest.mark.parametrize("kind", range(3), ids=["requantize", "mul", "mean"])
def test_scales_far_apart(kind: int) -> None:
    for seed in range(kind, 120, 3):
        case = _elementwise(seed)
        (op,) = case.graph.operators
        reach = 255 * (255 if kind == 1 else 1) * (op.count(case.graph.input_tensors(op)) if kind == 2 else 1)  # type: ignore[attr-defined]
        ratio = case.graph.tensor("input").scale / case.graph.tensor("output").scale
        # Beyond, TFLM's left shift leaves 32 bits.
        if reach << max(quantize_multiplier(ratio)[1], 0) < 2**31:
            assert_tflm_bits(case)


def test_biases_at_the_limit() -> None:
    """Accumulators up to the last integer of 32 bits, on both sides."""
    rng = np.random.default_rng(3)
    for exponent in (16, 23, 24, 25, 30):
        weights = rng.integers(-128, 128, (6, 40)).astype(np.int8)
        sums = np.abs(weights.astype(int)).sum(axis=1) * 255
        bias = np.array([1, -1, 1, -1, 0.5, -0.5]) * (2**31 - 1 - sums)
        tensors = [
            Tensor("input", (50, 40), "int8", Quantization.per_tensor(1.0, 127 if exponent % 2 else -128)),
            Tensor("weights", weights.shape, "int8", Quantization.per_tensor(1.0, 0), weights),
            Tensor("bias", (6,), "int32", Quantization.per_tensor(1.0, 0), bias.astype(np.int32)),
            Tensor("output", (50, 6), "int8", Quantization.per_tensor(2.0**exponent, -5)),
        ]
        op = FullyConnected(name="layer", inputs=("input", "weights", "bias"), outputs=("output",))
        case = s.make_case(op, tensors, rng)
        assert defined(case)
        assert_tflm_bits(case)


def test_interpreter_is_no_twin_of_the_reference() -> None:
    """The oracle sees a wrong multiplier: another output scale gives other bits."""
    x = Tensor("x", (1, 256), "int8", Quantization.per_tensor(1.0, 0))
    y = Tensor("y", (1, 256), "int8", Quantization.per_tensor(1.7, 0))
    port = Port("x", "x", x.shape, (0, 1)), Port("y", "y", y.shape, (0, 1))
    op = Requantize(name="r", inputs=("x",), outputs=("y",))
    graph = Graph("r", {"x": x, "y": y}, (op,), port[:1], port[1:])
    other = replace(graph, tensors={"x": x, "y": replace(y, quantization=Quantization.per_tensor(1.71, 0))})
    inputs = {"x": np.arange(-128, 128).astype(np.int8).reshape(1, 256)}
    assert largest_difference(run(graph, inputs), run_tflm(other, inputs)) == 1
