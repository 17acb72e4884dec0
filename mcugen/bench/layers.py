"""Single layers of the shapes that networks for microcontrollers have, as graphs made by hand.

One graph holds all layers of a family, each with inputs and outputs of its own, so that one firmware image counts them
all: a layer's figures are those between its two labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops import (
    Add,
    AveragePool2d,
    BatchMatMul,
    Concatenation,
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    MaxPool2d,
    Mean,
    Mul,
    Operator,
    Pad,
    Softmax,
    Transpose,
    TransposedConv2d,
)
from mcugen.graph.ops.windows import output_size
from mcugen.graph.tensor import Quantization, Tensor

# Zero points and scales as calibrated networks have them: none is 0, none is a power of two.
_INPUT = Quantization.per_tensor(0.047, -11)
_OTHER = Quantization.per_tensor(0.061, 7)
_SHARES = Quantization.per_tensor(1 / 256, -128)


@dataclass
class _Maker:
    """Collects operators, their tensors and the graph's borders."""

    name: str
    generator: np.random.Generator
    operators: list[Operator] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)

    def take(self, name: str, shape: Sequence[int], quantization: Quantization = _INPUT) -> str:
        """A new input of the graph."""
        self.tensors[name] = Tensor(name, tuple(shape), "int8", quantization)
        self.inputs.append(name)
        return name

    def weights(self, name: str, shape: Sequence[int], axis: int, depth: int) -> tuple[tuple[str, str], Quantization]:
        """Names of random weights per output channel with a bias, and the output that saturates few sums."""
        channels = shape[axis]
        scales = 0.004 * 2.0 ** self.generator.uniform(-1, 1, channels)
        quantization = Quantization.per_channel(scales, axis)
        data = self.generator.integers(-127, 127, shape, endpoint=True).astype(np.int8)
        self.tensors[f"{name}_weights"] = Tensor(f"{name}_weights", tuple(shape), "int8", quantization, data)
        bias = Quantization.per_channel(np.array(quantization.scales) * _INPUT.scale, 0)
        values = self.generator.integers(-2000, 2000, channels).astype(np.int32)
        self.tensors[f"{name}_bias"] = Tensor(f"{name}_bias", (channels,), "int32", bias, values)
        out = Quantization.per_tensor(0.004 * _INPUT.scale * math.sqrt(depth) * 75 * 75 / 40, -4)
        return (f"{name}_weights", f"{name}_bias"), out

    def give(self, op: Operator, shape: Sequence[int], quantization: Quantization = _INPUT) -> None:
        self.tensors[op.outputs[0]] = Tensor(op.outputs[0], tuple(shape), "int8", quantization)
        self.operators.append(op)

    def graph(self) -> Graph:
        outputs = [op.outputs[0] for op in self.operators]
        graph = Graph(self.name, self.tensors, tuple(self.operators), self._ports(self.inputs), self._ports(outputs))
        graph.validate()
        return graph

    def _ports(self, names: Sequence[str]) -> tuple[Port, ...]:
        return tuple(Port(n, n, s := self.tensors[n].shape, tuple(range(len(s)))) for n in names)


Layer = Callable[[_Maker], None]
"""Adds one layer."""

_RELU = (_INPUT.zero_point, 127)


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Padding (before, after) of an axis, as LiteRT's SAME."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _window(
    image: tuple[int, int], kernel: tuple[int, int], stride: int, dilation: int = 1
) -> tuple[int, int, int, int]:
    (top, bottom), (left, right) = (_same(s, k, stride, dilation) for s, k in zip(image, kernel, strict=True))
    return top, left, bottom, right


