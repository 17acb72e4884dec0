"""Hypothesis strategies for graphs of one random operator, with the input to run it on.

`conv2d_graphs()`, `depthwise_graphs()`, ... each yield a `Case`; `ALL` has one strategy function for each kind.
Shapes stay small, and cover 1, odd and more than 256 channels, strides, dilations, asymmetric padding, groups, channel
multipliers, weights per channel and per tensor, missing bias, any clamp and zero point, and output scales from
saturating to nearly constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Graph, IntArray, Port, Quantization, Tensor
from mcugen.graph.ops import (
    Add,
    AveragePool2d,
    Clamp,
    Concatenation,
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    MaxPool2d,
    Mean,
    Mul,
    Operator,
    Pad,
    Requantize,
    Reshape,
    Softmax,
    Transpose,
)
from mcugen.graph.ops.windows import window_count

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
    activations = [n for n in op.inputs if not pool[n].is_constant]
    graph = Graph("random", pool, (op,), tuple(map(port, activations)), tuple(map(port, op.outputs)))
    graph.validate()
    return Case(graph, {n: random_int8(rng, pool[n].shape) for n in activations})


def random_int8(rng: np.random.Generator, shape: tuple[int, ...]) -> IntArray:
    """Integers over the whole int8 range; one array in four has only few different values, extremes among them."""
    if rng.integers(4) == 0:
        return rng.choice(np.array([-128, -127, -1, 0, 127], np.int8), shape)
    return rng.integers(-128, 128, shape).astype(np.int8)


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


def _image(draw: Draw, channels: int, channels_out: int = 0) -> tuple[int, int, int, int]:
    """An NHWC shape; when an operator has many channels in or out, it gets few positions."""
    busiest = max(channels, channels_out)
    limit = 12 if busiest <= 16 else 6 if busiest <= 64 else 3
    return 1, draw(st.integers(1, limit)), draw(st.integers(1, limit)), channels


class _Window(NamedTuple):
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: Padding
    output: Pair


def _pairs(low: int, high: int) -> st.SearchStrategy[Pair]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


def _same_padding(size: int, span: int, stride: int) -> Pair:
    """(before, after) such that the output has ceil(size / stride) positions, the odd one after (LiteRT SAME)."""
    total = max((math.ceil(size / stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


@st.composite
def _windows(
    draw: Draw,
    size: Pair,
    kernel: Pair | None,
    stride: Pair | None,
    padding: Padding | str | None,
    dilation: Pair | None,
    pooling: bool = False,
) -> _Window:
    """A window that fits at least once. `padding` is four numbers, "same", "valid" or "any"."""
    kernel = kernel or draw(st.one_of(st.sampled_from([(1, 1), (3, 3)]), _pairs(1, 5)))
    stride = stride or draw(st.one_of(st.just((1, 1)), _pairs(1, 3)))
    dilation = dilation or draw(st.one_of(st.just((1, 1)), st.just((1, 1)), _pairs(1, 3)))
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
    return _Window(kernel, stride, dilation, pad, (count(0), count(1)))


class _Weighted(NamedTuple):
    x: Quantization
    out: Quantization
    constants: list[Tensor]
    clamp: Pair


def _weighted(
    draw: Draw,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    axis: int,
    bias: bool | None,
    per_channel: bool | None = None,
) -> _Weighted:
    """Weights (and mostly a bias) of a layer, and quantizations around its natural output scale."""
    channels, terms = shape[axis], math.prod(shape) // shape[axis]
    x = draw(quantizations)
    narrow = draw(st.booleans())
    weights = np.clip(random_int8(rng, shape), -127 if narrow else -128, 127)
    scale = draw(scales)
    if per_channel if per_channel is not None else draw(st.sampled_from([True, True, False])):
        q = Quantization.per_channel(scale * rng.uniform(0.2, 1.0, channels), axis)
    else:
        q = Quantization.per_tensor(scale, 0)
    # At gain 0 the output's standard deviation is about 40 steps.
    gain = draw(st.one_of(st.floats(-3, 2), st.floats(-16, 12)))
    out_scale = x.scales[0] * scale * math.sqrt(terms) * 75 * 75 / 40 * 2.0**-gain
    out = Quantization.per_tensor(out_scale, draw(zero_points))
    constants = [Tensor("weights", shape, "int8", q, weights.astype(np.int8))]
    if bias if bias is not None else draw(st.sampled_from([True, True, True, False])):
        reach = int(terms * 75 * 75)
        values = rng.integers(-reach, reach + 1, channels).astype(np.int32)
        bias_scales = [x.scales[0] * s for s in q.scales]
        if q.axis is None:
            bias_q = Quantization.per_tensor(bias_scales[0], 0)
        else:
            bias_q = Quantization.per_channel(bias_scales, 0)
        constants.append(Tensor("bias", (channels,), "int32", bias_q, values))
    return _Weighted(x, out, constants, draw(clamps(out.zero_points[0])))


def _names(constants: list[Tensor]) -> tuple[str, ...]:
    return ("input", *(t.name for t in constants))


@st.composite
def conv2d_graphs(
    draw: Draw,
    *,
    kernel: Pair | None = None,
    stride: Pair | None = None,
    padding: Padding | str | None = None,
    dilation: Pair | None = None,
    grouped: bool | None = None,
    channels: st.SearchStrategy[int] = channel_counts,
    bias: bool | None = None,
) -> Case:
    """One conv2d; what is not None is fixed (a kernel that does not fit its input is shrunk)."""
    rng = draw(seeds)
    c_in, c_out = draw(channels), draw(channels)
    groups = 1
    if grouped or (grouped is None and draw(st.integers(0, 3)) == 0):
        groups = draw(st.integers(2, 4))
        c_in, c_out = max(c_in // groups, 1) * groups, max(c_out // groups, 1) * groups
    shape = _image(draw, c_in, c_out)
    window = draw(_windows(shape[1:3], kernel, stride, padding, dilation))
    parts = _weighted(draw, rng, (c_out, *window.kernel, c_in // groups), 0, bias)
    tensors = [
        Tensor("input", shape, "int8", parts.x),
        *parts.constants,
        Tensor("output", (1, *window.output, c_out), "int8", parts.out),
    ]
    op = Conv2d(
        name="conv",
        inputs=_names(parts.constants),
        outputs=("output",),
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
        clamp=parts.clamp,
    )
    return make_case(op, tensors, rng)


@st.composite
def depthwise_graphs(
    draw: Draw,
    *,
    kernel: Pair | None = None,
    stride: Pair | None = None,
    padding: Padding | str | None = None,
    dilation: Pair | None = None,
    multiplier: int | None = None,
    channels: st.SearchStrategy[int] = channel_counts,
    bias: bool | None = None,
) -> Case:
    """One depthwise_conv2d; what is not None is fixed (a kernel that does not fit its input is shrunk)."""
    rng = draw(seeds)
    c_in = draw(channels)
    c_out = c_in * (multiplier or draw(st.sampled_from([1, 1, 1, 2, 3])))
    shape = _image(draw, c_in, c_out)
    window = draw(_windows(shape[1:3], kernel, stride, padding, dilation))
    parts = _weighted(draw, rng, (1, *window.kernel, c_out), 3, bias)
    tensors = [
        Tensor("input", shape, "int8", parts.x),
        *parts.constants,
        Tensor("output", (1, *window.output, c_out), "int8", parts.out),
    ]
    op = DepthwiseConv2d(
        name="depthwise",
        inputs=_names(parts.constants),
        outputs=("output",),
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
        clamp=parts.clamp,
    )
    return make_case(op, tensors, rng)


@st.composite
def fully_connected_graphs(
    draw: Draw,
    *,
    channels: st.SearchStrategy[int] = channel_counts,
    bias: bool | None = None,
    per_channel: bool | None = None,
) -> Case:
    """One fully_connected over one or more rows."""
    rng = draw(seeds)
    c_in, c_out = draw(channels), draw(channels)
    rows = draw(st.sampled_from([(1,), (1,), (1,), (3,), (1, 5), (2, 2)]))
    parts = _weighted(draw, rng, (c_out, c_in), 0, bias, per_channel)
    tensors = [
        Tensor("input", (*rows, c_in), "int8", parts.x),
        *parts.constants,
        Tensor("output", (*rows, c_out), "int8", parts.out),
    ]
    op = FullyConnected(name="dense", inputs=_names(parts.constants), outputs=("output",), clamp=parts.clamp)
    return make_case(op, tensors, rng)


def _pool(draw: Draw, cls: type[AveragePool2d] | type[MaxPool2d], padding: Padding | str | None) -> Case:
    rng = draw(seeds)
    q = draw(quantizations)
    shape = _image(draw, draw(channel_counts))
    window = draw(_windows(shape[1:3], None, None, padding, (1, 1), pooling=True))
    tensors = [
        Tensor("input", shape, "int8", q),
        Tensor("output", (1, *window.output, shape[3]), "int8", q),
    ]
    op = cls(
        name="pool",
        inputs=("input",),
        outputs=("output",),
        kernel=window.kernel,
        stride=window.stride,
        padding=window.padding,
        clamp=draw(clamps(q.zero_points[0])),
    )
    return make_case(op, tensors, rng)


@st.composite
def average_pool_graphs(draw: Draw, *, padding: Padding | str | None = None) -> Case:
    """One average_pool2d. LiteRT knows only "same" and "valid" padding."""
    return _pool(draw, AveragePool2d, padding)


@st.composite
def max_pool_graphs(draw: Draw, *, padding: Padding | str | None = None) -> Case:
    """One max_pool2d."""
    return _pool(draw, MaxPool2d, padding)


@st.composite
def shapes(draw: Draw, rank: int | None = None) -> tuple[int, ...]:
    """Shapes of 1 to 4 axes; four axes are NHWC with batch 1."""
    rank = rank or draw(st.integers(1, 4))
    outer = [draw(st.integers(1, 9)) for _ in range(rank - 1)]
    if rank == 4:
        outer[0] = 1
    return (*outer, draw(channel_counts))


def _second_shape(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts with `shape`: the same, some axes 1, or leading axes missing."""
    kind = draw(st.sampled_from(["same", "same", "ones", "channels", "scalar"]))
    if kind == "ones":
        return tuple(1 if draw(st.booleans()) else n for n in shape)
    return {"same": shape, "channels": shape[-1:], "scalar": (1,)}[kind]


