"""A streaming network as wake-word models are: convolutions over ring buffers, each a state of its own."""

from __future__ import annotations

import math

import numpy as np

from mcugen.graph import Graph, IntArray, Port, Quantization, Tensor
from mcugen.graph.graph import State
from mcugen.graph.ops import Concatenation, Conv2d, DepthwiseConv2d, FullyConnected, Operator, Reshape, Softmax, Take

FEATURES = 12
TAPS = 3


class _Network:
    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []
        self.states: list[State] = []

    def add(self, name: str, shape: tuple[int, ...], q: Quantization | None, data: IntArray | None = None) -> Tensor:
        dtype = "int8" if data is None else str(data.dtype)
        self.tensors[name] = Tensor(name, shape, dtype, q, data)
        return self.tensors[name]

    def append(self, kind: type[Operator], inputs: list[Tensor], out: Tensor, **attributes: object) -> Tensor:
        names = tuple(t.name for t in inputs)
        self.operators.append(kind(name=f"{kind.kind}_{out.name}", inputs=names, outputs=(out.name,), **attributes))  # type: ignore[call-arg]
        return out

    def quantization(self) -> Quantization:
        return Quantization.per_tensor(float(self.rng.uniform(0.02, 0.1)), int(self.rng.integers(-128, 40)))

    def weights(self, name: str, shape: tuple[int, ...], axis: int) -> list[Tensor]:
        terms = math.prod(shape) // shape[axis]
        q = Quantization.per_channel(self.rng.uniform(0.5, 1.5, shape[axis]) / terms**0.5 / 60, axis)
        data = self.rng.integers(-127, 128, shape).astype(np.int8)
        bias = self.rng.integers(-3000, 3000, shape[axis]).astype(np.int32)
        return [self.add(f"{name}_weights", shape, q, data), self.add(f"{name}_bias", bias.shape, None, bias)]

    def ring(self, index: int, x: Tensor) -> Tensor:
        """What the last steps had of `x`, (1, 1, 1, C), in front of it; the last of that are kept."""
        channels = x.shape[3]
        before = self.add(f"ring{index}", (1, TAPS - 1, 1, channels), x.quantization)
        whole = self.add(f"window{index}", (1, TAPS, 1, channels), x.quantization)
        self.append(Concatenation, [before, x], whole, axis=1)
        after = self.add(f"kept{index}", before.shape, x.quantization)
        places = (range(1), range(1, TAPS), range(1), range(channels))
        self.append(Take, [whole], after, indices=tuple(map(tuple, places)))
        # Every second one starts from something else than zeros.
        initial = np.full(before.shape, x.zero_point, np.int8)
        if index % 2:
            initial = self.rng.integers(-128, 128, before.shape).astype(np.int8)
        self.states.append(State(before.name, before.name, after.name, initial))
        return whole

    def convolution(self, index: int, x: Tensor, channels: int) -> Tensor:
        depth = x.shape[3]
        out = self.add(f"y{index}", (1, 1, 1, channels), self.quantization())
        clamp = (out.zero_point, 127)
        if channels == depth:
            constants = self.weights(f"conv{index}", (1, TAPS, 1, depth), 3)
            return self.append(DepthwiseConv2d, [x, *constants], out, clamp=clamp)
        constants = self.weights(f"conv{index}", (channels, TAPS, 1, depth), 0)
        return self.append(Conv2d, [x, *constants], out, clamp=clamp)


def streaming_network(seed: int, variables: int = 6) -> Graph:
    """One step of 12 features in, class scores out, `variables` ring buffers between."""
    net = _Network(np.random.default_rng(seed))
    x = net.add("features", (1, 1, 1, FEATURES), net.quantization())
    value, channels = x, (16, 16, 8, 8, 24, 24)
    for index in range(variables):
        value = net.convolution(index, net.ring(index, value), channels[index % len(channels)])
    flat = net.append(Reshape, [value], net.add("flat", (1, value.shape[3]), value.quantization))
    scores = net.add("scores", (1, 4), net.quantization())
    net.append(FullyConnected, [flat, *net.weights("classes", (4, flat.shape[1]), 0)], scores)
    shares = net.add("shares", (1, 4), Quantization.per_tensor(1 / 256, -128))
    net.append(Softmax, [scores], shares)
    ports = [Port(t.name, t.name, t.shape, tuple(range(len(t.shape)))) for t in (x, shares)]
    graph = Graph("streaming", net.tensors, tuple(net.operators), (ports[0],), (ports[1],), states=tuple(net.states))
    graph.validate()
    return graph
