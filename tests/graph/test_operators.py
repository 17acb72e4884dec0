"""What operators refuse, what they count, and what LiteRT cannot express of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import (
    Add,
    AveragePool2d,
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    Mean,
    Moment,
    Operator,
    Requantize,
    WideSum,
)
from mcugen.graph.ops.elementwise.add import AddRequantization
from mcugen.graph.reference import run
from tests.graph import strategies as s
from tests.graph.strategies.wide import wide_requantize_graphs

torch = pytest.importorskip("torch")

Q = Quantization.per_tensor(0.5, 0)
OTHER_Q = Quantization.per_tensor(0.25, 0)


def first(strategy: Any, accept: Callable[[s.Case], bool] = lambda case: True) -> s.Case:
    """The simplest case of a strategy, the same one every time."""
    found: list[s.Case] = []

    @settings(max_examples=5, deadline=None, derandomize=True, database=None)
    @given(strategy)
    def collect(case: s.Case) -> None:
        if not found and accept(case):
            found.append(case)

    collect()
    return found[0]


def refuses(graph: Graph, match: str, attributes: dict[str, Any] | None = None, **tensors: dict[str, Any]) -> None:
    """With some attributes of the operator and of its tensors changed, it is invalid, and the error says why."""
    (op,) = graph.operators
    op = replace(op, **(attributes or {}))
    changed = {name: replace(graph.tensor(name), **fields) for name, fields in tensors.items()}
    wrong = replace(graph, tensors={**graph.tensors, **changed})
    with pytest.raises(ValueError, match=match) as caught:
        op.validate(wrong.input_tensors(op), wrong.output_tensors(op))
    assert str(caught.value).startswith(f"{op.name} ({op.kind}): ")


CONV = first(s.conv2d_graphs(kernel=(3, 3), padding="same", grouped=False, bias=True)).graph
DEPTHWISE = first(s.depthwise_graphs(multiplier=2, bias=True)).graph
DENSE = first(s.fully_connected_graphs(bias=True)).graph
POOL = first(s.average_pool_graphs()).graph
SOFTMAX = first(s.softmax_graphs()).graph
ADD = first(s.add_graphs()).graph
CONCATENATION = first(s.concatenation_graphs()).graph


@pytest.mark.parametrize(
    ("match", "op", "tensors"),
    [
        ("takes 2 to 3 inputs", {"inputs": ("input",)}, {}),
        ("must be int8 or int16", {}, {"input": {"dtype": "int32"}}),
        ("'output' is int8, 'input' is int16", {}, {"input": {"dtype": "int16"}}),
        ("has no quantization", {}, {"output": {"quantization": None}}),
        ("not an int8", {}, {"input": {"quantization": Quantization.per_tensor(0.5, 128)}}),
        ("must be per tensor", {}, {"input": {"quantization": Quantization.per_channel([0.5], 3)}}),
        ("the operator makes \\(2,", {}, {"input": {"shape": (2, 9, 9, 1)}}),
        ("must be \\(N, H, W, C\\)", {}, {"input": {"shape": (9, 9, 1)}}),
        ("must be constant", {}, {"bias": {"data": None}}),
        ("must be symmetric", {}, {"weights": {"quantization": Quantization.per_tensor(0.5, 3)}}),
        ("quantized on axis 3", {}, {"weights": {"quantization": Quantization.per_channel([0.5], 3)}}),
        ("2 scales, 1 channels", {}, {"weights": {"quantization": Quantization.per_channel([0.5, 1], 0)}}),
        ("stride \\(0, 1\\) must be positive", {"stride": (0, 1)}, {}),
        ("dilation \\(1, -1\\) must be positive", {"dilation": (1, -1)}, {}),
        ("must not be negative", {"padding": (0, -1, 0, 0)}, {}),
        ("larger than the padded input", {"padding": (0, 0, 0, 0), "dilation": (30, 30)}, {}),
        ("the operator makes", {}, {"output": {"shape": (1, 50, 50, 1)}}),
        ("must be an interval", {"clamp": (5, 4)}, {}),
        ("must be an interval", {"clamp": (-129, 4)}, {}),
    ],
)
def test_conv2d_refuses(match: str, op: dict[str, Any], tensors: dict[str, dict[str, Any]]) -> None:
    refuses(CONV, match, op, **tensors)


def test_weighted_operators_refuse_overflow() -> None:
    """A bias near the int32 limit could overflow the accumulator."""
    for graph in (CONV, DEPTHWISE, DENSE):
        bias = graph.tensor("bias")
        weights = graph.tensor("weights")
        large = np.full(bias.shape, 2**31 - 1, np.int32)
        ones = np.ones(weights.shape, np.int8)
        refuses(graph, "the accumulator of channel 0 can reach 21474", bias={"data": large}, weights={"data": ones})


def test_other_operators_refuse() -> None:
    refuses(DEPTHWISE, "channels, weights for", input={"shape": (1, 5, 5, 7)})
    refuses(DENSE, "does not match weights", input={"shape": (1, 999)})
    refuses(POOL, "must share their quantization", output={"quantization": OTHER_Q}, input={"quantization": Q})
    refuses(POOL, "smaller than the kernel", {"kernel": (1, 1), "padding": (1, 0, 0, 0)})
    refuses(SOFTMAX, "must be 1/256", output={"quantization": Q})
    refuses(SOFTMAX, "must be 1/256", output={"quantization": Quantization.per_tensor(1 / 128, -128)})
    refuses(SOFTMAX, "must be positive", {"beta": 0.0})
    refuses(SOFTMAX, "must be 1 to 4095", input={"shape": (4096,)}, output={"shape": (4096,)})
    refuses(ADD, "do not broadcast", input={"shape": (3,)}, other={"shape": (2,), "data": None})
    tiny = Quantization.per_tensor(1e-30, 0)
    refuses(ADD, "too small", input={"quantization": Q}, other={"quantization": OTHER_Q}, output={"quantization": tiny})
    refuses(CONCATENATION, "axis 7", {"axis": 7})
    refuses(CONCATENATION, "the operator makes", output={"shape": (10**4,)})
    refuses(first(s.mul_graphs()).graph, "do not broadcast", input={"shape": (3,)}, other={"shape": (2,), "data": None})
    refuses(first(s.clamp_graphs()).graph, "share their quantization", input={"quantization": OTHER_Q})
    refuses(first(s.reshape_graphs()).graph, "elements", output={"shape": (9999,)})
    refuses(first(s.transpose_graphs()).graph, "does not permute", {"permutation": (0, 0)})
    refuses(first(s.pad_graphs()).graph, "paddings for", {"padding": ()})
    refuses(first(s.requantize_graphs()).graph, "the operator makes", output={"shape": (9999,)})
    mean = first(s.mean_graphs()).graph
    refuses(mean, "ascending", {"axes": ()})
    refuses(mean, "ascending", {"axes": (1, 0)})
    refuses(mean, "axes \\(-1,\\)", {"axes": (-1,)})


def _graph(op: Operator, *tensors: Tensor) -> Graph:
    return s.make_case(op, list(tensors), np.random.default_rng(0)).graph


def test_macs() -> None:
    """Multiply-accumulates are outputs times the weights each one reads; other operators have none."""

    def weights(*shape: int) -> Tensor:
        return Tensor("w", shape, "int8", Q, np.ones(shape, np.int8))

    names = {"name": "op", "inputs": ("x", "w"), "outputs": ("y",)}
    x = Tensor("x", (1, 8, 6, 4), "int8", Q)
    grouped = _graph(Conv2d(**names), x, weights(10, 3, 2, 2), Tensor("y", (1, 6, 5, 10), "int8", Q))
    assert grouped.macs() == 6 * 5 * 10 * (3 * 2 * 2)
    depthwise = _graph(DepthwiseConv2d(**names), x, weights(1, 3, 2, 8), Tensor("y", (1, 6, 5, 8), "int8", Q))
    assert depthwise.macs() == 6 * 5 * 8 * (3 * 2)
    rows = Tensor("x", (3, 7), "int8", Q)
    dense = _graph(FullyConnected(**names), rows, weights(5, 7), Tensor("y", (3, 5), "int8", Q))
    assert dense.macs() == 3 * 5 * 7
    assert POOL.macs() == SOFTMAX.macs() == 0


def test_channel_multiplier_order() -> None:
    """Output channel c * multiplier + m reads input channel c."""
    x = Tensor("x", (1, 1, 1, 2), "int8", Quantization.per_tensor(1, 0))
    w = Tensor("w", (1, 1, 1, 4), "int8", Quantization.per_tensor(1, 0), np.array([[[[1, 2, 3, 4]]]], np.int8))
    y = Tensor("y", (1, 1, 1, 4), "int8", Quantization.per_tensor(1, 0))
    graph = _graph(DepthwiseConv2d(name="d", inputs=("x", "w"), outputs=("y",)), x, w, y)
    result = run(graph, {"x": np.array([[[[10, -5]]]], np.int8)})["y"]
    np.testing.assert_array_equal(result, [[[[10, 20, -15, -20]]]])


def test_fully_connected_takes_scales_in_double() -> None:
    """0.1 * 0.1 in float32 is not 0.1 * 0.1 in double; one weight scale gives the multiplier of several."""
    x = Tensor("x", (1, 1), "int8", Quantization.per_tensor(0.1, 0))
    y = Tensor("y", (1, 2), "int8", Quantization.per_tensor(0.1, 0))
    w = Tensor("w", (2, 1), "int8", Quantization.per_tensor(0.1, 0), np.ones((2, 1), np.int8))
    dense = FullyConnected(name="d", inputs=("x", "w"), outputs=("y",))
    single, _ = dense.requantization([x, w], [y])
    several, _ = dense.requantization([x, replace(w, quantization=Quantization.per_channel([0.1, 0.1], 0))], [y])
    assert single[0] == single[1] == several[0] == round(float(np.float32(0.1)) * 2**34)


def test_add_scales_inputs_to_twice_the_larger() -> None:
    """Scales 1/2, 1/8 and 1/4: factors 1/2, 1/8 and, after the left shift of 20, 2**2 / 2**20."""
    tensors = [Tensor("t", (1,), "int8", Quantization.per_tensor(scale, 0)) for scale in (0.5, 0.125, 0.25)]
    add = Add(name="a", inputs=("x", "z"), outputs=("y",))
    half = 1 << 30
    assert add.requantization(tensors[:2], tensors[2:]) == AddRequantization(20, half, 0, half, -2, half, -17)


def test_mean_divides_the_multiplier() -> None:
    """Division by the count moves into multiplier and shift; the shift stays at or above -31."""
    x = Tensor("x", (1, 100, 3), "int8", Quantization.per_tensor(1, 0))
    mean = Mean(name="m", inputs=("x",), outputs=("y",), axes=(1,))

    def multiplier_and_shift(out_scale: float) -> tuple[int, int]:
        return mean.requantization([x], [Tensor("y", (1, 3), "int8", Quantization.per_tensor(out_scale, 0))])

    assert multiplier_and_shift(1.0) == ((1 << 36) // 100, 1 - 6)
    # 2**-26 is the shift -25: all six bits still fit. 2**-30 leaves two of them.
    assert multiplier_and_shift(2.0**26) == ((1 << 36) // 100, -31)
    assert multiplier_and_shift(2.0**30) == ((1 << 32) // 100, -31)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(s.average_pool_graphs(padding="any"))
def test_average_pool_against_torch(case: s.Case) -> None:
    """Any padding, against the float mean over the window's part inside the input; rounding half away from zero."""
    (op,) = case.graph.operators
    assert isinstance(op, AveragePool2d)
    top, left, bottom, right = op.padding
    x = torch.from_numpy(case.inputs["input"].astype(np.float64)).permute(0, 3, 1, 2)
    padded = torch.nn.functional.pad(torch.stack([x, torch.ones_like(x)]), (left, right, top, bottom))
    kernel, stride = op.kernel, op.stride
    total, count = (torch.nn.functional.avg_pool2d(p, kernel, stride, divisor_override=1) for p in padded)
    mean = (total / count).permute(0, 2, 3, 1).numpy()
    # Sums are below 2**53 and counts small: halves are exact in float64.
    expected = np.clip(np.copysign(np.floor(np.abs(mean) + 0.5), mean), *op.clamp)
    np.testing.assert_array_equal(run(*case)["output"], expected)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(s.mean_graphs())
