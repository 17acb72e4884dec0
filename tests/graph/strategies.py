"""Hypothesis strategies for graphs of one random operator, with the input to run it on.

`conv2d_graphs()`, `depthwise_graphs()`, ... each yield a `Case`; `ALL` has one strategy function for each kind.
Shapes stay small, and cover 1, odd and more than 256 channels, strides, dilations, asymmetric padding, groups, channel
multipliers, weights per channel and per tensor, missing bias, any clamp and zero point, and output scales from
saturating to nearly constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import (
    Add,
    AveragePool2d,
    BatchMatMul,
    Clamp,
    Concatenation,
    Conv2d,
    Copy,
    DepthwiseConv2d,
    FullyConnected,
    Logistic,
    LogSoftmax,
    MaskedSoftmax,
    MaxPool2d,
    Mean,
    Mul,
    Normalize,
    Operator,
    Requantize,
    Reshape,
    Softmax,
    Sub,
    Table,
    Tanh,
    Transpose,
)
from mcugen.graph.ops.normalization.normalize import pack_affine
from mcugen.graph.tensor import ACTIVATION_DTYPES
from tests.graph import floats
from tests.graph.draws import (
    Case,
    Draw,
    Padding,
    Pair,
    channel_counts,
    clamps,
    image,
    make_case,
    quantizations,
    random_int8,
    scales,
    seeds,
    shapes,
    weighted,
    windows,
    zero_points,
)
from tests.graph.int16_functions import sigmoid_graphs
from tests.graph.kept_state import sequence_lstm_graphs, svdf_graphs
from tests.graph.movement import (
    embedding_graphs,
    gather_elements_graphs,
    gather_graphs,
    pad_graphs,
    take_graphs,
    take_sum_graphs,
)
from tests.graph.pair_strategies import PAIRS, second_shape
from tests.graph.recurrent import gru_graphs, lstm_graphs, rnn_graphs
from tests.graph.reduction_strategies import REDUCTIONS
from tests.graph.resizing import (
    adaptive_average_graphs,
    max_pool_places_graphs,
    resize_bilinear_graphs,
    spanned_max_graphs,
)
from tests.graph.tflm_strategies import TFLM
from tests.graph.transposed import transposed_conv2d_graphs
from tests.graph.wide import (
    real_quantizations,
    symmetric_requantize_graphs,
    unsigned_requantize_graphs,
    wide_requantize_graphs,
    wide_sum_graphs,
)

__all__ = ["ALL", "Case", "channel_counts", "make_case", "quantizations", "random_int8", "scales", "seeds", "shapes"]


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
    dtype: str = "int8",
) -> Case:
    """One conv2d; what is not None is fixed (a kernel that does not fit its input is shrunk)."""
    rng = draw(seeds)
    c_in, c_out = draw(channels), draw(channels)
    groups = 1
    if grouped or (grouped is None and draw(st.integers(0, 3)) == 0):
        groups = draw(st.integers(2, 4))
        c_in, c_out = max(c_in // groups, 1) * groups, max(c_out // groups, 1) * groups
    shape = image(draw, c_in, c_out)
    window = draw(windows(shape[1:3], kernel, stride, padding, dilation))
    parts = weighted(draw, rng, (c_out, *window.kernel, c_in // groups), 0, bias, dtype=dtype)
    tensors = [
        Tensor("input", shape, "int8", parts.x),
        *parts.constants,
        Tensor("output", (shape[0], *window.output, c_out), "int8", parts.out),
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
    dtype: str = "int8",
) -> Case:
    """One depthwise_conv2d; what is not None is fixed (a kernel that does not fit its input is shrunk)."""
    rng = draw(seeds)
    c_in = draw(channels)
    c_out = c_in * (multiplier or draw(st.sampled_from([1, 1, 1, 2, 3])))
    shape = image(draw, c_in, c_out)
    window = draw(windows(shape[1:3], kernel, stride, padding, dilation))
    parts = weighted(draw, rng, (1, *window.kernel, c_out), 3, bias, dtype=dtype)
    tensors = [
        Tensor("input", shape, "int8", parts.x),
        *parts.constants,
        Tensor("output", (shape[0], *window.output, c_out), "int8", parts.out),
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
    dtype: str = "int8",
) -> Case:
    """One fully_connected over one or more rows."""
    rng = draw(seeds)
    c_in, c_out = draw(channels), draw(channels)
    rows = draw(st.sampled_from([(1,), (1,), (1,), (3,), (1, 5), (2, 2)]))
    parts = weighted(draw, rng, (c_out, c_in), 0, bias, per_channel, dtype=dtype)
    tensors = [
        Tensor("input", (*rows, c_in), "int8", parts.x),
        *parts.constants,
        Tensor("output", (*rows, c_out), "int8", parts.out),
    ]
    op = FullyConnected(name="dense", inputs=_names(parts.constants), outputs=("output",), clamp=parts.clamp)
    return make_case(op, tensors, rng)


@st.composite
def batch_matmul_graphs(draw: Draw) -> Case:
    """One batch_matmul of two activations that broadcast; sometimes one is a constant, or both are the same."""
    rng, a, b = draw(seeds), draw(quantizations), draw(quantizations)
    rows, depth, columns = draw(st.integers(1, 9)), draw(channel_counts), draw(st.integers(1, 9))
    batch = tuple(draw(st.integers(1, 3)) for _ in range(draw(st.integers(0, 4))))
    ones = tuple(1 if draw(st.booleans()) else n for n in batch)
    batches = draw(st.permutations([batch, draw(st.sampled_from([batch, ones, ()]))]))
    transposed, alike = draw(st.booleans()), draw(st.integers(0, 4)) == 0
    shape = (*batches[1], columns, depth) if transposed else (*batches[1], depth, columns)
    if alike:
        transposed, rows = True, columns
        b, batches = a, [batch, batch]
        shape = (*batch, columns, depth)
    natural = a.scale * b.scale * math.sqrt(depth) * 75 * 75 / 40
    out = Quantization.per_tensor(natural * 2.0 ** draw(st.one_of(st.floats(-2, 3), st.floats(-12, 16))), 0)
    out = Quantization.per_tensor(out.scale, draw(zero_points))
    tensors = [Tensor("input", (*batches[0], rows, depth), "int8", a), Tensor("other", shape, "int8", b)]
    constant = draw(st.sampled_from([None, None, None, 0, 1]))
    if constant is not None and not alike:
        tensors[constant] = replace(tensors[constant], data=random_int8(rng, tensors[constant].shape))
    tensors.append(Tensor("output", (*batch, rows, columns), "int8", out))
    op = BatchMatMul(
        name="matmul",
        inputs=("input", "input" if alike else "other"),
        outputs=("output",),
        transposed=transposed,
        clamp=draw(clamps(out.zero_point)),
    )
    return make_case(op, [t for t in tensors if not alike or t.name != "other"], rng)


def _pool(draw: Draw, cls: type[AveragePool2d] | type[MaxPool2d], padding: Padding | str | None) -> Case:
    rng = draw(seeds)
    q = draw(quantizations)
    shape = image(draw, draw(channel_counts))
    window = draw(windows(shape[1:3], None, None, padding, (1, 1), pooling=True))
    tensors = [
        Tensor("input", shape, "int8", q),
        Tensor("output", (shape[0], *window.output, shape[3]), "int8", q),
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


def _binary(
    draw: Draw, cls: type[Add] | type[Mul] | type[Sub], broadcast: bool, constant: bool | None, out_scale: str
) -> Case:
    rng = draw(seeds)
    shape = draw(shapes())
    first, second = shape, second_shape(draw, shape) if broadcast else shape
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
    elif cls is Sub and constant is None and draw(st.integers(0, 2)) == 0:
        tensors[0] = Tensor("input", first, "int8", a, random_int8(rng, first))
    clamp = draw(clamps(out.zero_point))
    return make_case(cls(name=cls.kind, inputs=("input", "other"), outputs=("output",), clamp=clamp), tensors, rng)


@st.composite
def add_graphs(draw: Draw, *, broadcast: bool = True, constant: bool | None = None) -> Case:
    """One add; `constant` says whether the second input is one."""
    return _binary(draw, Add, broadcast, constant, "sum")


@st.composite
def sub_graphs(draw: Draw, *, broadcast: bool = True, constant: bool | None = None) -> Case:
    """One sub; `constant` says whether the second input is one."""
    return _binary(draw, Sub, broadcast, constant, "sum")


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
def copy_graphs(draw: Draw) -> Case:
    """One copy."""
    shape, q = draw(shapes()), draw(quantizations)
    return _unary(draw, Copy(name="copy", inputs=("input",), outputs=("output",)), shape, shape, q)


@st.composite
def transpose_graphs(draw: Draw) -> Case:
    """One transpose."""
    shape, q = draw(shapes()), draw(quantizations)
    permutation = tuple(draw(st.permutations(range(len(shape)))))
    op = Transpose(name="transpose", inputs=("input",), outputs=("output",), permutation=permutation)
    return _unary(draw, op, shape, tuple(shape[a] for a in permutation), q)


@st.composite
def concatenation_graphs(draw: Draw) -> Case:
    """One concatenation of two to four inputs."""
    rng, q, shape = draw(seeds), draw(quantizations), draw(shapes())
    axis = draw(st.integers(0, len(shape) - 1))
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
def table_graphs(draw: Draw) -> Case:
    """One table of any 256 values: int8 with a scale, or sometimes plain integers or booleans."""
    shape, rng = draw(shapes()), draw(seeds)
    tensors = [Tensor(name, shape, "int8", draw(quantizations)) for name in ("input", "output")]
    values = tuple(int(v) for v in random_int8(rng, (256,)))
    if draw(st.booleans()):
        dtype = draw(st.sampled_from(sorted(ACTIVATION_DTYPES)))
        tensors[1] = Tensor("output", shape, dtype)
        low, high = tensors[1].integer_range
        values = tuple(int(v) for v in rng.integers(low, high, 256, endpoint=True))
    return make_case(Table(name="table", inputs=("input",), outputs=("output",), values=values), tensors, rng)


@st.composite
def softmax_graphs(draw: Draw) -> Case:
    """One softmax over rows of 1 to about 300 elements."""
    shape = draw(st.one_of(shapes(draw(st.integers(1, 2))), st.just((4, 300))))
    x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 7)), draw(zero_points))
    tensors = [
        Tensor("input", shape, "int8", x),
        Tensor("output", shape, "int8", Quantization.per_tensor(1 / 256, -128)),
    ]
    beta = draw(st.sampled_from([1.0, 1.0, 0.5, 2.0]))
    op = Softmax(name="softmax", inputs=("input",), outputs=("output",), beta=beta)
    return make_case(op, tensors, draw(seeds))


@st.composite
def log_softmax_graphs(draw: Draw) -> Case:
    """One log_softmax with any output quantization."""
    shape = draw(shapes(draw(st.integers(1, 3))))
    x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 7)), draw(zero_points))
    out = Quantization.per_tensor(2.0 ** draw(st.one_of(st.floats(-9, 1), st.floats(-24, 8))), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", x), Tensor("output", shape, "int8", out)]
    return make_case(LogSoftmax(name="log", inputs=("input",), outputs=("output",)), tensors, draw(seeds))


@st.composite
def masked_softmax_graphs(draw: Draw) -> Case:
    """One masked softmax; the mask is a constant or an input, and broadcasts."""
    rng, shape = draw(seeds), draw(shapes())
    x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 7)), draw(zero_points))
    given = tuple(1 if draw(st.integers(0, 3)) == 0 else n for n in shape)[draw(st.integers(0, len(shape))) :]
    mask = rng.random(given) < draw(st.sampled_from([0.1, 0.5, 0.9]))
    tensors = [
        Tensor("input", shape, "int8", x),
        Tensor("mask", given, "bool", None, mask if draw(st.booleans()) else None),
        Tensor("output", shape, "int8", Quantization.per_tensor(2.0 ** -draw(st.sampled_from([8, 8, 11, 20])), -128)),
    ]
    op = MaskedSoftmax(
        name="softmax",
        inputs=("input", "mask"),
        outputs=("output",),
        beta=draw(st.sampled_from([1.0, 0.125])),
        included=draw(st.booleans()),
    )
    return make_case(op, tensors, rng)


@st.composite
def normalize_graphs(draw: Draw) -> Case:
    """One normalize, its factors shared in all ways; rows of equal elements and huge factors among them."""
    rng, x, out = draw(seeds), draw(real_quantizations()), draw(quantizations)
    if x.bits == 16:
        x = Quantization.per_tensor(x.scale, 0, 16)
    groups, repeat = draw(channel_counts), draw(st.sampled_from([1, 1, 2, 9]))
    periods, times = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    size = groups * repeat
    factors = rng.normal(size=(periods, groups)) * 2.0 ** draw(st.floats(-6, 14))
    offsets = rng.normal(size=(periods, groups)) * 2.0 ** draw(st.floats(-3, 9))
    packed, added, shift = pack_affine(factors, offsets)
    tensors = [
        Tensor("input", (times, periods, size), x.dtype, x),
        Tensor("factors", (periods, groups), "int32", None, packed),
        Tensor("offsets", (periods, groups), "int32", None, added),
        Tensor("output", (times, periods, size), "int8", out),
    ]
    op = Normalize(
        name="normalize",
        inputs=("input", "factors", "offsets"),
        outputs=("output",),
        centered=draw(st.booleans()),
        epsilon=draw(st.sampled_from([0, 1, 2**31, 2**60, int(size * size * 0.01)])),
        least=draw(st.sampled_from([1, 1, 2**40])),
        shift=shift,
    )
    return make_case(op, tensors, rng)


ALL: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "quantize": floats.quantize_graphs,
    "add": add_graphs,
    "adaptive_average_pool2d": adaptive_average_graphs,
    "average_pool2d": average_pool_graphs,
    "batch_matmul": batch_matmul_graphs,
    "clamp": clamp_graphs,
    "concatenation": concatenation_graphs,
    "conv2d": conv2d_graphs,
    "copy": copy_graphs,
    "depthwise_conv2d": depthwise_graphs,
    "dequantize": floats.dequantize_graphs,
    "embedding": embedding_graphs,
    "fully_connected": fully_connected_graphs,
    "log_softmax": log_softmax_graphs,
    "logistic": sigmoid_graphs(Logistic),
    "masked_softmax": masked_softmax_graphs,
    "gather": gather_graphs,
    "gather_elements": gather_elements_graphs,
    "gru": gru_graphs,
    "lstm": lstm_graphs,
    "max_pool2d": max_pool_graphs,
    "max_pool_places2d": max_pool_places_graphs,
    "mean": mean_graphs,
    "mul": mul_graphs,
    "normalize": normalize_graphs,
    "pad": pad_graphs,
    "requantize": lambda: st.one_of(
        requantize_graphs(), wide_requantize_graphs(), symmetric_requantize_graphs(), unsigned_requantize_graphs()
    ),
    "reshape": reshape_graphs,
    "resize_bilinear": resize_bilinear_graphs,
    "rnn": rnn_graphs,
    "softmax": softmax_graphs,
    "spanned_max_pool2d": spanned_max_graphs,
    "sub": sub_graphs,
    "svdf": svdf_graphs,
    "table": table_graphs,
    "take": take_graphs,
    "take_sum": take_sum_graphs,
    "tanh": sigmoid_graphs(Tanh),
    "transpose": transpose_graphs,
    "transposed_conv2d": transposed_conv2d_graphs,
    "unidirectional_sequence_lstm": sequence_lstm_graphs,
    "wide_sum": wide_sum_graphs,
    **PAIRS,
    **REDUCTIONS,
    **TFLM,
}
