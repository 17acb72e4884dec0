"""Random layers of LiteRT models: all that Vela puts on an Ethos-U55 or U65, with shapes and scales of all sorts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.ethosu.builder import Model

BOUNDS = {np.int8: (-128, 127), np.uint8: (0, 255), np.int16: (-32768, 32767)}


@dataclass
class Maker:
    """A model that grows layer by layer."""

    rng: np.random.Generator
    dtype: type
    model: Model = field(default_factory=Model)
    kinds: list[str] = field(default_factory=list)
    fuses: bool = True

    def integer(self, low: int, high: int) -> int:
        """low … high, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def channels(self) -> int:
        """Few, or around the sizes of blocks, or many."""
        return self.pick(self.integer(1, 9), self.integer(14, 18), self.integer(30, 34), self.integer(10, 70))

    def scale(self) -> float:
        """Of an activation; some are powers of two."""
        scale = 2.0 ** self.rng.uniform(-9, -2)
        return float(np.float32(2.0 ** round(math.log2(scale)) if self.chance(0.2) else scale))

    def zero_point(self) -> int:
        if self.dtype is np.int16:
            return 0
        low, high = BOUNDS[self.dtype]
        return self.pick(low, high, self.integer(low, high), self.integer(low, high))

    def shape(self, x: int) -> list[int]:
        return list(self.model.graph.tensors[x].shape)

    def scale_of(self, x: int) -> float:
        return float(self.model.graph.tensors[x].quantization.scale[0])

    def zero_point_of(self, x: int) -> int:
        return int(self.model.graph.tensors[x].quantization.zeroPoint[0])

    def activation(self, shape: Any, scale: float | None = None, zero_point: int | None = None) -> int:
        """A tensor of the model's type."""
        return self.model.tensor(
            shape,
            self.dtype,
            self.scale() if scale is None else scale,
            self.zero_point() if zero_point is None else zero_point,
        )

    def like(self, x: int, shape: Any) -> int:
        """A tensor with another's quantization."""
        return self.activation(shape, self.scale_of(x), self.zero_point_of(x))

    def values(self, shape: Any) -> npt.NDArray:
        """Of an input: random, near an end, or constant."""
        low, high = BOUNDS[self.dtype]
        kind = self.integer(0, 9)
        if kind == 0:
            return np.full(shape, self.pick(low, high), self.dtype)
        if kind == 1:
            return self.rng.choice(np.array([low, high, 0 if low else 128]), shape).astype(self.dtype)
        return self.rng.integers(low, high + 1, shape).astype(self.dtype)

    def weights(self, shape: Any) -> npt.NDArray:
        """Of all distributions that the compression of weights treats differently."""
        kind = self.integer(0, 5)
        if kind == 0:
            return self.rng.integers(-127, 128, shape).astype(np.int8)
        if kind == 1:
            return np.full(shape, self.pick(-127, 0, 1, 127), np.int8)
        if kind == 2:
            return self.rng.choice(self.rng.integers(-127, 128, self.integer(2, 30)), shape).astype(np.int8)
        values = np.round(self.rng.laplace(0, self.rng.uniform(1, 30), shape)).clip(-127, 127)
        return np.where(self.rng.random(shape) < self.rng.uniform(0, 0.8) * (kind == 3), 0, values).astype(np.int8)

    def filters(self, x: int, values: npt.NDArray, outputs: int, axis: int) -> tuple[int, int, float]:
        """Weights, bias and a scale for the output that uses its range, of one channel at least."""
        per_channel = self.chance(0.7) or self.dtype is np.int16
        spread = 3.0 if self.chance(0.2) else 0.7
        scales = np.float32(np.exp(self.rng.normal(-5, spread, outputs if per_channel else 1)))
        weights = self.model.tensor(values.shape, np.int8, scales, 0, values, axis)
        furthest = BOUNDS[self.dtype][1] - BOUNDS[self.dtype][0]
        rows = np.moveaxis(values.astype(np.int64), axis, 0).reshape(outputs, -1)
        spreads = np.maximum(np.sqrt((rows**2).sum(1)), 1) * furthest / 3
        bias = np.round(self.rng.uniform(-1, 1, outputs) * spreads * self.pick(0.1, 1, 1)).astype(np.int64)
        if self.chance(0.1) and self.dtype is np.int8:
            bias = np.where(self.rng.random(outputs) < 0.3, 2**30, bias)
        bias_type = np.int64 if self.dtype is np.int16 else np.int32
        constant = self.model.tensor([outputs], bias_type, scales * np.float32(self.scale_of(x)), 0, bias)
        # LiteRT's kernels wrap around where a scaled sum exceeds 32 bits.
        sums = np.abs(rows).sum(1) * furthest + np.abs(bias)
        least = float(np.max(sums * scales.astype(np.float64)) * self.scale_of(x) / 2**30)
        typical = float(np.median(spreads * scales)) * self.scale_of(x) / (furthest / 6)
        return weights, constant, float(np.float32(max(typical * 2.0 ** self.rng.uniform(-1, 2), least)))

    def fused(self) -> int:
        """A fused activation of the schema: none, ReLU, ReLU of −1 to 1, ReLU6."""
        if not self.fuses:
            return 0
        return self.pick(0, 0, 1, 3) if self.dtype is not np.int16 else self.pick(0, 1)