def conv(
    image: tuple[int, int], c_in: int, c_out: int, kernel: tuple[int, int], stride: int = 1, dilation: int = 1
) -> Layer:
    """A convolution with SAME padding, named after its shape."""
    name = f"conv_{kernel[0]}x{kernel[1]}_{c_in}to{c_out}_{image[0]}x{image[1]}"
    name += f"_stride{stride}" * (stride > 1) + f"_dilated{dilation}" * (dilation > 1)

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (1, *image, c_in))
        constants, out = make.weights(name, (c_out, *kernel, c_in), 0, math.prod(kernel) * c_in)
        padding = _window(image, kernel, stride, dilation)
        op = Conv2d(
            name=name,
            inputs=(x, *constants),
            outputs=(f"{name}_y",),
            stride=(stride, stride),
            padding=padding,
            dilation=(dilation, dilation),
            clamp=(out.zero_point, 127),
        )
        size = output_size(make.tensors[x], kernel, op.stride, op.dilation, padding)
        make.give(op, (1, *size, c_out), out)

    return add


def depthwise(
    image: tuple[int, int], channels: int, kernel: tuple[int, int], stride: int = 1, multiplier: int = 1
) -> Layer:
    """A depthwise convolution with SAME padding."""
    name = f"depthwise_{kernel[0]}x{kernel[1]}_{channels}_{image[0]}x{image[1]}"
    name += f"_stride{stride}" * (stride > 1) + f"_multiplier{multiplier}" * (multiplier > 1)

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (1, *image, channels))
        constants, out = make.weights(name, (1, *kernel, channels * multiplier), 3, math.prod(kernel))
        padding = _window(image, kernel, stride)
        op = DepthwiseConv2d(
            name=name,
            inputs=(x, *constants),
            outputs=(f"{name}_y",),
            stride=(stride, stride),
            padding=padding,
            clamp=(out.zero_point, 127),
        )
        size = output_size(make.tensors[x], kernel, op.stride, op.dilation, padding)
        make.give(op, (1, *size, channels * multiplier), out)

    return add


def dense(rows: int, c_in: int, c_out: int) -> Layer:
    """A fully connected layer."""
    name = f"dense_{c_in}to{c_out}" + f"_rows{rows}" * (rows > 1)

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (rows, c_in))
        constants, out = make.weights(name, (c_out, c_in), 0, c_in)
        op = FullyConnected(name=name, inputs=(x, *constants), outputs=(f"{name}_y",), clamp=(out.zero_point, 127))
        make.give(op, (rows, c_out), out)

    return add


