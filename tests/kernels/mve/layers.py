"""Layers of operators that are no products of weights, of usual sizes, for counting on a core with Helium."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import (
    AdaptiveAveragePool2d,
    ArgMax,
    Compare,
    CumulativeSum,
    Div,
    LogSoftmax,
    MaskedSoftmax,
    Maximum,
    MaxPoolPlaces2d,
    Normalize,
    Operator,
    Prelu,
    ReduceMax,
    Requantize,
    ResizeBilinear,
    SpannedMaxPool2d,
    TransposedConv2d,
    Where,
)
from mcugen.graph.ops.normalization.normalize import pack_affine
from mcugen.graph.tensor import IntArray
from tests.graph.strategies.draws import make_case, random_int8

X = Quantization.per_tensor(0.05, -7)
OTHER = Quantization.per_tensor(0.031, 11)
WIDE = Quantization.per_tensor(0.05 / 256, 0, 16)
IMAGE = (1, 16, 16, 32)
ROWS = (4, 64, 64)
"""Scores of four heads over 64 tokens."""
UNEVEN = ((0, 4), (3, 7), (6, 10))
"""Windows of adaptive pools from ten positions to three."""


def _graph(op: Operator, *tensors: Tensor) -> Graph:
    return make_case(op, list(tensors), np.random.default_rng(3)).graph


def _real(name: str, shape: Sequence[int], q: Quantization = X, data: IntArray | None = None) -> Tensor:
    return Tensor(name, tuple(shape), q.dtype, q, data)


def _pair(kind: Callable[..., Operator], out: Tensor, *others: Tensor, **attributes: object) -> Graph:
    names = ("input", *(t.name for t in others))
    op = kind(name=kind.__name__.lower(), inputs=names, outputs=("output",), **attributes)
    return _graph(op, _real("input", IMAGE), *others, out)


def transposed_conv(image: tuple[int, int, int], output_c: int, kernel: int, stride: int, padding: int) -> Graph:
    """With SAME-like borders: the output is `stride` times as large."""
    height, width, depth = image
    rng = np.random.default_rng(5)
    weights = random_int8(rng, (output_c, kernel, kernel, depth))
    bias = rng.integers(-1000, 1000, output_c).astype(np.int32)
    w = Quantization.per_tensor(0.01, 0)
    op = TransposedConv2d(
        name="transposed",
        inputs=("input", "weights", "bias"),
        outputs=("output",),
        stride=(stride, stride),
        padding=(padding, padding),
        clamp=(-128, 127),
    )
    out = Quantization.per_tensor(0.05 * 0.01 * 75 * 75 / 40 * math.sqrt(kernel * kernel * depth / stride**2), 5)
    return _graph(
        op,
        _real("input", (1, height, width, depth)),
        Tensor("weights", weights.shape, "int8", w, weights),
        Tensor("bias", (output_c,), "int32", Quantization.per_tensor(0.05 * 0.01, 0), bias),
        _real("output", (1, height * stride, width * stride, output_c), out),
    )


def _softmax(kind: str) -> Graph:
    x, out = _real("input", ROWS), _real("output", ROWS, Quantization.per_tensor(1 / 256, -128))
    if kind == "log":
        log_out = _real("output", ROWS, Quantization.per_tensor(0.06, 127))
        return _graph(LogSoftmax(name="log", inputs=("input",), outputs=("output",)), x, log_out)
    mask = np.tril(np.ones(ROWS[1:], bool)) if kind == "causal" else None
    op = MaskedSoftmax(name="masked", inputs=("input", "mask"), outputs=("output",), beta=1.0, included=True)
    return _graph(op, x, Tensor("mask", ROWS[1:], "bool", None, mask), out)


def _normalize(wide: bool) -> Graph:
    rng, size = np.random.default_rng(1), 64
    packed, added, shift = pack_affine(rng.normal(size=(1, size)) * 40, rng.normal(size=(1, size)) * 10)
    op = Normalize(name="norm", inputs=("input", "factors", "offsets"), outputs=("output",), epsilon=9, shift=shift)
    constants = (
        Tensor("factors", (1, size), "int32", None, packed),
        Tensor("offsets", (1, size), "int32", None, added),
    )
    return _graph(op, _real("input", (64, size), WIDE if wide else X), *constants, _real("output", (64, size)))


def _slopes() -> Tensor:
    return _real("slope", (32,), Quantization.per_tensor(0.002, -3), random_int8(np.random.default_rng(2), (32,)))


def _requantize(x: Quantization, out: Quantization) -> Graph:
    op = Requantize(name="requantize", inputs=("input",), outputs=("output",), clamp=out.integer_range)
    return _graph(op, _real("input", IMAGE, x), _real("output", IMAGE, out))


def _resize(channels: int) -> Graph:
    places = tuple((min(i // 2, 7), 1024 if i % 2 and i < 15 else 0) for i in range(16))
    op = ResizeBilinear(name="resize", inputs=("input",), outputs=("output",), rows=places, columns=places)
    return _graph(op, _real("input", (1, 8, 8, channels)), _real("output", (1, 16, 16, channels)))


def _uneven(kind: Callable[..., Operator], channels: int = 32) -> Graph:
    attributes: dict[str, object] = {} if kind is AdaptiveAveragePool2d else {"step": (1, 1)}
    out = Tensor("output", (1, 3, 3, channels), "int64") if kind is MaxPoolPlaces2d else None
    if kind is MaxPoolPlaces2d:
        attributes["row_elements"] = 10
    op = kind(name="pool", inputs=("input",), outputs=("output",), rows=UNEVEN, columns=UNEVEN, **attributes)
    return _graph(op, _real("input", (1, 10, 10, channels)), out or _real("output", (1, 3, 3, channels)))


def _reduce(kind: Callable[..., Operator], axis: int) -> Graph:
    op = kind(name="reduce", inputs=("input",), outputs=("output",), axes=(axis,))
    shape = tuple(n for i, n in enumerate(ROWS) if i != axis)
    out = Tensor("output", shape, "int64") if kind is ArgMax else _real("output", shape)
    return _graph(op, _real("input", ROWS), out)


def _cumulative(axis: int) -> Graph:
    op = CumulativeSum(name="sums", inputs=("input",), outputs=("output",), axis=axis)
    return _graph(op, _real("input", ROWS), _real("output", ROWS, Quantization.per_tensor(0.4, 3)))


def layers() -> dict[str, tuple[Graph, float]]:
    """Each with the most instructions that it may take for each element of its input or output, whichever has more."""
    quotient = Quantization.per_tensor(0.2, 5)
    mask = Tensor("condition", IMAGE, "bool")
    positive = np.ones((1,), np.int8)
    where = Where(name="where", inputs=("condition", "input", "other"), outputs=("output",))
    return {
        "transposed conv 8x8x32 to 16, 4x4 stride 2": (transposed_conv((8, 8, 32), 16, 4, 2, 1), 21),
        "transposed conv 8x8x32 to 16, 2x2 stride 2": (transposed_conv((8, 8, 32), 16, 2, 2, 0), 8.8),
        "transposed conv 16x16x16 to 3, 3x3 stride 2": (transposed_conv((16, 16, 16), 3, 3, 2, 1), 15.8),
        "masked softmax, mask given": (_softmax("masked"), 11.8),
        "masked softmax, causal": (_softmax("causal"), 11.8),
        "log softmax": (_softmax("log"), 8.8),
        "normalize": (_normalize(False), 8.9),
        "normalize int16": (_normalize(True), 8.8),
        "prelu": (_pair(Prelu, _real("output", IMAGE), _slopes()), 7.6),
        "div": (_pair(Div, _real("output", IMAGE, quotient), _real("other", IMAGE, OTHER)), 3.4),
        "div by rows": (_pair(Div, _real("output", IMAGE, quotient), _real("other", (1, 16, 16, 1), OTHER)), 4.0),
        "compare": (
            _pair(Compare, Tensor("output", IMAGE, "bool"), _real("other", IMAGE, OTHER), operation="lt"),
            1.1,
        ),
        "compare with a number": (
            _pair(Compare, Tensor("output", IMAGE, "bool"), _real("other", (1,), OTHER, positive), operation="ge"),
            1.35,
        ),
        "where": (_graph(where, mask, _real("input", IMAGE), _real("other", IMAGE), _real("output", IMAGE)), 0.7),
        "where a number": (
            _graph(where, mask, _real("input", IMAGE), _real("other", (1,), X, positive), _real("output", IMAGE)),
            0.75,
        ),
        "maximum": (_pair(Maximum, _real("output", IMAGE), _real("other", IMAGE)), 0.35),
        "requantize to int16": (_requantize(X, WIDE), 3.4),
        "requantize from int16": (_requantize(WIDE, X), 2.7),
        "resize 32 channels": (_resize(32), 3.1),
        "resize 3 channels": (_resize(3), 10.7),
        "adaptive average pool": (_uneven(AdaptiveAveragePool2d), 1.4),
        "spanned max pool": (_uneven(SpannedMaxPool2d), 0.6),
        "max pool places": (_uneven(MaxPoolPlaces2d), 6.9),
        "reduce max of columns": (_reduce(ReduceMax, 1), 0.22),
        "reduce max of rows": (_reduce(ReduceMax, 2), 0.47),
        "arg max of columns": (_reduce(ArgMax, 1), 1.7),
        "arg max of rows": (_reduce(ArgMax, 2), 1.65),
        "cumulative sum of columns": (_cumulative(1), 4.5),
        "cumulative sum of rows": (_cumulative(2), 4.5),
    }
