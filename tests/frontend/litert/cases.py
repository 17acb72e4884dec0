"""Random files of one operator each, for every operator that is read: shapes, quantizations and attributes drawn."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from tests.frontend.litert.files import Array, Op, T, constant, file_of

Rng = np.random.Generator
Case = tuple[bytes, list[Array]]
"""A file and inputs for it."""


_ACTIVATIONS: ContextVar[str] = ContextVar("activations", default="INT8")


def real(rng: Rng, shape: tuple[int, ...], scale: float | None = None, zero_point: int | None = None) -> T:
    """A tensor of the type of activations at hand, with one scale; int16 is symmetric."""
    drawn = float(np.float32(2.0 ** rng.uniform(-8, 0)))
    zero = int(rng.choice([-128, 0, 127, rng.integers(-128, 128)]))
    if _ACTIVATIONS.get() == "INT16":
        return T(shape, "INT16", float(np.float32(drawn / 256)) if scale is None else scale, 0)
    return T(shape, "INT8", drawn if scale is None else scale, zero if zero_point is None else zero_point)


def wide(make: Callable[[Rng], Case]) -> Callable[[Rng], Case]:
    """The same case with int16 activations."""

    def make_wide(rng: Rng) -> Case:
        token = _ACTIVATIONS.set("INT16")
        try:
            return make(rng)
        finally:
            _ACTIVATIONS.reset(token)

    return make_wide


def values(rng: Rng, tensor: T) -> Array:
    """Any integers of the type; extremes are common."""
    if tensor.type == "BOOL":
        return rng.integers(0, 2, tensor.shape).astype(np.bool_)
    dtype = np.dtype(tensor.type.lower())
    info = np.iinfo(dtype)
    small = rng.integers(max(info.min, -1000), min(info.max, 1000) + 1, tensor.shape)
    drawn = np.where(rng.random(tensor.shape) < 0.1, rng.choice([info.min, info.max], tensor.shape), small)
    return np.asarray(drawn.astype(dtype) if tensor.scale is not None else small.astype(dtype))


def shape(rng: Rng, rank: int, most: int = 6) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, most, rank))


def case(
    rng: Rng,
    builtin: str,
    inputs: list[T],
    outputs: list[T],
    table: str = "",
    **options: Any,
) -> Case:
    """A file of one operator; operands without data are the file's inputs."""
    tensors = [*inputs, *outputs]
    given = [k for k, t in enumerate(inputs) if t.data is None]
    results = list(range(len(inputs), len(tensors)))
    data = file_of(tensors, [Op(builtin, list(range(len(inputs))), results, options, table)], given, results)
    return data, [values(rng, tensors[k]) for k in given]


def unary(builtin: str, table: str = "", out: tuple[float, int] | None = None, **ranges: Any) -> Callable[[Rng], Case]:
    """All 256 integers."""

    def make(rng: Rng) -> Case:
        x = real(rng, (1, 256), zero_point=ranges.get("zero_point"))
        y = real(rng, (1, 256)) if out is None else T((1, 256), "INT8", *out)
        if "finest" in ranges:
            y = T(y.shape, "INT8", max(float(np.float32(x.scale)) * ranges["finest"], y.scale), y.zero_point)
        options = {"alpha": float(np.float32(rng.uniform(-0.5, 1.5)))} if table == "LeakyReluOptions" else {}
        data, _ = case(rng, builtin, [x], [y], table, **options)
        every = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
        return data, [np.maximum(every, np.int8(x.zero_point)) if ranges.get("positive") else every]

    return make


def pair(builtin: str, table: str, result: str | None = None, same: bool = False) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        wide = shape(rng, int(rng.integers(1, 5)))
        narrow = tuple(1 if rng.random() < 0.2 else n for n in wide)
        a = real(rng, wide)
        b = real(rng, narrow, a.scale, a.zero_point) if same else real(rng, narrow)
        y = T(wide, "BOOL") if result == "BOOL" else real(rng, wide, *((a.scale, a.zero_point) if same else ()))
        return case(rng, builtin, [a, b], [y], table)

    return make


