"""Rows of a constant table, chosen by integers of the model."""

from __future__ import annotations

from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import Embedding
from mcugen.graph.tensor import Quantization


def embedding(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    if ctx.constant_value(bound["weight"]) is None:
        raise ctx.unsupported(node, "its table is computed by the model", "use a constant table")
    table = ctx.moved(node, bound["weight"], out)
    quantization = ctx.tensors[table].quantization
    result = ctx.emit(Embedding, node, (ctx.integer(bound["indices"], node), table), shape_of(node), quantization)
    return ctx.requantize(node, result, out)


ROWS: dict[str, Row[Lowering]] = {
    "aten.embedding.default": Row(embedding, Role.COMPUTE, (), table="weight"),
}
