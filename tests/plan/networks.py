"""Integer graphs with the shapes of the example models, made without a front end; weights are zeros."""

from __future__ import annotations

import numpy as np

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.graph.ops.elementwise.add import Add
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.graph.ops.movement.reshape import Reshape
from mcugen.graph.ops.normalization.softmax import Softmax
from mcugen.graph.ops.reduction.mean import Mean
from mcugen.graph.tensor import Origin, Quantization, Tensor

_Q = Quantization.per_tensor(1 / 256, -128)


class NetworkBuilder:
    """Adds operators one after another; every method returns its output's name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []
        self.inputs: list[str] = []

    def input(self, *shape: int) -> str:
        name = f"x{len(self.inputs)}"
        self.inputs.append(self.activation(name, shape))
        return name

    def activation(self, name: str, shape: tuple[int, ...]) -> str:
        self.tensors[name] = Tensor(name, shape, "int8", _Q)
        return name

    def constant(self, name: str, shape: tuple[int, ...], axis: int) -> str:
        quantization = Quantization.per_channel([1 / 128] * shape[axis], axis)
        self.tensors[name] = Tensor(name, shape, "int8", quantization, np.zeros(shape, np.int8))
        return name

    def add_op(
        self, kind: type[Operator], inputs: tuple[str, ...], shape: tuple[int, ...], **attributes: object
    ) -> str:
        name = f"{kind.kind}_{len(self.operators)}"
        output = self.activation(f"t{len(self.operators)}", shape)
        origin = Origin(source=f"net.py:{len(self.operators) + 10}")
        self.operators.append(kind(name=name, inputs=inputs, outputs=(output,), origin=origin, **attributes))  # type: ignore[arg-type]
        return output

    def shape(self, tensor: str) -> tuple[int, ...]:
        return self.tensors[tensor].shape

    def conv(self, x: str, channels: int, kernel: tuple[int, int] = (1, 1), stride: int = 1) -> str:
        _, h, w, c = self.shape(x)
        padding, (oh, ow) = _same((h, w), kernel, stride)
        weights = self.constant(f"w{len(self.operators)}", (channels, *kernel, c), 0)
        return self.add_op(Conv2d, (x, weights), (1, oh, ow, channels), stride=(stride, stride), padding=padding)

    def depthwise(self, x: str, stride: int = 1) -> str:
        _, h, w, c = self.shape(x)
        padding, (oh, ow) = _same((h, w), (3, 3), stride)
        weights = self.constant(f"w{len(self.operators)}", (1, 3, 3, c), 3)
        return self.add_op(DepthwiseConv2d, (x, weights), (1, oh, ow, c), stride=(stride, stride), padding=padding)

    def dense(self, x: str, units: int) -> str:
        weights = self.constant(f"w{len(self.operators)}", (units, self.shape(x)[-1]), 0)
        return self.add_op(FullyConnected, (x, weights), (1, units))

    def add(self, a: str, b: str) -> str:
        return self.add_op(Add, (a, b), self.shape(a))

    def mean(self, x: str) -> str:
        return self.add_op(Mean, (x,), (1, 1, 1, self.shape(x)[3]), axes=(1, 2))

    def flatten(self, x: str) -> str:
        return self.add_op(Reshape, (x,), (1, int(np.prod(self.shape(x)))))

    def softmax(self, x: str) -> str:
        return self.add_op(Softmax, (x,), self.shape(x))

    def build(self, *outputs: str) -> Graph:
        def port(name: str) -> Port:
            shape = self.shape(name)
            return Port(name, name, shape, tuple(range(len(shape))))

        ins, outs = tuple(map(port, self.inputs)), tuple(map(port, outputs))
        return Graph(self.name, dict(self.tensors), tuple(self.operators), ins, outs)


def _same(
    size: tuple[int, int], kernel: tuple[int, int], stride: int
) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
    out = [-(-n // stride) for n in size]
    total = [max((o - 1) * stride + k - n, 0) for o, k, n in zip(out, kernel, size, strict=True)]
    top, left = total[0] // 2, total[1] // 2
    return (top, left, total[0] - top, total[1] - left), (out[0], out[1])


def ds_cnn() -> Graph:
    net = NetworkBuilder("ds_cnn")
    x = net.conv(net.input(1, 49, 10, 1), 64, (10, 4), 2)
    for _ in range(4):
        x = net.conv(net.depthwise(x), 64)
    return net.build(net.softmax(net.dense(net.flatten(net.mean(x)), 12)))


def mobilenet() -> Graph:
    """MobileNetV1, width 0.25, 96x96x3."""
    net = NetworkBuilder("mobilenet")
    x = net.conv(net.input(1, 96, 96, 3), 8, (3, 3), 2)
    blocks = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)]
    for channels, stride in blocks:
        x = net.conv(net.depthwise(x, stride), channels)
    return net.build(net.softmax(net.dense(net.flatten(net.mean(x)), 2)))


def resnet8() -> Graph:
    net = NetworkBuilder("resnet8")
    x = net.conv(net.input(1, 32, 32, 3), 16, (3, 3))
    for channels, stride in [(16, 1), (32, 2), (64, 2)]:
        y = net.conv(net.conv(x, channels, (3, 3), stride), channels, (3, 3))
        x = net.add(y, x if stride == 1 else net.conv(x, channels, (1, 1), stride))
    return net.build(net.softmax(net.dense(net.flatten(net.mean(x)), 10)))


def autoencoder() -> Graph:
    net = NetworkBuilder("autoencoder")
    x = net.input(1, 640)
    for units in [128] * 4 + [8] + [128] * 4 + [640]:
        x = net.dense(x, units)
    return net.build(x)


NETWORKS = {f.__name__: f for f in (ds_cnn, mobilenet, resnet8, autoencoder)}