def test_mean_is_within_one_of_the_real_mean(case: s.Case) -> None:
    (op,) = case.graph.operators
    assert isinstance(op, Mean)
    x, y = case.graph.tensor("input"), case.graph.tensor("output")
    real = (case.inputs["input"].astype(np.float64) - x.zero_point).mean(axis=op.axes) * x.scale / y.scale
    expected = np.clip(np.rint(real) + y.zero_point, -128, 127).reshape(y.shape)
    assert np.abs(run(*case)["output"] - expected).max() <= 1


@settings(max_examples=60, deadline=None, derandomize=True)
@given(s.ALL["div"]())
def test_div_is_within_its_bound_of_the_real_quotient(case: s.Case) -> None:
    (op,) = case.graph.operators
    a, b, out = (case.graph.tensor(n) for n in (*op.inputs, *op.outputs))
    first, second = (case.inputs.get(t.name, t.data).astype(np.float64) - t.zero_point for t in (a, b))  # type: ignore[union-attr]
    defined = np.broadcast_to(second != 0, out.shape)
    real = first * a.scale / np.where(second == 0, 1, second * b.scale) / out.scale + out.zero_point
    difference = np.abs(run(*case)["output"] - np.clip(real, -128, 127))
    assert difference[defined].max(initial=0) <= 0.51


