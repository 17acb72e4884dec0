"""Matrix products with constant weights: linear, addmm, mm, matmul."""

from __future__ import annotations

from typing import Any

from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind, shape_of
from mcugen.frontend.lowering.bias import add_weights_and_bias
from mcugen.frontend.lowering.context import Lowering, Weights
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import FullyConnected
from mcugen.graph.tensor import Quantization


def _fully_connected(ctx: Lowering, node: Node, source: Node, weights: Weights, bias: Any, out: Quantization) -> str:
    x = ctx.operand(source, node)
    constants = add_weights_and_bias(ctx, node, x, weights.values, weights.scales, 0, bias, out)
    return ctx.emit(FullyConnected, node, (x, *constants), shape_of(node), out)


def linear(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    return _fully_connected(ctx, node, bound["input"], ctx.weights(bound["weight"], node), bound["bias"], out)


def addmm(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if bound["alpha"] != 1 or bound["beta"] != 1:
        raise ctx.unsupported(node, "alpha and beta must be 1", "fold the factors into weights and bias")
    weights = ctx.weights(bound["mat2"], node, columns=True)
    return _fully_connected(ctx, node, bound["mat1"], weights, bound["self"], out)


def matmul(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    second = bound["mat2"] if "mat2" in bound else bound["other"]
    if len(shape_of(second)) != 2:
        raise ctx.unsupported(node, "only products with a constant matrix have an integer form", "use nn.Linear")
    return _fully_connected(ctx, node, bound["self"], ctx.weights(second, node, columns=True), None, out)


ROWS: dict[str, Row[Lowering]] = {
    "aten.linear.default": Row(linear, Role.COMPUTE, ("input",), weight="weight"),
    "aten.addmm.default": Row(addmm, Role.COMPUTE, ("mat1",), weight="mat2", channel_axis=1),
    "aten.mm.default": Row(matmul, Role.COMPUTE, ("self",), weight="mat2", channel_axis=1),
    "aten.matmul.default": Row(matmul, Role.COMPUTE, ("self",), weight="other", channel_axis=1),
}
