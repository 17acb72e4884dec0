"""A layer of a quantized program beside that of the float program: what fits weights to samples reads and changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.lowering.qdq import is_dequantize
from mcugen.frontend.rewrites.folding import attribute, weighted


@dataclass(frozen=True)
class Layer:
    """A convolution or linear layer whose weights are constants.

    Attributes:
        node: in the quantized program; `twin`: in the float program.
        weight: the operand; `stored`, (O, I / groups, ...), and `scales`, (O,), as the program holds them.
        weights: (O, I / groups, ...), the float program's, float64.
        low, high: limits of the integers.
    """

    node: Node
    twin: Node
    weight: Node
    stored: Tensor
    scales: Tensor
    weights: Tensor
    low: int
    high: int

    @property
    def arguments(self) -> dict[str, Any]:
        return bind(self.node)

    @property
    def groups(self) -> int:
        return int(self.arguments.get("groups", 1))

    @property
    def wide(self) -> bool:
        """Whether it reads int16."""
        source = self.arguments["input"]
        while not is_dequantize(source):
            if not source.all_input_nodes:
                return False
            source = source.all_input_nodes[0]
        return bool(bind(source)["dtype"] == torch.int16)

    @property
    def real(self) -> Tensor:
        """The weights that the integers stand for, (O, I / groups, ...), float64."""
        return self.stored.double() * along(self.scales, self.stored)

    def rows(self, x: Tensor) -> Tensor:
        """What meets a row of weights: (groups, positions, depth)."""
        if target_name(self.node) == "aten.linear.default":
            return x.reshape(1, -1, x.shape[-1])
        spatial = self.weights.dim() - 2
        image = x if x.dim() == spatial + 2 else x.unsqueeze(0)
        kernel, stride, dilation = (
            _pair(value, spatial, 1)
            for value in (self.weights.shape[2:], self.arguments["stride"], self.arguments["dilation"])
        )
        image = image if spatial == 2 else image.unsqueeze(2)
        image = torch.nn.functional.pad(image, self._padding(spatial))
        columns = torch.nn.functional.unfold(image, kernel, dilation=dilation, stride=stride)
        # (images, groups * depth, positions)
        parts = columns.reshape(len(columns), self.groups, -1, columns.shape[-1]).movedim((1, 3), (0, 2))
        return parts.reshape(self.groups, -1, parts.shape[-1])

    def _padding(self, spatial: int) -> list[int]:
        """As `torch.nn.functional.pad` wants it: the last axis first, before and behind."""
        given = self.arguments["padding"]
        if given == "valid":
            return [0] * 4
        if given == "same":
            steps = zip(
                _pair(self.arguments["dilation"], spatial, 1), _pair(self.weights.shape[2:], spatial, 1), strict=True
            )
            totals = [dilation * (kernel - 1) for dilation, kernel in steps]
            return [side for total in reversed(totals) for side in (total // 2, total - total // 2)]
        return [side for one in reversed(_pair(given, spatial, 0)) for side in (one, one)]


def _pair(value: Any, spatial: int, missing: int) -> tuple[int, int]:
    """Numbers of the height and the width; an axis of one dimension is the width."""
    numbers = [int(v) for v in value] if isinstance(value, list | tuple) else [int(value)]
    height, width = (numbers * 2)[:2] if spatial == 2 else (missing, numbers[0])
    return height, width


def along(channels: Tensor, weights: Tensor) -> Tensor:
    """Numbers of the output channels, (O,), to be multiplied with weights (O, ...); float64."""
    return channels.double().reshape([-1] + [1] * (weights.dim() - 1))


def layers_of(program: GraphModule, reference: GraphModule) -> dict[Node, Layer]:
    """The layers of a quantized program whose weights can be changed, in its order.

    Args:
        program: in q/dq form.
        reference: the float program of which it was made; its layers have the same names.
    """
    twins = {node.name: node for node in reference.graph.nodes}
    found = ((node, layer_of(program, node, reference, twins.get(node.name))) for node in program.graph.nodes)
    return {node: layer for node, layer in found if layer is not None}


def layer_of(program: GraphModule, node: Node, reference: GraphModule, twin: Node | None) -> Layer | None:
    """None where weights are no constants of one reader, with a scale for each output channel."""
    if not weighted(node):
        return None
    weight = bind(node)["weight"]
    if twin is None or twin.target != node.target or not isinstance(weight, Node) or not is_dequantize(weight):
        return None
    given = bind(weight)
    stored, scales = attribute(program, given["input"]), attribute(program, given.get("scales"))
    weights = attribute(reference, bind(twin)["weight"])
    if stored is None or scales is None or weights is None or given["axis"] != 0:
        return None
    if len(weight.users) != 1 or len(given["input"].users) != 1:
        return None
    return Layer(node, twin, weight, stored, scales, weights.double(), given["quant_min"], given["quant_max"])