def moved(builtin: str, table: str, make: Callable[[Rng], tuple[Any, ...]]) -> Callable[[Rng], Case]:
    """What moves values: `make` gives (input shape, output shapes, constants, options)."""

    def case_of(rng: Rng) -> Case:
        before, after, constants, options = make(rng)
        x = real(rng, before)
        outs = [T(tuple(s), x.type, x.scale, x.zero_point) for s in after]
        first = options.pop("first", False)
        operands = [*constants, x] if first else [x, *constants]
        return case(rng, builtin, operands, outs, table, **options)

    return case_of


def _transpose(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 6)))
    order = rng.permutation(len(s))
    return s, [[s[i] for i in order]], [constant(order)], {}


def _strided(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)), 8)
    n = len(s)
    begin, end, step = [], [], []
    for size in s:
        reverse = rng.random() < 0.3
        a, b = sorted(rng.integers(0, size + 1, 2).tolist())
        a, b = (a, b) if a < b else (0, size)
        begin.append(b - 1 if reverse else a)
        end.append((a - 1 if a else -size - 1) if reverse else b)
        step.append(-int(rng.integers(1, 3)) if reverse else int(rng.integers(1, 3)))
    masks = {k: int(rng.integers(0, 1 << n)) if rng.random() < 0.5 else 0 for k in ("beginMask", "endMask")}
    shrink = int(rng.integers(0, 1 << n)) if rng.random() < 0.3 else 0
    after = []
    for k, size in enumerate(s):
        if shrink >> k & 1:
            begin[k], end[k], step[k] = int(np.clip(begin[k], 0, size - 1)), int(np.clip(begin[k], 0, size - 1)) + 1, 1
            continue
        first = None if masks["beginMask"] >> k & 1 else begin[k]
        last = None if masks["endMask"] >> k & 1 else end[k]
        after.append(len(range(size)[slice(first, last, step[k])]))
    if 0 in after:
        return _strided(rng)
    masks = {k: v & ~shrink for k, v in masks.items()}
    return s, [after], [constant(v) for v in (begin, end, step)], {**masks, "shrinkAxisMask": shrink}


def _slice(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)))
    begin = [int(rng.integers(0, n)) for n in s]
    size = [int(rng.integers(1, n - b + 1)) for n, b in zip(s, begin, strict=True)]
    given = [-1 if b + k == n else k for n, b, k in zip(s, begin, size, strict=True)]
    return s, [size], [constant(begin), constant(given)], {}


def _split(rng: Rng) -> tuple[Any, ...]:
    s, count, axis = list(shape(rng, 3)), int(rng.integers(1, 4)), int(rng.integers(0, 3))
    part = list(s)
    s[axis] *= count
    return tuple(s), [part] * count, [constant(axis)], {"numSplits": count, "first": True}


def _split_v(rng: Rng) -> tuple[Any, ...]:
    s, sizes, axis = list(shape(rng, 3)), rng.integers(1, 4, int(rng.integers(1, 4))).tolist(), int(rng.integers(0, 3))
    parts = [[n if k != axis else size for k, n in enumerate(s)] for size in sizes]
    s[axis] = sum(sizes)
    return tuple(s), parts, [constant(sizes), constant(axis)], {"numSplits": len(sizes)}


def _unpack(rng: Rng) -> tuple[Any, ...]:
    s, axis = shape(rng, 3), int(rng.integers(0, 3))
    rest = [n for k, n in enumerate(s) if k != axis]
    return s, [rest] * s[axis], [], {"num": s[axis], "axis": axis}


def _pad(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)))
    amounts = rng.integers(0, 3, (len(s), 2))
    return s, [[n + int(a.sum()) for n, a in zip(s, amounts, strict=True)]], [constant(amounts)], {}


def _mirror(rng: Rng) -> tuple[Any, ...]:
    s, mode = tuple(n + 1 for n in shape(rng, int(rng.integers(1, 5)))), int(rng.integers(0, 2))
    amounts = np.array([[rng.integers(0, n if mode == 0 else n + 1), rng.integers(0, n)] for n in s])
    return s, [[n + int(a.sum()) for n, a in zip(s, amounts, strict=True)]], [constant(amounts)], {"mode": mode}


def _gather(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 4)))
    axis = int(rng.integers(0, len(s)))
    ids = rng.integers(0, s[axis], shape(rng, int(rng.integers(1, 3))))
    return s, [[*s[:axis], *ids.shape, *s[axis + 1 :]]], [constant(ids)], {"axis": axis}


