"""Quantized programs of one operator with any scales and zero points, and PyTorch's word on what they compute.

Programs are written as graphs of `quantized_decomposed` operators, from int8 to int8; nothing is exported, so that
thousands take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.fx import Graph, GraphModule, Interpreter, Node

from mcugen.frontend import _finish
from mcugen.frontend.importer import PortNames, import_module
from mcugen.graph import reference

Int8Array = npt.NDArray[np.int8]
ATEN = torch.ops.aten
_Q = torch.ops.quantized_decomposed


@dataclass(frozen=True)
class Affine:
    """Quantization of an activation."""

    scale: float
    zero_point: int


class Program:
    """A program under construction."""

    def __init__(self) -> None:
        self.graph, self.root = Graph(), nn.Module()
        self.shapes: dict[str, tuple[int, ...]] = {}

    def input(self, shape: tuple[int, ...], q: Affine) -> Node:
        """A new int8 input, dequantized."""
        name = f"x{len(self.shapes)}"
        self.shapes[name] = shape
        node = self.graph.placeholder(name)
        node.meta["val"] = torch.zeros(shape, dtype=torch.int8)
        return self.call(_Q.dequantize_per_tensor.default, node, q.scale, q.zero_point, -128, 127, torch.int8)

    def constant(self, values: npt.NDArray[Any]) -> Node:
        """A parameter: float32, or the integers as they are."""
        tensor = torch.from_numpy(np.ascontiguousarray(values))
        name = f"c{len(list(self.root.buffers()))}"
        self.root.register_buffer(name, tensor.float() if tensor.is_floating_point() else tensor)
        node = self.graph.get_attr(name)
        node.meta["val"] = getattr(self.root, name)
        return node

    def weights(self, values: Int8Array, scales: npt.NDArray[np.float32]) -> Node:
        """int8 weights, one scale or one for each output channel (axis 0), dequantized."""
        stored = self.constant(values)
        if scales.size == 1:
            scale = float(scales.reshape(-1)[0])
            return self.call(_Q.dequantize_per_tensor.default, stored, scale, 0, -128, 127, torch.int8)
        zeros = self.constant(np.zeros(scales.size, np.int64))
        scale_node = self.constant(scales)
        return self.call(_Q.dequantize_per_channel.default, stored, scale_node, zeros, 0, -128, 127, torch.int8)

    def call(self, target: Any, *args: Any) -> Node:
        return self.graph.call_function(target, args)

    def finish(self, *results: tuple[Node, Affine]) -> GraphModule:
        """The module, with each result quantized."""
        outputs = [
            self.call(_Q.quantize_per_tensor.default, node, q.scale, q.zero_point, -128, 127, torch.int8)
            for node, q in results
        ]
        self.graph.output(tuple(outputs))
        return GraphModule(self.root, self.graph)


class _Doubles(Interpreter):
    """The program in float64: what it means, without the rounding of float32."""

    def get_attr(self, target: Any, args: Any, kwargs: Any) -> Any:
        value = super().get_attr(target, args, kwargs)
        return value.double() if value.is_floating_point() else value

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        if target is _Q.quantize_per_tensor.default:
            x, scale, zero_point, low, high, dtype = args
            return torch.clamp(torch.round(x / float(np.float32(scale))) + zero_point, low, high).to(dtype)
        if target is _Q.dequantize_per_tensor.default:
            return (args[0].double() - args[2]) * float(np.float32(args[1]))
        if target is _Q.dequantize_per_channel.default:
            shape = [-1 if i == args[3] else 1 for i in range(args[0].dim())]
            return args[0].double() * args[1].reshape(shape)
        return super().call_function(target, args, kwargs)


def largest_difference(module: GraphModule, shapes: dict[str, tuple[int, ...]], samples: dict[str, Int8Array]) -> int:
    """Output steps between the imported graph's reference and PyTorch, over all samples and outputs.

    Where float32 and float64 disagree about the program, either is right.

    Args:
        shapes: of the inputs, batch included.
        samples: an array for each input, (samples, *shape[1:]).
    """
    count = len(next(iter(samples.values())))
    expected = []
    for i in range(count):
        inputs = [torch.from_numpy(samples[name][i].reshape(shape)) for name, shape in shapes.items()]
        with torch.no_grad():
            expected.append((Interpreter(module).run(*inputs), _Doubles(module).run(*inputs)))
    results = len(expected[0][0])
    names = [f"y{i}" for i in range(results)]
    graph = _finish(import_module(module, "net", PortNames(list(shapes), names)))
    ours = reference.run_model_layout(graph, samples)
    worst = 0
    for output, name in enumerate(names):
        for i in range(count):
            given = ours[name][i].astype(int).reshape(-1)
            pytorch = [np.abs(e[output].numpy().astype(int).reshape(-1) - given) for e in expected[i]]
            worst = max(worst, int(np.minimum(*pytorch).max(initial=0)))
    return worst