def _binary(draw: Draw, cls: type[Add] | type[Mul], broadcast: bool, constant: bool | None, out_scale: str) -> Case:
    rng = draw(seeds)
    shape = draw(shapes())
    first, second = shape, _second_shape(draw, shape) if broadcast else shape
    if draw(st.booleans()):
        first, second = second, first
    a = draw(quantizations)
    b = Quantization.per_tensor(a.scale * 2.0 ** draw(st.floats(-4, 4)), draw(zero_points))
    natural = max(a.scale, b.scale) if out_scale == "sum" else a.scale * b.scale * 64
    out = Quantization.per_tensor(natural * 2.0 ** draw(st.floats(-4, 4)), draw(zero_points))
    tensors = [
        Tensor("input", first, "int8", a),
        Tensor("other", second, "int8", b),
        Tensor("output", shape, "int8", out),
    ]
    if constant if constant is not None else draw(st.integers(0, 3)) == 0:
        tensors[1] = Tensor("other", second, "int8", b, random_int8(rng, second))
    clamp = draw(clamps(out.zero_point))
    return make_case(cls(name=cls.kind, inputs=("input", "other"), outputs=("output",), clamp=clamp), tensors, rng)


@st.composite
def add_graphs(draw: Draw, *, broadcast: bool = True, constant: bool | None = None) -> Case:
    """One add; `constant` says whether the second input is one."""
    return _binary(draw, Add, broadcast, constant, "sum")