def _padded(size: int, kernel: int, stride: int, dilation: int, same: bool) -> int:
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if same else (size - reach) // stride + 1


def _spatial(m: Maker, x: int, most: int, dilates: bool) -> tuple[list[int], list[int], list[int], bool, list[int]]:
    """Kernel, stride, dilation, whether padding is SAME, and the output's height and width."""
    while True:
        kernel = [m.integer(1, most), m.integer(1, most)]
        stride = m.pick([1, 1], [2, 2], [m.integer(1, 3), m.integer(1, 3)])
        dilation = [1, 1]
        if dilates and m.chance(0.3):
            stride, dilation = [1, 1], [m.integer(1, 3), m.integer(1, 3)]
        same = m.chance(0.5)
        sizes = [_padded(m.shape(x)[1 + a], kernel[a], stride[a], dilation[a], same) for a in (0, 1)]
        if min(sizes) >= 1 and all((kernel[a] - 1) * dilation[a] + 1 <= m.shape(x)[1 + a] or same for a in (0, 1)):
            return kernel, stride, dilation, same, sizes


def _window(kernel_options: dict[str, Any], stride: list[int], same: bool, fused: int) -> dict[str, Any]:
    return {
        **kernel_options,
        "strideH": stride[0],
        "strideW": stride[1],
        "padding": 0 if same else 1,
        "fusedActivationFunction": fused,
    }