def transposed(image: tuple[int, int], c_in: int, c_out: int, kernel: int, stride: int) -> Layer:
    """A transposed convolution that multiplies the image's size with its stride."""
    name = f"transposed_conv_{kernel}x{kernel}_{c_in}to{c_out}_{image[0]}x{image[1]}_stride{stride}"

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (1, *image, c_in))
        constants, out = make.weights(name, (c_out, kernel, kernel, c_in), 0, c_in * (kernel // stride) ** 2)
        padding = ((kernel - stride) // 2,) * 2
        op = TransposedConv2d(
            name=name, inputs=(x, *constants), outputs=(f"{name}_y",), stride=(stride, stride), padding=padding
        )
        make.give(op, (1, image[0] * stride, image[1] * stride, c_out), out)

    return add


def matmul(batch: int, rows: int, depth: int, columns: int, *, turned: bool) -> Layer:
    """A product of two activations; `turned`: the right one is stored as (columns, depth)."""
    name = f"matmul_{batch}x{rows}x{depth}x{columns}" + "_turned" * turned

    def add(make: _Maker) -> None:
        left = make.take(f"{name}_left", (batch, rows, depth))
        right = make.take(f"{name}_right", (batch, columns, depth) if turned else (batch, depth, columns), _OTHER)
        out = Quantization.per_tensor(_INPUT.scale * _OTHER.scale * math.sqrt(depth) * 75 * 75 / 40, 3)
        op = BatchMatMul(name=name, inputs=(left, right), outputs=(f"{name}_y",), transposed=turned)
        make.give(op, (batch, rows, columns), out)

    return add


def pair(cls: type[Add] | type[Mul], shape: tuple[int, ...]) -> Layer:
    """An element-wise operator of two tensors of one shape."""
    name = f"{cls.kind}_{'x'.join(map(str, shape[1:]))}"

    def add(make: _Maker) -> None:
        first, second = make.take(f"{name}_a", shape), make.take(f"{name}_b", shape, _OTHER)
        scale = 0.083 if cls is Add else _INPUT.scale * _OTHER.scale * 50
        op = cls(name=name, inputs=(first, second), outputs=(f"{name}_y",))
        make.give(op, shape, Quantization.per_tensor(scale, -3))

    return add


def pool(
    cls: type[AveragePool2d] | type[MaxPool2d], image: tuple[int, int], channels: int, kernel: int, stride: int
) -> Layer:
    """A pool with SAME padding where the stride is below the kernel's size."""
    name = f"{cls.kind.removesuffix('2d')}_{kernel}x{kernel}_{channels}_{image[0]}x{image[1]}"
    name += f"_stride{stride}" * (stride != kernel)

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (1, *image, channels))
        window = (kernel, kernel)
        padding = _window(image, window, stride) if stride < kernel else (0, 0, 0, 0)
        op = cls(
            name=name, inputs=(x,), outputs=(f"{name}_y",), kernel=window, stride=(stride, stride), padding=padding
        )
        size = output_size(make.tensors[x], window, op.stride, (1, 1), padding)
        make.give(op, (1, *size, channels))

    return add


def mean(image: tuple[int, int], channels: int) -> Layer:
    """The global average pool, which CMSIS-NN has as a pool as large as the image."""
    name = f"global_average_{channels}_{image[0]}x{image[1]}"

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (1, *image, channels))
        op = Mean(name=name, inputs=(x,), outputs=(f"{name}_y",), axes=(1, 2))
        make.give(op, (1, 1, 1, channels))

    return add


def softmax(rows: int, depth: int) -> Layer:
    name = f"softmax_{rows}x{depth}"

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (rows, depth))
        make.give(Softmax(name=name, inputs=(x,), outputs=(f"{name}_y",)), (rows, depth), _SHARES)

    return add


def pad(image: tuple[int, int], channels: int, border: int) -> Layer:
    name = f"pad_{border}_{channels}_{image[0]}x{image[1]}"

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", (1, *image, channels))
        sides = ((0, 0), (border, border), (border, border), (0, 0))
        op = Pad(name=name, inputs=(x,), outputs=(f"{name}_y",), padding=sides)
        make.give(op, (1, image[0] + 2 * border, image[1] + 2 * border, channels))

    return add


def concatenation(image: tuple[int, int], channels: Sequence[int], axis: int = 3) -> Layer:
    name = f"concat_axis{axis}_{'and'.join(map(str, channels))}_{image[0]}x{image[1]}"

    def add(make: _Maker) -> None:
        parts = [make.take(f"{name}_{i}", (1, *image, count)) for i, count in enumerate(channels)]
        shape = [1, *image, channels[0]]
        shape[axis] = sum(channels) if axis == 3 else image[axis - 1] * len(channels)
        make.give(Concatenation(name=name, inputs=tuple(parts), outputs=(f"{name}_y",), axis=axis), shape)

    return add


def transpose(shape: tuple[int, ...], permutation: tuple[int, ...]) -> Layer:
    name = f"transpose_{'x'.join(map(str, shape))}_to_{''.join(map(str, permutation))}"

    def add(make: _Maker) -> None:
        x = make.take(f"{name}_x", shape)
        op = Transpose(name=name, inputs=(x,), outputs=(f"{name}_y",), permutation=permutation)
        make.give(op, [shape[a] for a in permutation])

    return add