@st.composite
def mul_graphs(draw: Draw, *, broadcast: bool = True, constant: bool | None = None) -> Case:
    """One mul; `constant` says whether the second input is one."""
    return _binary(draw, Mul, broadcast, constant, "product")


def _unary(draw: Draw, op: Operator, shape: tuple[int, ...], out: tuple[int, ...], q: Quantization) -> Case:
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", out, "int8", q)]
    return make_case(op, tensors, draw(seeds))


@st.composite
def requantize_graphs(draw: Draw) -> Case:
    """One requantize."""
    shape, q = draw(shapes()), draw(quantizations)
    gain = draw(st.one_of(st.floats(-3, 3), st.floats(-12, 9)))
    out = Quantization.per_tensor(q.scale * 2.0**gain, draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", shape, "int8", out)]
    op = Requantize(name="requantize", inputs=("input",), outputs=("output",), clamp=draw(clamps(out.zero_point)))
    return make_case(op, tensors, draw(seeds))


@st.composite
def clamp_graphs(draw: Draw) -> Case:
    """One clamp."""
    shape, q = draw(shapes()), draw(quantizations)
    op = Clamp(name="clamp", inputs=("input",), outputs=("output",), clamp=draw(clamps(q.zero_point)))
    return _unary(draw, op, shape, shape, q)


@st.composite
def reshape_graphs(draw: Draw) -> Case:
    """One reshape."""
    shape, q = draw(shapes()), draw(quantizations)
    rows = draw(st.sampled_from([d for d in range(1, shape[-1] + 1) if shape[-1] % d == 0]))
    out = draw(st.sampled_from([(1, math.prod(shape)), (*shape[:-1], rows, shape[-1] // rows)]))
    return _unary(draw, Reshape(name="reshape", inputs=("input",), outputs=("output",)), shape, out, q)


@st.composite
def transpose_graphs(draw: Draw) -> Case:
    """One transpose."""
    shape, q = draw(shapes()), draw(quantizations)
    permutation = tuple(draw(st.permutations(range(len(shape)))))
    op = Transpose(name="transpose", inputs=("input",), outputs=("output",), permutation=permutation)
    return _unary(draw, op, shape, tuple(shape[a] for a in permutation), q)


@st.composite
def pad_graphs(draw: Draw) -> Case:
    """One pad; four axes keep batch 1."""
    shape, q = draw(shapes()), draw(quantizations)
    padding = tuple(
        (0, 0) if len(shape) == 4 and axis == 0 else draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
        for axis in range(len(shape))
    )
    out = tuple(n + before + after for n, (before, after) in zip(shape, padding, strict=True))
    return _unary(draw, Pad(name="pad", inputs=("input",), outputs=("output",), padding=padding), shape, out, q)


@st.composite
def concatenation_graphs(draw: Draw) -> Case:
    """One concatenation of two to four inputs."""
    rng, q, shape = draw(seeds), draw(quantizations), draw(shapes())
    axis = draw(st.integers(1 if len(shape) == 4 else 0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(1, 17), min_size=2, max_size=4))
    tensors = [Tensor(f"input{i}", (*shape[:axis], n, *shape[axis + 1 :]), "int8", q) for i, n in enumerate(sizes)]
    names = tuple(t.name for t in tensors)
    tensors.append(Tensor("output", (*shape[:axis], sum(sizes), *shape[axis + 1 :]), "int8", q))
    op = Concatenation(name="concatenation", inputs=names, outputs=("output",), axis=axis)
    return make_case(op, tensors, rng)


@st.composite
def mean_graphs(draw: Draw, *, axes: tuple[int, ...] | None = None) -> Case:
    """One mean; `axes` (1, 2) over NHWC is the global average pool."""
    shape, q = draw(shapes(4 if axes else None)), draw(quantizations)
    if axes is None:
        some = draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
        axes = tuple(sorted(some))
    kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
    dropped = tuple(n for a, n in enumerate(shape) if a not in axes)
    out_shape = draw(st.sampled_from([kept, dropped])) if dropped else kept
    out = Quantization.per_tensor(q.scale * 2.0 ** draw(st.floats(-5, 3)), draw(zero_points))
    same = draw(st.booleans())
    tensors = [
        Tensor("input", shape, "int8", q),
        Tensor("output", out_shape, "int8", q if same else out),
    ]
    return make_case(Mean(name="mean", inputs=("input",), outputs=("output",), axes=axes), tensors, draw(seeds))


@st.composite
def softmax_graphs(draw: Draw) -> Case:
    """One softmax over rows of 1 to about 300 elements."""
    shape = draw(shapes(draw(st.integers(1, 2))))
    x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 2)), draw(zero_points))
    tensors = [
        Tensor("input", shape, "int8", x),
        Tensor("output", shape, "int8", Quantization.per_tensor(1 / 256, -128)),
    ]
    beta = draw(st.sampled_from([1.0, 1.0, 0.5, 2.0]))
    op = Softmax(name="softmax", inputs=("input",), outputs=("output",), beta=beta)
    return make_case(op, tensors, draw(seeds))


ALL: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "add": add_graphs,
    "average_pool2d": average_pool_graphs,
    "clamp": clamp_graphs,
    "concatenation": concatenation_graphs,
    "conv2d": conv2d_graphs,
    "depthwise_conv2d": depthwise_graphs,
    "fully_connected": fully_connected_graphs,
    "max_pool2d": max_pool_graphs,
    "mean": mean_graphs,
    "mul": mul_graphs,
    "pad": pad_graphs,
    "requantize": requantize_graphs,
    "reshape": reshape_graphs,
    "softmax": softmax_graphs,
    "transpose": transpose_graphs,
}
