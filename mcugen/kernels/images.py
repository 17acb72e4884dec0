"""Operators on several images: kernels work on one, the schedule calls them for each.

A kernel of an NHWC operator never sees N: `per_image` shows it the operator on one image and turns its invocation into
one for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TypeVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import Tensor
from mcugen.kernels.base import Images, Invocation, Kernel, Overlap

K = TypeVar("K", bound=Kernel)


def per_image(invoke: Callable[[K, Operator, Graph], Invocation]) -> Callable[[K, Operator, Graph], Invocation]:
    """For `Kernel.invoke` of an operator whose activations are all (N, H, W, C)."""

    @wraps(invoke)
    def wrapped(self: K, op: Operator, graph: Graph) -> Invocation:
        images = _images(op, graph)
        if images == 1:
            return invoke(self, op, graph)
        one = _one_image(op, graph)
        invocation = invoke(self, op, one)
        inputs, outputs = (
            [one.tensor(n).size_bytes if invocation.as_bytes else one.tensor(n).elements for n in names]
            for names in (invocation.inputs, invocation.outputs)
        )
        overlaps = tuple(
            o
            for overlap in invocation.overlaps
            if (o := over_images(overlap, images, inputs[overlap.input_index], outputs[0])) is not None
        )
        return replace(invocation, images=Images(images, tuple(inputs), tuple(outputs)), overlaps=overlaps)

    return wrapped


def cost_per_image(cost: Callable[[K, Operator, Graph], float]) -> Callable[[K, Operator, Graph], float]:
    """For `Kernel.cost` of such an operator."""

    @wraps(cost)
    def wrapped(self: K, op: Operator, graph: Graph) -> float:
        images = _images(op, graph)
        if images == 1:
            return cost(self, op, graph)
        return images * (cost(self, op, _one_image(op, graph)) + 10)

    return wrapped


def over_images(overlap: Overlap, images: int, input_bytes: int, output_bytes: int) -> Overlap | None:
    """The permission that holds for every image, from that of one; None when there is none.

    Image i reads at input + i * input_bytes and writes at output + i * output_bytes. The permission of one image asks
    that its output starts `distance` below its input; where outputs are larger, the last image's is the nearest. The
    outputs of earlier images end where the output of image i starts: below its input, which is still to be read.
    """
    if output_bytes == input_bytes:
        return overlap if overlap.distance >= 0 else None
    if overlap.exact:
        return None
    distance = max(overlap.distance, 0)
    return Overlap(overlap.input_index, distance + max((images - 1) * (output_bytes - input_bytes), 0))


def _images(op: Operator, graph: Graph) -> int:
    return graph.tensor(op.outputs[0]).shape[0]


def _one_image(op: Operator, graph: Graph) -> Graph:
    """The operator alone, on the first image."""

    def first(tensor: Tensor) -> Tensor:
        return tensor if tensor.is_constant else replace(tensor, shape=(1, *tensor.shape[1:]))

    tensors = {name: first(graph.tensor(name)) for name in (*op.inputs, *op.outputs)}
    return Graph(graph.name, tensors, (op,), (), ())