FAMILIES: dict[str, tuple[Layer, ...]] = {
    "convolution": (
        conv((25, 5), 64, 64, (1, 1)),
        conv((12, 12), 32, 64, (1, 1)),
        conv((6, 6), 128, 128, (1, 1)),
        conv((3, 3), 256, 256, (1, 1)),
        conv((24, 24), 8, 16, (1, 1)),
        conv((9, 7), 13, 19, (1, 1)),
        conv((16, 16), 16, 32, (1, 1), 2),
        conv((16, 16), 16, 16, (3, 3)),
        conv((8, 8), 32, 32, (3, 3)),
        conv((8, 8), 64, 32, (3, 3)),
        conv((16, 16), 16, 32, (3, 3), 2),
        conv((11, 9), 7, 9, (3, 3)),
    ),
    "windows": (
        conv((32, 32), 3, 8, (3, 3), 2),
        conv((32, 32), 3, 16, (3, 3)),
        conv((49, 10), 1, 32, (10, 4), 2),
        conv((28, 28), 1, 8, (5, 5)),
        conv((12, 12), 8, 16, (5, 5)),
        conv((12, 12), 16, 16, (3, 3), 1, 2),
        conv((1, 128), 8, 16, (1, 5)),
        conv((1, 64), 16, 32, (1, 3), 2),
    ),
    "depthwise": (
        depthwise((25, 5), 64, (3, 3)),
        depthwise((24, 24), 8, (3, 3)),
        depthwise((24, 24), 16, (3, 3), 2),
        depthwise((12, 12), 32, (3, 3)),
        depthwise((6, 6), 128, (3, 3)),
        depthwise((3, 3), 256, (3, 3)),
        depthwise((12, 12), 32, (5, 5)),
        depthwise((12, 12), 24, (5, 5), 2),
        depthwise((11, 9), 13, (3, 3)),
        depthwise((20, 20), 1, (3, 3), 1, 8),
        depthwise((12, 12), 8, (3, 3), 1, 4),
        depthwise((1, 64), 32, (1, 9)),
    ),
    "linear": (
        dense(1, 640, 128),
        dense(1, 128, 128),
        dense(1, 128, 8),
        dense(1, 8, 128),
        dense(1, 64, 12),
        dense(1, 256, 2),
        dense(1, 77, 31),
        dense(8, 32, 64),
        matmul(2, 16, 32, 16, turned=True),
        matmul(2, 16, 16, 32, turned=False),
        transposed((8, 8), 16, 8, 4, 2),
        transposed((8, 8), 8, 8, 2, 2),
    ),
    "elementwise": (
        pair(Add, (1, 32, 32, 16)),
        pair(Add, (1, 8, 8, 64)),
        pair(Add, (1, 1, 1, 13)),
        pair(Mul, (1, 16, 16, 16)),
        pair(Mul, (1, 1, 1, 64)),
        softmax(1, 12),
        softmax(1, 1000),
        softmax(16, 16),
    ),
    "pooling": (
        pool(AveragePool2d, (8, 8), 64, 8, 8),
        pool(AveragePool2d, (25, 5), 64, 5, 5),
        pool(AveragePool2d, (16, 16), 16, 2, 2),
        pool(AveragePool2d, (12, 12), 16, 3, 2),
        pool(AveragePool2d, (3, 3), 256, 3, 3),
        pool(MaxPool2d, (24, 24), 16, 2, 2),
        pool(MaxPool2d, (12, 12), 32, 3, 2),
        pool(MaxPool2d, (11, 11), 13, 3, 1),
        mean((8, 8), 64),
    ),
    "movement": (
        pad((24, 24), 8, 1),
        pad((12, 12), 32, 2),
        concatenation((12, 12), (16, 32)),
        concatenation((12, 12), (8, 8, 8, 8)),
        concatenation((12, 12), (16, 16), 1),
        transpose((1, 24, 24, 8), (0, 3, 1, 2)),
        transpose((64, 48), (1, 0)),
        transpose((1, 4, 16, 24), (0, 2, 1, 3)),
    ),
}
"""Layers by family: what one graph holds."""


def family_graph(name: str) -> Graph:
    """The graph of one of `FAMILIES`, the same on every call; its layers have their operators' names."""
    make = _Maker(name, np.random.default_rng(sum(map(ord, name))))
    for add in FAMILIES[name]:
        add(make)
    return make.graph()