def convolution(m: Maker, x: int) -> int:
    kernel, stride, dilation, same, sizes = _spatial(m, x, m.pick(1, 3, 5, 9), True)
    inputs, outputs = m.shape(x)[3], m.channels()
    values = m.weights((outputs, *kernel, inputs))
    weights, bias, scale = m.filters(x, values, outputs, 0)
    y = m.activation([1, *sizes, outputs], scale)
    options = _window({"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}, stride, same, m.fused())
    m.model.operator("CONV_2D", [x, weights, bias], [y], table="Conv2DOptions", **options)
    return y


def depthwise(m: Maker, x: int) -> int:
    kernel, stride, dilation, same, sizes = _spatial(m, x, m.pick(3, 5, 9), True)
    inputs = m.shape(x)[3]
    multiplier = m.integer(2, 9) if inputs == 1 else 1
    values = m.weights((1, *kernel, inputs * multiplier))
    weights, bias, scale = m.filters(x, values, inputs * multiplier, 3)
    y = m.activation([1, *sizes, inputs * multiplier], scale)
    options = _window({"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}, stride, same, m.fused())
    m.model.operator(
        "DEPTHWISE_CONV_2D",
        [x, weights, bias],
        [y],
        table="DepthwiseConv2DOptions",
        depthMultiplier=multiplier,
        **options,
    )
    return y


def transposed_convolution(m: Maker, x: int) -> int:
    _, height, width, inputs = m.shape(x)
    kernel, outputs, stride = [m.integer(1, 4), m.integer(1, 4)], m.integer(1, 20), m.pick(1, 2)
    same = m.chance(0.5)
    sizes = [n * stride + (0 if same else max(k - stride, 0)) for n, k in zip((height, width), kernel, strict=True)]
    values = m.weights((outputs, *kernel, inputs))
    weights, bias, scale = m.filters(x, values, outputs, 0)
    y = m.activation([1, *sizes, outputs], scale)
    shape = m.model.constant([1, *sizes, outputs])
    options = {"strideH": stride, "strideW": stride, "padding": 0 if same else 1}
    m.model.operator("TRANSPOSE_CONV", [shape, weights, x, bias], [y], table="TransposeConvOptions", **options)
    return y


def fully_connected(m: Maker, x: int) -> int:
    inputs, outputs = int(np.prod(m.shape(x))), m.channels()
    flat = m.like(x, [1, inputs])
    m.model.operator(
        "RESHAPE", [x, m.model.constant([1, inputs])], [flat], table="ReshapeOptions", newShape=[1, inputs]
    )
    values = m.weights((outputs, inputs))
    scales = np.float32(np.exp(m.rng.normal(-5, 1)))
    weights = m.model.tensor(values.shape, np.int8, scales, 0, values)
    bias = m.model.tensor(
        [outputs],
        np.int64 if m.dtype is np.int16 else np.int32,
        scales * np.float32(m.scale_of(x)),
        0,
        m.rng.integers(-1000, 1000, outputs),
    )
    spread = math.sqrt(float((values.astype(float) ** 2).sum(1).mean())) + 1
    y = m.activation([1, outputs], m.scale_of(x) * float(scales) * spread * 2 * 2.0 ** m.rng.uniform(-1, 2))
    m.model.operator(
        "FULLY_CONNECTED", [flat, weights, bias], [y], table="FullyConnectedOptions", fusedActivationFunction=m.fused()
    )
    return y


def _pool(builtin: str) -> Callable[[Maker, int], int]:
    def add(m: Maker, x: int) -> int:
        kernel, stride, _, same, sizes = _spatial(m, x, m.pick(2, 3, 8), False)
        y = m.like(x, [1, *sizes, m.shape(x)[3]])
        options = _window({"filterHeight": kernel[0], "filterWidth": kernel[1]}, stride, same, m.fused())
        m.model.operator(builtin, [x], [y], table="Pool2DOptions", **options)
        return y

    return add


def _other(m: Maker, x: int) -> int:
    """A second operand: of the same shape, broadcast along some axes, or a single number; input or constant."""
    shape = m.shape(x)
    kind = m.integer(0, 5)
    if kind < 3:
        shape = [n if kind == 0 or m.chance(0.5) else 1 for n in shape]
    elif kind == 3:
        shape = [1, 1, 1, 1]
    scale, zero_point = (m.scale_of(x), m.zero_point_of(x)) if m.chance(0.3) else (m.scale(), m.zero_point())
    if m.chance(0.4) or kind == 3:
        return m.model.tensor(shape, m.dtype, scale, zero_point, m.values(shape))
    return m.model.input(shape, m.dtype, scale, zero_point)


def _binary(builtin: str, table: str) -> Callable[[Maker, int], int]:
    def add(m: Maker, x: int) -> int:
        other = _other(m, x)
        operands = [other, x] if m.chance(0.4) else [x, other]
        if builtin == "MUL":
            scale = min(m.scale_of(x) * m.scale_of(other) * (10000 if m.dtype is np.int16 else 50), 0.5)
        else:
            scale = max(m.scale_of(x), m.scale_of(other))
        shape = [max(a, b) for a, b in zip(m.shape(x), m.shape(other), strict=True)]
        y = m.activation(shape, float(np.float32(scale * 2.0 ** m.rng.uniform(-1, 2))))
        options: dict[str, Any] = {"fusedActivationFunction": m.fused()}
        if builtin != "MUL":
            # LiteRT aborts on some scales that are powers of two, in its special case for them.
            options["potScaleInt16"] = False
        m.model.operator(builtin, operands, [y], table=table, **options)
        return y

    return add


def _extremum(builtin: str) -> Callable[[Maker, int], int]:
    def add(m: Maker, x: int) -> int:
        other = m.model.input(m.shape(x), m.dtype, m.scale_of(x), m.zero_point_of(x))
        y = m.like(x, m.shape(x))
        m.model.operator(builtin, [x, other], [y], table="MaximumMinimumOptions")
        return y

    return add


def _unary(builtin: str, scale: float | None = None, zero_point: int | None = None) -> Callable[[Maker, int], int]:
    def add(m: Maker, x: int) -> int:
        fixed = scale is not None
        wide = m.dtype is np.int16
        points = {np.int8: -128, np.uint8: 0, np.int16: 0}
        y_scale = m.scale_of(x) * m.rng.uniform(0.5, 2) if scale is None else 1 / 32768 if wide else scale
        point = zero_point if zero_point is not None else points[m.dtype] if fixed else None
        if fixed and builtin == "TANH" and not wide:
            point = 0 if m.dtype is np.int8 else 128
        y = m.activation(m.shape(x), y_scale, point)
        m.model.operator(builtin, [x], [y])
        return y

    return add


def leaky_relu(m: Maker, x: int) -> int:
    y = m.like(x, m.shape(x)) if m.chance(0.4) else m.activation(m.shape(x), m.scale_of(x) * m.rng.uniform(0.5, 2))
    m.model.operator("LEAKY_RELU", [x], [y], table="LeakyReluOptions", alpha=float(m.rng.uniform(0, 1)))
    return y


def softmax(m: Maker, x: int) -> int:
    wide = m.dtype is np.int16
    y = m.activation(m.shape(x), 1 / 32768 if wide else 1 / 256, {np.int8: -128, np.uint8: 0, np.int16: 0}[m.dtype])
    m.model.operator("SOFTMAX", [x], [y], table="SoftmaxOptions", beta=1.0)
    return y


def mean(m: Maker, x: int) -> int:
    axes = m.pick([1, 2], [1], [2])
    shape = [1 if a in axes else n for a, n in enumerate(m.shape(x))]
    y = m.like(x, shape) if m.chance(0.5) else m.activation(shape)
    m.model.operator("MEAN", [x, m.model.constant(axes)], [y], table="ReducerOptions", keepDims=True)
    return y


def padding(m: Maker, x: int) -> int:
    amounts = [[0, 0], [m.integer(0, 3), m.integer(0, 3)], [m.integer(0, 3), m.integer(0, 3)], [0, m.integer(0, 1) * 3]]
    y = m.like(x, [n + a + b for n, (a, b) in zip(m.shape(x), amounts, strict=True)])
    m.model.operator("PAD", [x, m.model.constant(amounts)], [y], table="PadOptions")
    return y


def concatenation(m: Maker, x: int) -> int:
    axis = m.pick(1, 2, 3)
    shape = m.shape(x)
    shape[axis] = m.integer(1, 20)
    other = m.model.input(shape, m.dtype, m.scale_of(x), m.zero_point_of(x))
    total = list(shape)
    total[axis] += m.shape(x)[axis]
    y = m.like(x, total)
    m.model.operator("CONCATENATION", [x, other], [y], table="ConcatenationOptions", axis=axis)
    return y


def slicing(m: Maker, x: int) -> int:
    shape = m.shape(x)
    begin = [0] + [m.integer(0, n - 1) for n in shape[1:]]
    end = [1] + [m.integer(b + 1, n) for b, n in zip(begin[1:], shape[1:], strict=True)]
    y = m.like(x, [e - b for b, e in zip(begin, end, strict=True)])
    constants = [m.model.constant(v) for v in (begin, end, [1] * 4)]
    m.model.operator("STRIDED_SLICE", [x, *constants], [y], table="StridedSliceOptions")
    return y


def transpose(m: Maker, x: int) -> int:
    order = m.pick([0, 2, 1, 3], [0, 1, 3, 2], [0, 3, 2, 1], [0, 3, 1, 2], [0, 2, 3, 1])
    y = m.like(x, [m.shape(x)[a] for a in order])
    m.model.operator("TRANSPOSE", [x, m.model.constant(order)], [y], table="TransposeOptions")
    return y


def reshape(m: Maker, x: int) -> int:
    _, height, width, depth = m.shape(x)
    shape = m.pick([1, width, height, depth], [1, 1, height * width, depth], [1, height, depth, width])
    y = m.like(x, shape)
    m.model.operator("RESHAPE", [x, m.model.constant(shape)], [y], table="ReshapeOptions", newShape=shape)
    return y


def requantize(m: Maker, x: int) -> int:
    y = m.activation(m.shape(x), m.scale_of(x) * 2.0 ** m.rng.uniform(-3, 3))
    m.model.operator("QUANTIZE", [x], [y], table="QuantizeOptions")
    return y


def resize_nearest(m: Maker, x: int) -> int:
    factor = m.pick(2, 4)
    sizes = [n * factor for n in m.shape(x)[1:3]]
    y = m.like(x, [1, *sizes, m.shape(x)[3]])
    m.model.operator("RESIZE_NEAREST_NEIGHBOR", [x, m.model.constant(sizes)], [y], table="ResizeNearestNeighborOptions")
    return y


def resize_bilinear(m: Maker, x: int) -> int:
    factor, form = m.pick(2, 4), m.pick("corners", "half", "plain")
    sizes = [(n - 1) * factor + 1 if form == "corners" else n * factor for n in m.shape(x)[1:3]]
    y = m.like(x, [1, *sizes, m.shape(x)[3]])
    m.model.operator(
        "RESIZE_BILINEAR",
        [x, m.model.constant(sizes)],
        [y],
        table="ResizeBilinearOptions",
        alignCorners=form == "corners",
        halfPixelCenters=form == "half",
    )
    return y


def matrix_product(m: Maker, x: int) -> int:
    """With a second input, or with the first one's own columns as rows."""
    _, height, width, depth = m.shape(x)
    columns, transposed = m.channels(), m.chance(0.5)
    shape = [1, height, columns, depth] if transposed else [1, height, depth, columns]
    other = m.model.input(shape, m.dtype, m.scale(), m.zero_point())
    spread = m.scale_of(x) * m.scale_of(other) * math.sqrt(depth) * (6000 if m.dtype is np.int16 else 60)
    y = m.activation([1, height, width, columns], float(np.float32(spread * 2.0 ** m.rng.uniform(-1, 2))))
    m.model.operator("BATCH_MATMUL", [x, other], [y], table="BatchMatMulOptions", adjX=False, adjY=transposed)
    return y


def resize_nearest_any(m: Maker, x: int) -> int:
    """To sizes that are no multiples. With neither option Vela 5.2 takes the pixels' centres."""
    sizes = [m.integer(1, 2 * n + 3) for n in m.shape(x)[1:3]]
    y, corners = m.like(x, [1, *sizes, m.shape(x)[3]]), m.chance(0.5)
    options = {"table": "ResizeNearestNeighborOptions", "alignCorners": corners, "halfPixelCenters": not corners}
    m.model.operator("RESIZE_NEAREST_NEIGHBOR", [x, m.model.constant(sizes)], [y], **options)
    return y


def greatest(builtin: str) -> Callable[[Maker, int], int]:
    """Over one axis or two."""

    def add(m: Maker, x: int) -> int:
        axes = m.pick([1], [2], [3], [1, 2])
        y = m.like(x, [1 if a in axes else n for a, n in enumerate(m.shape(x))])
        m.model.operator(builtin, [x, m.model.constant(axes)], [y], table="ReducerOptions", keepDims=True)
        return y

    return add


def reverse(m: Maker, x: int) -> int:
    y = m.like(x, m.shape(x))
    m.model.operator("REVERSE_V2", [x, m.model.constant([m.integer(1, 3)])], [y], table="ReverseV2Options")
    return y


LAYERS_OF_U85: dict[str, Callable[[Maker, int], int]] = {
    "BATCH_MATMUL": matrix_product,
    "REDUCE_MAX": greatest("REDUCE_MAX"),
    "REDUCE_MIN": greatest("REDUCE_MIN"),
    "RESIZE_NEAREST_ANY": resize_nearest_any,
    "REVERSE_V2": reverse,
}
"""What a U85 can do and the others cannot."""

LAYERS: dict[str, Callable[[Maker, int], int]] = {
    "ABS": _unary("ABS"),
    "ADD": _binary("ADD", "AddOptions"),
    "AVERAGE_POOL_2D": _pool("AVERAGE_POOL_2D"),
    "CONCATENATION": concatenation,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connected,
    "HARD_SWISH": _unary("HARD_SWISH"),
    "LEAKY_RELU": leaky_relu,
    "LOGISTIC": _unary("LOGISTIC", 1 / 256),
    "MAXIMUM": _extremum("MAXIMUM"),
    "MAX_POOL_2D": _pool("MAX_POOL_2D"),
    "MEAN": mean,
    "MINIMUM": _extremum("MINIMUM"),
    "MUL": _binary("MUL", "MulOptions"),
    "PAD": padding,
    "QUANTIZE": requantize,
    "RELU": _unary("RELU"),
    "RELU6": _unary("RELU6"),
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest,
    "SOFTMAX": softmax,
    "STRIDED_SLICE": slicing,
    "SUB": _binary("SUB", "SubOptions"),
    "TANH": _unary("TANH", 1 / 128),
    "TRANSPOSE": transpose,
    "TRANSPOSE_CONV": transposed_convolution,
}
