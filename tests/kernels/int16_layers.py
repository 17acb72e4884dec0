"""Layers of int16 as networks for microcontrollers have them, to count the instructions of their kernels."""

from __future__ import annotations

import numpy as np

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.interpolation import ENTRIES
from mcugen.graph.ops import (
    Add,
    AveragePool2d,
    Clamp,
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    Logistic,
    MaxPool2d,
    Mean,
    Mul,
    Operator,
    Softmax,
    Sub,
    Table,
    Tanh,
    WideSum,
)
from mcugen.graph.ops.elementwise.logistic import UNIT
from tests.graph.strategies import make_case, random_int8

IMAGE = (1, 25, 5, 64)
IN_NAMES, OUT_NAMES = ("input", "other"), ("output",)


def _q(scale: float) -> Quantization:
    return Quantization.per_tensor(scale, 0, 16)


def _graph(op: Operator, tensors: list[Tensor]) -> Graph:
    return make_case(op, tensors, np.random.default_rng(3)).graph


def _tensor(name: str, shape: tuple[int, ...], scale: float = 0.001) -> Tensor:
    return Tensor(name, shape, "int16", _q(scale))


def _weighted(
    kind: type[Conv2d | DepthwiseConv2d], image: tuple[int, ...], shape: tuple[int, ...], stride: int
) -> Graph:
    """ "Same" padding; no bias, so that accumulators have 64 bits."""
    axis = 0 if kind is Conv2d else 3
    rng = np.random.default_rng(5)
    weights = Tensor(
        "weights", shape, "int8", Quantization.per_channel([0.01] * shape[axis], axis), random_int8(rng, shape)
    )
    sides = [-(-n // stride) for n in image[1:3]]
    around = [max((o - 1) * stride + k - n, 0) for o, k, n in zip(sides, shape[1:3], image[1:3], strict=True)]
    (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in around)
    op = kind(
        name="layer",
        inputs=("input", "weights"),
        outputs=OUT_NAMES,
        stride=(stride, stride),
        padding=(top, left, bottom, right),
        clamp=(0, 32767),
    )
    return _graph(op, [_tensor("input", image), weights, _tensor("output", (1, *sides, shape[axis]), 0.01)])


def _dense(depth: int, channels: int) -> Graph:
    rng = np.random.default_rng(5)
    data = random_int8(rng, (channels, depth))
    weights = Tensor("weights", data.shape, "int8", Quantization.per_tensor(0.01, 0), data)
    op = FullyConnected(name="layer", inputs=("input", "weights"), outputs=OUT_NAMES, clamp=(-32768, 32767))
    return _graph(op, [_tensor("input", (1, depth)), weights, _tensor("output", (1, channels), 0.01)])


def _binary(op: Operator, scales: tuple[float, float, float] = (0.001, 0.0007, 0.0015)) -> Graph:
    tensors = [_tensor("input", IMAGE, scales[0]), _tensor("other", IMAGE, scales[1])]
    return _graph(op, [*tensors, _tensor("output", IMAGE, scales[2])])


def _unary(op: Operator, shape: tuple[int, ...] = IMAGE, out: Tensor | None = None, scale: float = 0.001) -> Graph:
    return _graph(op, [_tensor("input", shape, scale), out or _tensor("output", shape, scale)])


def layers() -> dict[str, Graph]:
    """By name."""
    pair = {"name": "layer", "inputs": IN_NAMES, "outputs": OUT_NAMES}
    one = {"name": "layer", "inputs": IN_NAMES[:1], "outputs": OUT_NAMES}
    whole = (-32768, 32767)
    pool = {"padding": (0, 0, 0, 0), "clamp": whole, **one}
    unit = Tensor("output", IMAGE, "int16", UNIT)
    values = tuple(int(v) for v in np.linspace(-30000, 30000, ENTRIES))
    return {
        "conv 49x10x1 to 64, 10x4": _weighted(Conv2d, (1, 49, 10, 1), (64, 10, 4, 1), 2),
        "conv 1x1 64 to 64": _weighted(Conv2d, IMAGE, (64, 1, 1, 64), 1),
        "conv 3x3 16 to 16": _weighted(Conv2d, (1, 16, 16, 16), (16, 3, 3, 16), 1),
        "depthwise 3x3": _weighted(DepthwiseConv2d, IMAGE, (1, 3, 3, 64), 1),
        "dense 640 to 128": _dense(640, 128),
        "dense 64 to 12": _dense(64, 12),
        "add": _binary(Add(clamp=whole, **pair)),
        "sub": _binary(Sub(clamp=whole, **pair)),
        "mul": _binary(Mul(clamp=whole, **pair), (0.001, 0.0007, 0.0005)),
        "wide sum": _binary(WideSum(clamp=whole, **pair)),
        "clamp": _unary(Clamp(clamp=(0, 20000), **one)),
        "average pool 25x5": _unary(
            AveragePool2d(kernel=(25, 5), stride=(1, 1), **pool), out=_tensor("output", (1, 1, 1, 64))
        ),
        "average pool 3x3": _unary(
            AveragePool2d(kernel=(3, 3), stride=(2, 2), **pool), out=_tensor("output", (1, 12, 2, 64))
        ),
        "max pool 2x2": _unary(MaxPool2d(kernel=(2, 2), stride=(2, 2), **pool), out=_tensor("output", (1, 12, 2, 64))),
        "mean of positions": _unary(Mean(axes=(1, 2), **one), out=_tensor("output", (1, 64))),
        "softmax of 8": _unary(Softmax(**one), (20, 8), Tensor("output", (20, 8), "int16", UNIT), scale=0.0002),
        "softmax of 100": _unary(Softmax(**one), (4, 100), Tensor("output", (4, 100), "int16", UNIT), scale=0.0002),
        "sigmoid": _unary(Logistic(**one), out=unit, scale=2.0**-12),
        "sigmoid of another scale": _unary(Logistic(**one), out=unit, scale=0.0003),
        "tanh": _unary(Tanh(**one), out=unit, scale=2.0**-12),
        "table": _unary(Table(values=values, **one)),
    }
