"""Building blocks of the graph strategies: quantizations, shapes, windows, weights, one-operator graphs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from mcugen.graph import Graph, IntArray, Port, Quantization, Tensor
from mcugen.graph.ops import Operator
from mcugen.graph.ops.windows import window_count
from mcugen.graph.tensor import DTYPES, dtype_range

Draw = st.DrawFn
Pair = tuple[int, int]
Padding = tuple[int, int, int, int]


class Case(NamedTuple):
    """A valid graph of one operator, and an array for each of its inputs, by tensor name."""

    graph: Graph
    inputs: dict[str, IntArray]

    def __repr__(self) -> str:
        """Short enough for a failure report: shapes and the operator, without the numbers of every channel."""
        tensors = ", ".join(f"{t.name}{t.shape}" for t in self.graph.tensors.values())
        return f"Case({self.graph.operators}, {tensors})"


def make_case(op: Operator, tensors: list[Tensor], rng: np.random.Generator) -> Case:
    """The graph of one operator over the tensors, with random inputs. Ports have the device's own layout."""

    def port(name: str) -> Port:
        shape = pool[name].shape
        return Port(name, name, shape, tuple(range(len(shape))))

    pool = {t.name: t for t in tensors}
    activations = [n for n in dict.fromkeys(op.inputs) if not pool[n].is_constant]
    graph = Graph("random", pool, (op,), tuple(map(port, activations)), tuple(map(port, op.outputs)))
    graph.validate()
    return Case(graph, {n: random_values(rng, pool[n]) for n in activations})


def random_values(rng: np.random.Generator, tensor: Tensor) -> IntArray:
    """Of the tensor's type: int8 as `random_int8`; plain integers of the whole range, or few small ones; small
    float32."""
    if tensor.dtype == "int8":
        return random_int8(rng, tensor.shape)
    if tensor.dtype == "float32":
        real: npt.NDArray[Any] = rng.normal(0, 10, tensor.shape).astype(np.float32)
        return real
    low, high = tensor.integer_range
    if tensor.dtype != "bool" and rng.integers(2):
        low, high = -3, 4
    values: IntArray = rng.integers(low, high, tensor.shape, endpoint=True, dtype=np.int64).astype(DTYPES[tensor.dtype])
    return values


def random_int8(rng: np.random.Generator, shape: tuple[int, ...]) -> IntArray:
    """Integers over the whole int8 range; one array in four has only few different values, extremes among them."""
    if rng.integers(4) == 0:
        return rng.choice(np.array([-128, -127, -1, 0, 127], np.int8), shape)
    return rng.integers(-128, 128, shape).astype(np.int8)


def random_int4(rng: np.random.Generator, shape: tuple[int, ...]) -> IntArray:
    """As `random_int8`, from -8 to 7."""
    if rng.integers(4) == 0:
        return rng.choice(np.array([-8, -7, -1, 0, 7], np.int8), shape)
    return rng.integers(-8, 8, shape).astype(np.int8)


seeds = st.integers(0, 2**32 - 1).map(np.random.default_rng)
zero_points = st.one_of(st.sampled_from([0, -128, 127, -1]), st.integers(-128, 127))
scales = st.floats(-14, 3).map(lambda e: float(np.float32(2.0**e)))
quantizations = st.builds(Quantization.per_tensor, scales, zero_points)
channel_counts = st.one_of(st.integers(1, 12), st.sampled_from([1, 3, 4, 8, 15, 16, 17, 31, 32, 33, 64, 257, 260, 300]))


@st.composite
def clamps(draw: Draw, zero_point: int = 0) -> Pair:
    """Lowest and highest integer: mostly the whole range or ReLU, sometimes any interval."""
    kind = draw(st.sampled_from(["full", "full", "relu", "any"]))
    if kind == "full":
        return -128, 127
    if kind == "relu":
        return zero_point, 127
    low, high = sorted((draw(st.integers(-128, 127)), draw(st.integers(-128, 127))))
    return low, high


def image(draw: Draw, channels: int, channels_out: int = 0) -> tuple[int, int, int, int]:
    """An NHWC shape; when an operator has many channels in or out, it gets few positions."""
    busiest = max(channels, channels_out)
    limit = 12 if busiest <= 16 else 6 if busiest <= 64 else 3
    batch = draw(st.sampled_from([1, 1, 2, 3]))
    return batch, draw(st.integers(1, limit)), draw(st.integers(1, limit)), channels


class Window(NamedTuple):
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: Padding
    output: Pair


def pairs(low: int, high: int) -> st.SearchStrategy[Pair]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