@settings(max_examples=60, deadline=None, derandomize=True)
@given(s.ALL["compare"]())
def test_compare_is_exact(case: s.Case) -> None:
    """Products of a float32 scale and a short integer are exact in float64."""
    (op,) = case.graph.operators
    a, b = case.graph.input_tensors(op)
    first, second = (
        (torch.from_numpy(np.asarray(case.inputs.get(t.name, t.data))).double() - t.zero_point) * t.scale
        for t in (a, b)
    )
    expected = getattr(torch, op.operation)(first, second)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(run(*case)["output"], expected.numpy())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(s.ALL["moment"]())
def test_moment_is_rounded_once(case: s.Case) -> None:
    """Square roots of sums of squares: within half a step, and what dropped bits make of it."""
    (op,) = case.graph.operators
    assert isinstance(op, Moment)
    x, out = case.graph.tensor("input"), case.graph.tensor("output")
    steps = case.inputs["input"].astype(np.float64)
    if op.centered:
        count = op.count([x])
        squares = count * (steps**2).sum(axis=op.axes) - steps.sum(axis=op.axes) ** 2
        real = np.sqrt(squares) * x.scale / count
        slack = np.sqrt(2.0**op.shift) * x.scale / count / out.scale
    else:
        real, slack = np.sqrt(((steps - x.zero_point) ** 2).sum(axis=op.axes)) * x.scale, 0.0
    expected = np.clip(real / out.scale + out.zero_point, -128, 127).reshape(out.shape)
    assert np.abs(run(*case)["output"] - expected).max() <= 0.500001 + slack


