"""Matrix products: linear, addmm, mm, matmul with constant weights; bmm, matmul, linear of two activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind, shape_of
from mcugen.frontend.lowering.bias import add_weights_and_bias
from mcugen.frontend.lowering.context import Lowering, Weights
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import BatchMatMul, FullyConnected
from mcugen.graph.tensor import Quantization


def _fully_connected(ctx: Lowering, node: Node, source: Node, weights: Weights, bias: Any, out: Quantization) -> str:
    x = ctx.operand(source, node)
    values, scales = weights.values, weights.scales
    constants = add_weights_and_bias(ctx, node, x, values, scales, 0, bias, out, bits=weights.bits)
    return ctx.emit(FullyConnected, node, (x, *constants), shape_of(node), out)


def _batch_matmul(
    ctx: Lowering, node: Node, first: Any, second: Any, out: Quantization, *, transposed: bool = False
) -> str:
    """A product of any two tensors; a vector is a row on the left side, a column on the right."""
    left, right = ctx.operand(first, node), ctx.operand(second, node)
    rows, columns = ctx.tensors[left].shape, ctx.tensors[right].shape
    left = ctx.reshape(node, left, (1, *rows) if len(rows) == 1 else rows, "_row")
    right = ctx.reshape(node, right, (*columns, 1) if len(columns) == 1 else columns, "_column")
    batch = np.broadcast_shapes(ctx.tensors[left].shape[:-2], ctx.tensors[right].shape[:-2])
    across = ctx.tensors[right].shape[-2 if transposed else -1]
    shape = (*batch, ctx.tensors[left].shape[-2], across)
    vector = 1 in (len(rows), len(columns))
    suffix = "_matrix" if vector else ""
    result = ctx.emit(BatchMatMul, node, (left, right), shape, out, suffix, transposed=transposed)
    return ctx.reshape(node, result, shape_of(node), "")


def linear(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if ctx.constant_value(bound["weight"]) is None:
        if bound["bias"] is not None:
            raise ctx.unsupported(node, "its weights are an activation", "write it as a product and an addition")
        return _batch_matmul(ctx, node, bound["input"], bound["weight"], out, transposed=True)
    return _fully_connected(ctx, node, bound["input"], ctx.weights(bound["weight"], node), bound["bias"], out)


def addmm(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if bound["alpha"] != 1 or bound["beta"] != 1:
        raise ctx.unsupported(node, "alpha and beta must be 1", "fold the factors into weights and bias")
    weights = ctx.weights(bound["mat2"], node, channel_axis=1)
    return _fully_connected(ctx, node, bound["mat1"], weights, bound["self"], out)


def matmul(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    first, second = bound["self"], bound["mat2"] if "mat2" in bound else bound["other"]
    if ctx.constant_value(second) is None or len(shape_of(second)) != 2 or ctx.constant_value(first) is not None:
        return _batch_matmul(ctx, node, first, second, out)
    return _fully_connected(ctx, node, first, ctx.weights(second, node, channel_axis=1), None, out)


def _matrix_product(second: str) -> Row[Lowering]:
    """The second operand is a matrix of weights, or an activation."""
    operands = ("self", second)
    return Row(matmul, Role.COMPUTE, operands, weight=second, channel_axis=1, weight_axes=2, pairs=True)


ROWS: dict[str, Row[Lowering]] = {
    "aten.linear.default": Row(linear, Role.COMPUTE, ("input", "weight"), weight="weight", pairs=True),
    "aten.addmm.default": Row(addmm, Role.COMPUTE, ("mat1",), weight="mat2", channel_axis=1),
    "aten.mm.default": _matrix_product("mat2"),
    "aten.matmul.default": _matrix_product("other"),
    "aten.bmm.default": Row(matmul, Role.COMPUTE, ("self", "mat2")),
}