def _gather_nd(rng: Rng) -> tuple[Any, ...]:
    s, depth = shape(rng, 3), int(rng.integers(1, 4))
    ids = np.stack([rng.integers(0, n, 4) for n in s[:depth]], axis=1)
    return s, [[4, *s[depth:]]], [constant(ids)], {}


def _tile(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 4)))
    counts = rng.integers(1, 4, len(s))
    return s, [[n * int(c) for n, c in zip(s, counts, strict=True)]], [constant(counts)], {}


def _broadcast(rng: Rng) -> tuple[Any, ...]:
    wide = shape(rng, 4)
    narrow = tuple(1 if rng.random() < 0.5 else n for n in wide)[int(rng.integers(0, 3)) :]
    return narrow, [wide], [constant(wide)], {}


def _reverse(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)))
    return s, [s], [constant([int(rng.integers(0, len(s)))])], {}


def _space_to_depth(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = int(rng.integers(1, 4))
    return (n, h * b, w * b, c), [[n, h, w, b * b * c]], [], {"blockSize": b}


def _depth_to_space(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = int(rng.integers(1, 4))
    return (n, h, w, c * b * b), [[n, h * b, w * b, c]], [], {"blockSize": b}


def _space_to_batch(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = rng.integers(1, 4, 2)
    padding = np.array([[int(rng.integers(0, k)) for k in (2, 2)] for _ in b])
    before = [h * int(b[0]) - int(padding[0].sum()), w * int(b[1]) - int(padding[1].sum())]
    if min(before) < 1:
        return _space_to_batch(rng)
    return (n, *before, c), [[n * int(b.prod()), h, w, c]], [constant(b), constant(padding)], {}


def _batch_to_space(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = rng.integers(1, 4, 2)
    cut = rng.integers(0, 2, (2, 2))
    after = [h * int(b[0]) - int(cut[0].sum()), w * int(b[1]) - int(cut[1].sum())]
    if min(after) < 1:
        return _batch_to_space(rng)
    return (n * int(b.prod()), h, w, c), [[n, *after, c]], [constant(b), constant(cut)], {}


def _nearest(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4)
    size = shape(rng, 2, 12)
    align = bool(rng.integers(0, 2))
    return (n, h, w, c), [[n, *size, c]], [constant(size)], {"alignCorners": align, "halfPixelCenters": not align}


def _bilinear(rng: Rng) -> tuple[Any, ...]:
    before, after, constants, options = _nearest(rng)
    options["halfPixelCenters"] &= bool(rng.integers(0, 2))
    return before, after, constants, options


def _reshape(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, 4)
    after = [s[0] * s[1], s[2] * s[3]]
    return s, [after], [constant(after)], {"newShape": after}


def _squeeze(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, 3)
    return (s[0], 1, *s[1:]), [s], [], {"squeezeDims": [1]}


def _expand(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, 3)
    return s, [[s[0], 1, *s[1:]]], [constant([1])], {}


def pack(rng: Rng) -> Case:
    s, axis, count = shape(rng, 3), int(rng.integers(0, 4)), int(rng.integers(1, 4))
    x = real(rng, s)
    parts = [T(s, x.type, x.scale, x.zero_point) for _ in range(count)]
    y = T((*s[:axis], count, *s[axis:]), x.type, x.scale, x.zero_point)
    return case(rng, "PACK", parts, [y], "PackOptions", valuesCount=count, axis=axis)


def concatenation(rng: Rng) -> Case:
    s, axis = shape(rng, 3), int(rng.integers(0, 3))
    x = real(rng, s)
    sizes = rng.integers(1, 4, int(rng.integers(1, 4))).tolist()
    parts = [T((*s[:axis], n, *s[axis + 1 :]), x.type, x.scale, x.zero_point) for n in sizes]
    y = T((*s[:axis], sum(sizes), *s[axis + 1 :]), x.type, x.scale, x.zero_point)
    return case(rng, "CONCATENATION", parts, [y], "ConcatenationOptions", axis=axis)


def reduction(builtin: str, same: bool = False) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        s, keep = shape(rng, 4), bool(rng.integers(0, 2))
        axes = sorted(rng.choice(4, int(rng.integers(1, 4)), replace=False).tolist())
        x = real(rng, s)
        after = (
            [1 if k in axes else n for k, n in enumerate(s)] if keep else [n for k, n in enumerate(s) if k not in axes]
        )
        y = real(
            rng,
            tuple(after),
            *((x.scale, x.zero_point) if same else (float(np.float32(x.scale * rng.uniform(0.2, 4))),)),
        )
        return case(rng, builtin, [x, constant(axes)], [y], "ReducerOptions", keepDims=keep)

    return make


def place(builtin: str, table: str) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        s, axis = shape(rng, 3), int(rng.integers(0, 3))
        after = tuple(n for k, n in enumerate(s) if k != axis)
        return case(rng, builtin, [real(rng, s), constant([axis])], [T(after, "INT32")], table, outputType=2)

    return make


def weights_of(rng: Rng, s: tuple[int, ...], axis: int, per_channel: bool) -> T:
    count = s[axis] if per_channel else 1
    scale = np.float32(2.0 ** rng.uniform(-9, -4, count))
    return T(s, "INT8", scale, np.zeros(count, np.int64), axis, rng.integers(-127, 128, s).astype(np.int8))


def bias_of(rng: Rng, x: T, w: T, count: int) -> T:
    scale = np.float32(np.float32(x.scale) * np.asarray(w.scale, np.float32))
    kind = "INT64" if x.type == "INT16" else "INT32"
    drawn = rng.integers(-2000, 2000, count).astype(kind.lower())
    return T((count,), kind, scale, np.zeros(len(scale), np.int64), 0, drawn)


def out_scale(x: T, w: T, depth: int) -> float:
    return float(np.float32(np.float32(x.scale) * np.float32(np.mean(w.scale)) * np.sqrt(depth) * 60))


def _window(rng: Rng) -> tuple[dict[str, Any], tuple[int, int], tuple[int, int], Callable[..., list[int]]]:
    kernel, stride = shape(rng, 2, 4), shape(rng, 2, 4)
    same = bool(rng.integers(0, 2))
    dilation = shape(rng, 2, 3) if stride == (1, 1) else (1, 1)

    def size(h: int, w: int) -> list[int]:
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        if same:
            return [-(-n // s) for n, s in zip((h, w), stride, strict=True)]
        return [(n - span) // s + 1 for n, span, s in zip((h, w), spans, stride, strict=True)]

    options = {"padding": 0 if same else 1, "strideH": stride[0], "strideW": stride[1]}
    return options, kernel, dilation, size


def convolution(depthwise: bool) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        options, kernel, dilation, size = _window(rng)
        n, h, w, c = 1, *(int(v) for v in rng.integers(5, 9, 2)), int(rng.integers(1, 5))
        x, multiplier = real(rng, (n, h, w, c)), int(rng.integers(1, 3))
        outputs = c * multiplier if depthwise else int(rng.integers(1, 6))
        s = (1, *kernel, outputs) if depthwise else (outputs, *kernel, c)
        filters = weights_of(rng, s, 3 if depthwise else 0, bool(rng.integers(0, 2)) or depthwise)
        y = real(rng, (n, *size(h, w), outputs), out_scale(x, filters, kernel[0] * kernel[1] * c))
        options |= {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
        options["fusedActivationFunction"] = int(rng.integers(0, 4))
        if depthwise:
            options["depthMultiplier"] = multiplier
        builtin, table = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
        return case(rng, builtin, [x, filters, bias_of(rng, x, filters, outputs)], [y], table, **options)

    return make


def transposed_convolution(rng: Rng) -> Case:
    kernel, stride, same = shape(rng, 2, 4), shape(rng, 2, 3), bool(rng.integers(0, 2))
    n, h, w, c = 1, *shape(rng, 2, 5), int(rng.integers(1, 5))
    outputs, x = int(rng.integers(1, 5)), real(rng, (n, h, w, c))
    filters = weights_of(rng, (outputs, *kernel, c), 0, True)
    size = [m * s if same else (m - 1) * s + max(k, s) for m, k, s in zip((h, w), kernel, stride, strict=True)]
    y = real(rng, (n, *size, outputs), out_scale(x, filters, c))
    operands = [constant([n, *size, outputs]), filters, x, bias_of(rng, x, filters, outputs)]
    options = {"padding": 0 if same else 1, "strideH": stride[0], "strideW": stride[1]}
    return case(rng, "TRANSPOSE_CONV", operands, [y], "TransposeConvOptions", **options)


def fully_connected(rng: Rng) -> Case:
    rows, depth, outputs = shape(rng, 3, 9)
    x = real(rng, (rows, depth))
    filters = weights_of(rng, (outputs, depth), 0, bool(rng.integers(0, 2)))
    y = real(rng, (rows, outputs), out_scale(x, filters, depth))
    options = {"fusedActivationFunction": int(rng.integers(0, 4))}
    operands = [x, filters, bias_of(rng, x, filters, outputs)]
    return case(rng, "FULLY_CONNECTED", operands, [y], "FullyConnectedOptions", **options)


def batch_matmul(rng: Rng) -> Case:
    b, m, k, n = shape(rng, 4)
    flip = bool(rng.integers(0, 2)), bool(rng.integers(0, 2))
    left = real(rng, (b, k, m) if flip[0] else (b, m, k))
    right = real(rng, (b, n, k) if flip[1] else (b, k, n))
    y = real(rng, (b, m, n), float(np.float32(left.scale * right.scale * 60 * np.sqrt(k))))
    return case(rng, "BATCH_MATMUL", [left, right], [y], "BatchMatMulOptions", adjX=flip[0], adjY=flip[1])


def pool(builtin: str) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        options, kernel, _, _ = _window(rng)
        x = real(rng, (1, *(int(v) for v in rng.integers(5, 9, 2)), int(rng.integers(1, 5))))
        stride = options["strideH"], options["strideW"]
        sizes = [
            -(-n // s) if options["padding"] == 0 else (n - k) // s + 1
            for n, k, s in zip(x.shape[1:3], kernel, stride, strict=True)
        ]
        y = T((1, *sizes, x.shape[3]), x.type, x.scale, x.zero_point)
        options |= {"filterHeight": kernel[0], "filterWidth": kernel[1]}
        options["fusedActivationFunction"] = int(rng.integers(0, 4))
        return case(rng, builtin, [x], [y], "Pool2DOptions", **options)

    return make


def _shares(s: tuple[int, ...]) -> T:
    return T(s, "INT16", 1 / 32768, 0) if _ACTIVATIONS.get() == "INT16" else T(s, "INT8", 1 / 256, -128)


def gate(builtin: str) -> Callable[[Rng], Case]:
    """LOGISTIC and TANH of int16."""

    def make(rng: Rng) -> Case:
        s = shape(rng, 3, 12)
        return case(rng, builtin, [real(rng, s)], [T(s, "INT16", 1 / 32768, 0)])

    return make


def softmax(rng: Rng) -> Case:
    s = shape(rng, 3, 9)
    beta = float(np.float32(rng.choice([1.0, rng.uniform(0.1, 3)])))
    return case(rng, "SOFTMAX", [real(rng, s)], [_shares(s)], "SoftmaxOptions", beta=beta)


def log_softmax(rng: Rng) -> Case:
    s = shape(rng, 2, 12)
    return case(rng, "LOG_SOFTMAX", [real(rng, s)], [T(s, "INT8", 16 / 256, 127)], "LogSoftmaxOptions")


def l2_normalization(rng: Rng) -> Case:
    s = shape(rng, 2, 12)
    return case(rng, "L2_NORMALIZATION", [real(rng, s)], [T(s, "INT8", 1 / 128, 0)], "L2NormOptions")


def prelu(rng: Rng) -> Case:
    s = shape(rng, 4)
    x, slopes = real(rng, s), rng.integers(-127, 128, (1, 1, s[3])).astype(np.int8)
    return case(rng, "PRELU", [x, T((1, 1, s[3]), "INT8", 0.01, 0, 0, slopes)], [real(rng, s)])


def cumulative_sum(rng: Rng) -> Case:
    s, axis = shape(rng, 3), int(rng.integers(0, 3))
    x = real(rng, s)
    y = real(rng, s, float(np.float32(x.scale * rng.uniform(0.3, 4))))
    options = {"exclusive": bool(rng.integers(0, 2)), "reverse": bool(rng.integers(0, 2))}
    return case(rng, "CUMSUM", [x, constant(axis)], [y], "CumsumOptions", **options)


def add_n(rng: Rng) -> Case:
    s = shape(rng, 3)
    x = real(rng, s)
    parts = [T(s, x.type, x.scale, x.zero_point) for _ in range(int(rng.integers(2, 5)))]
    return case(rng, "ADD_N", parts, [real(rng, s, float(np.float32(x.scale * rng.uniform(0.5, 4))))], "AddNOptions")


def division(rng: Rng) -> Case:
    """Where the interpreter's shifts are defined: a divisor that is not 0, and quotients of some size."""
    s = shape(rng, 3)
    a, b = real(rng, s), real(rng, s)
    drawn = rng.integers(-128, 128, s)
    drawn = np.where(drawn == b.zero_point, drawn - np.where(drawn > 0, 1, -1), drawn)
    b = T(s, "INT8", b.scale, b.zero_point, data=drawn.astype(np.int8))
    y = real(rng, s, float(np.float32(a.scale / b.scale * 2.0 ** -rng.uniform(6.1, 9))))
    return case(rng, "DIV", [a, b], [y], "DivOptions", fusedActivationFunction=int(rng.integers(0, 4)))


def quantize(rng: Rng) -> Case:
    s = shape(rng, 3)
    return case(rng, "QUANTIZE", [real(rng, s)], [real(rng, s)], "QuantizeOptions")


def select(builtin: str, table: str) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        s = shape(rng, 3)
        x = real(rng, s)
        same = [T(s, x.type, x.scale, x.zero_point) for _ in range(3)]
        return case(rng, builtin, [T(s, "BOOL"), *same[:2]], [same[2]], table)

    return make


def booleans(builtin: str, table: str, count: int = 2) -> Callable[[Rng], Case]:
    def make(rng: Rng) -> Case:
        s = shape(rng, 3)
        return case(rng, builtin, [T(s, "BOOL") for _ in range(count)], [T(s, "BOOL")], table)

    return make


def whole(builtin: str, table: str, result: str = "INT32") -> Callable[[Rng], Case]:
    """Of plain 32-bit integers."""

    def make(rng: Rng) -> Case:
        s = shape(rng, 3)
        return case(rng, builtin, [T(s, "INT32"), T(s, "INT32")], [T(s, result)], table)

    return make


def cast(rng: Rng) -> Case:
    s = shape(rng, 3)
    kinds = ["INT8", "INT16", "INT32"]
    return case(rng, "CAST", [T(s, str(rng.choice(kinds)))], [T(s, str(rng.choice(kinds)))], "CastOptions")


CASES: dict[str, Callable[[Rng], Case]] = {
    "ABS": unary("ABS", "AbsOptions"),
    "ADD": pair("ADD", "AddOptions"),
    "ADD int32": whole("ADD", "AddOptions"),
    "ADD_N": add_n,
    "ARG_MAX": place("ARG_MAX", "ArgMaxOptions"),
    "ARG_MIN": place("ARG_MIN", "ArgMinOptions"),
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "BATCH_MATMUL": batch_matmul,
    "BATCH_TO_SPACE_ND": moved("BATCH_TO_SPACE_ND", "BatchToSpaceNDOptions", _batch_to_space),
    "BROADCAST_TO": moved("BROADCAST_TO", "BroadcastToOptions", _broadcast),
    "CAST": cast,
    "CONCATENATION": concatenation,
    "CONV_2D": convolution(False),
    "CUMSUM": cumulative_sum,
    "DEPTHWISE_CONV_2D": convolution(True),
    "DEPTH_TO_SPACE": moved("DEPTH_TO_SPACE", "DepthToSpaceOptions", _depth_to_space),
    "DIV": division,
    "ELU": unary("ELU"),
    "EQUAL": pair("EQUAL", "EqualOptions", "BOOL"),
    "EXP": unary("EXP", "ExpOptions"),
    "EXPAND_DIMS": moved("EXPAND_DIMS", "ExpandDimsOptions", _expand),
    "FULLY_CONNECTED": fully_connected,
    "GATHER": moved("GATHER", "GatherOptions", _gather),
    "GATHER_ND": moved("GATHER_ND", "GatherNdOptions", _gather_nd),
    "GREATER": pair("GREATER", "GreaterOptions", "BOOL"),
    "GREATER_EQUAL": pair("GREATER_EQUAL", "GreaterEqualOptions", "BOOL"),
    "HARD_SWISH": unary("HARD_SWISH", "HardSwishOptions", finest=1 / 64),
    "L2_NORMALIZATION": l2_normalization,
    "LEAKY_RELU": unary("LEAKY_RELU", "LeakyReluOptions"),
    "LESS": pair("LESS", "LessOptions", "BOOL"),
    "LESS_EQUAL": pair("LESS_EQUAL", "LessEqualOptions", "BOOL"),
    "LOG": unary("LOG", positive=True),
    "LOGICAL_AND": booleans("LOGICAL_AND", "LogicalAndOptions"),
    "LOGICAL_NOT": booleans("LOGICAL_NOT", "LogicalNotOptions", 1),
    "LOGICAL_OR": booleans("LOGICAL_OR", "LogicalOrOptions"),
    "LOGISTIC": unary("LOGISTIC", out=(1 / 256, -128)),
    "LOG_SOFTMAX": log_softmax,
    "MAXIMUM": pair("MAXIMUM", "MaximumMinimumOptions", same=True),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "MEAN": reduction("MEAN"),
    "MINIMUM": pair("MINIMUM", "MaximumMinimumOptions", same=True),
    "MIRROR_PAD": moved("MIRROR_PAD", "MirrorPadOptions", _mirror),
    "MUL": pair("MUL", "MulOptions"),
    "MUL int32": whole("MUL", "MulOptions"),
    "NEG": unary("NEG", "NegOptions"),
    "NOT_EQUAL": pair("NOT_EQUAL", "NotEqualOptions", "BOOL"),
    "PACK": pack,
    "PAD": moved("PAD", "PadOptions", _pad),
    "PRELU": prelu,
    "QUANTIZE": quantize,
    "REDUCE_MAX": reduction("REDUCE_MAX", same=True),
    "REDUCE_MIN": reduction("REDUCE_MIN", same=True),
    "RELU": unary("RELU"),
    "RESHAPE": moved("RESHAPE", "ReshapeOptions", _reshape),
    "RESIZE_BILINEAR": moved("RESIZE_BILINEAR", "ResizeBilinearOptions", _bilinear),
    "RESIZE_NEAREST_NEIGHBOR": moved("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", _nearest),
    "REVERSE_V2": moved("REVERSE_V2", "ReverseV2Options", _reverse),
    "RSQRT": unary("RSQRT", positive=True),
    "SELECT": select("SELECT", "SelectOptions"),
    "SELECT_V2": select("SELECT_V2", "SelectV2Options"),
    "SLICE": moved("SLICE", "SliceOptions", _slice),
    "SOFTMAX": softmax,
    "SPACE_TO_BATCH_ND": moved("SPACE_TO_BATCH_ND", "SpaceToBatchNDOptions", _space_to_batch),
    "SPACE_TO_DEPTH": moved("SPACE_TO_DEPTH", "SpaceToDepthOptions", _space_to_depth),
    "SPLIT": moved("SPLIT", "SplitOptions", _split),
    "SPLIT_V": moved("SPLIT_V", "SplitVOptions", _split_v),
    "SQRT": unary("SQRT", positive=True),
    "SQUARED_DIFFERENCE": pair("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"),
    "SQUEEZE": moved("SQUEEZE", "SqueezeOptions", _squeeze),
    "STRIDED_SLICE": moved("STRIDED_SLICE", "StridedSliceOptions", _strided),
    "SUB": pair("SUB", "SubOptions"),
    "SUB int32": whole("SUB", "SubOptions"),
    "SUM": reduction("SUM"),
    "TANH": unary("TANH", out=(1 / 128, 0)),
    "TILE": moved("TILE", "TileOptions", _tile),
    "TRANSPOSE": moved("TRANSPOSE", "TransposeOptions", _transpose),
    "TRANSPOSE_CONV": transposed_convolution,
    "UNPACK": moved("UNPACK", "UnpackOptions", _unpack),
}

_WIDE = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PAD
QUANTIZE RESHAPE SLICE SOFTMAX SPLIT SPLIT_V STRIDED_SLICE SUB TRANSPOSE TRANSPOSE_CONV
"""
CASES |= {f"{name} int16": wide(CASES[name]) for name in _WIDE.split()}
CASES |= {f"{name} int16": wide(gate(name)) for name in ("LOGISTIC", "TANH")}
"""By the name of the operator, and of the type where it is not int8."""