@settings(max_examples=80, deadline=None, derandomize=True)
@given(s.ALL["wide_sum"]())
def test_wide_sum_is_rounded_once(case: s.Case) -> None:
    (op,) = case.graph.operators
    assert isinstance(op, WideSum)
    a, b, out = (case.graph.tensor(n) for n in (*op.inputs, *op.outputs))
    first, second = (case.inputs.get(t.name, t.data).astype(np.float64) - t.zero_point for t in (a, b))  # type: ignore[union-attr]
    real = (first * a.scale + op.sign * second * b.scale) / out.scale + out.zero_point
    assert np.abs(run(*case)["output"] - np.clip(real, *op.clamp)).max() <= 0.5 + 2.0**-8


@settings(max_examples=40, deadline=None, derandomize=True)
@given(wide_requantize_graphs())
def test_requantize_between_widths_is_within_its_bound(case: s.Case) -> None:
    (op,) = case.graph.operators
    assert isinstance(op, Requantize)
    x, out = case.graph.tensor("input"), case.graph.tensor("output")
    real = (case.inputs["input"].astype(np.float64) - x.zero_point) * x.scale / out.scale + out.zero_point
    # The multiplier has 31 bits and the product is rounded before it is shifted.
    assert np.abs(run(*case)["output"] - np.clip(real, *op.clamp)).max() <= 1.0
