"""Random files of convolutions, products of matrices and pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.frontend.litert.cases.drawing import Case, Maker, Rng, case, is_wide, real, shape
from tests.frontend.litert.files import T, constant


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


def convolution(depthwise: bool, stated: bool = True) -> Maker:
    """`stated`: with the depth multiplier in its options."""

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
        if depthwise and stated:
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
    y = real(rng, (b, m, n), float(np.float32(left.scale * right.scale * (2000 if is_wide() else 60) * np.sqrt(k))))
    return case(rng, "BATCH_MATMUL", [left, right], [y], "BatchMatMulOptions", adjX=flip[0], adjY=flip[1])


def pool(builtin: str) -> Maker:
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


CASES: dict[str, Maker] = {
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "BATCH_MATMUL": batch_matmul,
    "CONV_2D": convolution(False),
    "DEPTHWISE_CONV_2D": convolution(True),
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "TRANSPOSE_CONV": transposed_convolution,
}

WIDE: dict[str, Maker] = CASES