def _same_padding(size: int, span: int, stride: int) -> Pair:
    """(before, after) such that the output has ceil(size / stride) positions, the odd one after (LiteRT SAME)."""
    total = max((math.ceil(size / stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


@st.composite
def windows(
    draw: Draw,
    size: Pair,
    kernel: Pair | None,
    stride: Pair | None,
    padding: Padding | str | None,
    dilation: Pair | None,
    pooling: bool = False,
) -> Window:
    """A window that fits at least once. `padding` is four numbers, "same", "valid" or "any"."""
    kernel = kernel or draw(st.one_of(st.sampled_from([(1, 1), (3, 3)]), pairs(1, 5)))
    stride = stride or draw(st.one_of(st.just((1, 1)), pairs(1, 3)))
    dilation = dilation or draw(st.one_of(st.just((1, 1)), st.just((1, 1)), pairs(1, 3)))
    span = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    how = padding or draw(st.sampled_from(["same", "valid", "any", "any"]))
    if how == "same":
        vertical, horizontal = (_same_padding(n, s, t) for n, s, t in zip(size, span, stride, strict=True))
        pad = (vertical[0], horizontal[0], vertical[1], horizontal[1])
    elif how == "any":
        most = [k - 1 for k in kernel] if pooling else [min(s, 4) for s in span]
        pad = tuple(draw(st.integers(0, most[axis])) for axis in (0, 1, 0, 1))
    else:
        pad = (0, 0, 0, 0) if how == "valid" else how

    def count(axis: int) -> int:
        return window_count(size[axis], kernel[axis], stride[axis], dilation[axis], pad[axis], pad[axis + 2])

    if min(count(0), count(1)) == 0:
        # Does not fit: shrink to a window that always does.
        dilation, pad = (1, 1), (0, 0, 0, 0)
        kernel = (min(kernel[0], size[0]), min(kernel[1], size[1]))
    return Window(kernel, stride, dilation, pad, (count(0), count(1)))


class Weighted(NamedTuple):
    x: Quantization
    out: Quantization
    constants: list[Tensor]
    clamp: Pair


def weighted(
    draw: Draw,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    axis: int,
    bias: bool | None,
    per_channel: bool | None = None,
    x: Quantization | None = None,
    name: str = "",
    dtype: str = "int8",
) -> Weighted:
    """Weights of `dtype` (and mostly a bias) of a layer, and quantizations around its natural output scale.

    The constants are called name + "weights" and name + "bias".
    """
    channels, terms = shape[axis], math.prod(shape) // shape[axis]
    x = x or draw(quantizations)
    low, high = dtype_range(dtype)
    narrow, typical = draw(st.booleans()), 75 if dtype == "int8" else 4.6
    weights = np.clip(random_int8(rng, shape) if dtype == "int8" else random_int4(rng, shape), low + narrow, high)
    scale = draw(scales)
    if per_channel if per_channel is not None else draw(st.sampled_from([True, True, False])):
        q = Quantization.per_channel(scale * rng.uniform(0.2, 1.0, channels), axis)
    else:
        q = Quantization.per_tensor(scale, 0)
    # At gain 0 the output's standard deviation is about 40 steps.
    gain = draw(st.one_of(st.floats(-3, 2), st.floats(-16, 12)))
    out_scale = x.scales[0] * scale * math.sqrt(terms) * 75 * typical / 40 * 2.0**-gain
    out = Quantization.per_tensor(out_scale, draw(zero_points))
    constants = [Tensor(name + "weights", shape, dtype, q, weights.astype(np.int8))]
    if bias if bias is not None else draw(st.sampled_from([True, True, True, False])):
        reach = int(terms * 75 * typical)
        values = rng.integers(-reach, reach + 1, channels).astype(np.int32)
        bias_scales = [x.scales[0] * s for s in q.scales]
        if q.axis is None:
            bias_q = Quantization.per_tensor(bias_scales[0], 0)
        else:
            bias_q = Quantization.per_channel(bias_scales, 0)
        constants.append(Tensor(name + "bias", (channels,), "int32", bias_q, values))
    return Weighted(x, out, constants, draw(clamps(out.zero_points[0])))


@st.composite
def shapes(draw: Draw, rank: int | None = None) -> tuple[int, ...]:
    """Shapes of 1 to 6 axes."""
    rank = rank or draw(st.sampled_from([1, 2, 3, 4, 4, 5, 6]))
    if rank > 4:
        return tuple(draw(st.integers(1, 4)) for _ in range(rank))
    outer = [draw(st.integers(1, 9)) for _ in range(rank - 1)]
    if rank == 4:
        outer[0] = draw(st.integers(1, 3))
    return (*outer, draw(channel_counts))


def unary(draw: Draw, op: Operator, shape: tuple[int, ...], out: tuple[int, ...], q: Quantization) -> Case:
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", out, "int8", q)]
    return make_case(op, tensors, draw(seeds))
