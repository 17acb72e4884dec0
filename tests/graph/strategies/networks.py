"""Random small networks of many operators, for tests of what looks at whole graphs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Graph, Port, Quantization, Tensor
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
    Sub,
    Table,
    Take,
    Transpose,
)
from tests.graph.strategies.draws import (
    Case,
    Draw,
    clamps,
    quantizations,
    random_int8,
    seeds,
    weighted,
    windows,
    zero_points,
)

KINDS = {
    "add",
    "average_pool2d",
    "clamp",
    "concatenation",
    "conv2d",
    "depthwise_conv2d",
    "fully_connected",
    "max_pool2d",
    "mean",
    "mul",
    "pad",
    "requantize",
    "reshape",
    "softmax",
    "sub",
    "table",
    "take",
    "transpose",
}
"""The operators of these networks."""


class _Network:
    """A graph that grows by one random operator at a time. Each step takes a 4-D tensor and makes another."""

    def __init__(self, draw: Draw) -> None:
        self.draw, self.rng = draw, draw(seeds)
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []

    def activation(self, shape: tuple[int, ...], q: Quantization) -> Tensor:
        return self.keep(Tensor(f"t{len(self.tensors)}", shape, "int8", q))

    def keep(self, tensor: Tensor) -> Tensor:
        self.tensors[tensor.name] = tensor
        return tensor

    def apply(self, cls: type[Operator], inputs: list[Tensor], out: Tensor, **attributes: object) -> Tensor:
        name = f"{cls.kind}_{len(self.operators)}"
        names = tuple(t.name for t in inputs)
        self.operators.append(cls(name=name, inputs=names, outputs=(out.name,), **attributes))  # type: ignore[arg-type]
        return out

    def near(self, scale: float) -> Quantization:
        """A quantization whose scale is of the same size."""
        return Quantization.per_tensor(scale * 2.0 ** self.draw(st.floats(-2, 2)), self.draw(zero_points))

    def conv2d(self, x: Tensor) -> Tensor:
        window = self.draw(windows(x.shape[1:3], None, None, None, None))
        channels = self.draw(st.integers(1, 12))
        shape = (channels, *window.kernel, x.shape[3])
        return self._window_layer(Conv2d, x, window, shape, 0, channels)

    def depthwise_conv2d(self, x: Tensor) -> Tensor:
        window = self.draw(windows(x.shape[1:3], None, None, None, None))
        channels = x.shape[3] * (1 if x.shape[3] > 6 else self.draw(st.sampled_from([1, 1, 2])))
        return self._window_layer(DepthwiseConv2d, x, window, (1, *window.kernel, channels), 3, channels)

    def _window_layer(self, cls, x, window, shape, axis, channels):  # type: ignore[no-untyped-def]
        name = f"{cls.kind}_{len(self.operators)}_"
        parts = weighted(self.draw, self.rng, shape, axis, None, x=x.quantization, name=name)
        constants = [self.keep(t) for t in parts.constants]
        out = self.activation((1, *window.output, channels), parts.out)
        geometry = {"stride": window.stride, "padding": window.padding, "dilation": window.dilation}
        return self.apply(cls, [x, *constants], out, clamp=parts.clamp, **geometry)

    def pool(self, x: Tensor) -> Tensor:
        cls = self.draw(st.sampled_from([AveragePool2d, MaxPool2d]))
        padding = self.draw(st.sampled_from(["same", "valid"]))
        window = self.draw(windows(x.shape[1:3], None, None, padding, (1, 1), pooling=True))
        out = self.activation((1, *window.output, x.shape[3]), x.quantization)
        clamp = self.draw(clamps(x.zero_point))
        geometry = {"kernel": window.kernel, "stride": window.stride, "padding": window.padding}
        return self.apply(cls, [x], out, clamp=clamp, **geometry)

    def binary(self, x: Tensor) -> Tensor:
        """Add, sub or mul with an earlier tensor of the same shape, or with a constant vector."""
        cls = self.draw(st.sampled_from([Add, Sub, Mul]))
        partners = [t for t in self.tensors.values() if t.shape == x.shape and not t.is_constant]
        if self.draw(st.booleans()):
            other = self.draw(st.sampled_from(partners))
        else:
            data = random_int8(self.rng, x.shape[-1:])
            other = self.keep(Tensor(f"c{len(self.tensors)}", data.shape, "int8", self.near(x.scale), data))
        natural = max(x.scale, other.scale) * 2 if cls is not Mul else x.scale * other.scale * 64
        out = self.activation(x.shape, self.near(natural))
        return self.apply(cls, [x, other], out, clamp=self.draw(clamps(out.zero_point)))

    def clamp(self, x: Tensor) -> Tensor:
        return self.apply(Clamp, [x], self.activation(x.shape, x.quantization), clamp=self.draw(clamps(x.zero_point)))

    def requantize(self, x: Tensor) -> Tensor:
        return self.apply(Requantize, [x], self.activation(x.shape, self.near(x.scale)))

    def table(self, x: Tensor) -> Tensor:
        values = tuple(int(v) for v in self.rng.integers(-128, 128, 256))
        return self.apply(Table, [x], self.activation(x.shape, self.near(x.scale)), values=values)

    def pad(self, x: Tensor) -> Tensor:
        amounts = st.tuples(st.integers(0, 2), st.integers(0, 2))
        padding = ((0, 0), self.draw(amounts), self.draw(amounts), (0, 0))
        shape = tuple(n + sum(pair) for n, pair in zip(x.shape, padding, strict=True))
        return self.apply(Pad, [x], self.activation(shape, x.quantization), padding=padding)

    def take(self, x: Tensor) -> Tensor:
        """Height and width sliced or flipped."""
        indices = [tuple(range(n)) for n in x.shape]
        for axis in (1, 2):
            indices[axis] = indices[axis][:: self.draw(st.sampled_from([1, 2, -1]))]
        return self.apply(Take, [x], self.activation(tuple(map(len, indices)), x.quantization), indices=tuple(indices))

    def concatenation(self, x: Tensor) -> Tensor:
        """Along the channels, with everything else of the same quantization and image size."""
        same = (x.shape[:3], x.quantization)
        mates = [t for t in self.tensors.values() if len(t.shape) == 4 and (t.shape[:3], t.quantization) == same]
        other = self.draw(st.sampled_from([t for t in mates if not t.is_constant]))
        out = self.activation((*x.shape[:3], x.shape[3] + other.shape[3]), x.quantization)
        return self.apply(Concatenation, [x, other], out, axis=3)

    def transpose(self, x: Tensor) -> Tensor:
        """Height and width trade places."""
        shape = tuple(x.shape[axis] for axis in (0, 2, 1, 3))
        return self.apply(Transpose, [x], self.activation(shape, x.quantization), permutation=(0, 2, 1, 3))

    def classifier(self, x: Tensor) -> Tensor:
        """Mean or flatten, fully connected, perhaps softmax: a 2-D tensor."""
        if self.draw(st.booleans()):
            flat = self.apply(Mean, [x], self.activation((1, x.shape[3]), self.near(x.scale)), axes=(1, 2))
        else:
            flat = self.apply(Reshape, [x], self.activation((1, x.elements), x.quantization))
        classes = self.draw(st.integers(1, 12))
        name = f"fully_connected_{len(self.operators)}_"
        shape = (classes, flat.shape[1])
        parts = weighted(self.draw, self.rng, shape, 0, None, x=flat.quantization, name=name)
        constants = [self.keep(t) for t in parts.constants]
        out = self.apply(
            FullyConnected, [flat, *constants], self.activation((1, classes), parts.out), clamp=parts.clamp
        )
        # Softmax refuses scales below 2**-26.
        if out.scale > 1e-6 and self.draw(st.booleans()):
            out = self.apply(Softmax, [out], self.activation(out.shape, Quantization.per_tensor(1 / 256, -128)))
        return out

    def finish(self, source: Tensor, outputs: list[Tensor]) -> Case:
        def port(tensor: Tensor) -> Port:
            # 4-D borders are NCHW in the model file, as PyTorch's are.
            order = (0, 2, 3, 1) if len(tensor.shape) == 4 else tuple(range(len(tensor.shape)))
            model = [0] * len(order)
            for device_axis, model_axis in enumerate(order):
                model[model_axis] = tensor.shape[device_axis]
            return Port(tensor.name, f"port_{tensor.name}", tuple(model), order)

        graph = Graph("network", self.tensors, tuple(self.operators), (port(source),), tuple(port(t) for t in outputs))
        graph.validate()
        return Case(graph, {source.name: random_int8(self.rng, source.shape)})


@st.composite
def network_graphs(draw: Draw, *, steps: int = 8) -> Case:
    """A network of up to `steps` operators after one input, with branches; one or two outputs.

    LiteRT can express all of it.
    """
    network = _Network(draw)
    sizes = [draw(st.integers(1, 9)) for _ in range(3)]
    source = network.activation((1, *sizes), draw(quantizations))
    actions: list[Callable[[Tensor], Tensor]] = [
        network.conv2d,
        network.depthwise_conv2d,
        network.pool,
        network.binary,
        network.clamp,
        network.requantize,
        network.table,
        network.pad,
        network.take,
        network.concatenation,
        network.transpose,
    ]
    made = [source]
    for _ in range(draw(st.integers(1, steps))):
        # Mostly a chain; sometimes a branch from an earlier tensor.
        start = made[-1] if draw(st.integers(0, 3)) else draw(st.sampled_from(made))
        if math.prod(start.shape) > 4000 or not _reasonable(start.scale):
            start = source
        made.append(draw(st.sampled_from(actions))(start))
    outputs = [made[-1]]
    if draw(st.booleans()):
        outputs = [network.classifier(made[-1])]
    if draw(st.integers(0, 3)) == 0 and len(made) > 2:
        outputs.append(made[len(made) // 2])
    return network.finish(source, list(dict.fromkeys(outputs)))


def _reasonable(scale: float) -> bool:
    """Far from float32's limits, which a long chain of random gains could reach."""
    return bool(np.float32(1e-12) < np.float32(scale) < np.float32(1e12))
