"""Values at places given by a tensor: at run time where it is one of the model, else as any selection."""

from __future__ import annotations

from typing import Any

from torch.fx import Node

from mcugen.frontend.lowering.arguments import axis, bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Row
from mcugen.frontend.lowering.rows.movement import moving
from mcugen.frontend.lowering.rows.selection import select, take
from mcugen.graph.ops import Gather, GatherElements


def _is_computed(ctx: Lowering, value: Any) -> bool:
    return isinstance(value, Node) and ctx.constant_value(value) is None


def index(ctx: Lowering, node: Node, x: str) -> str:
    """index_select, and x[..., ids, ...] with one tensor of ids."""
    bound, rank = bind(node), len(ctx.tensors[x].shape)
    given = list(bound["indices"]) if "indices" in bound else [bound["index"]]
    if not any(_is_computed(ctx, ids) for ids in given):
        return select(ctx, node, x)
    where = [place for place, ids in enumerate(given) if ids is not None]
    if len(where) > 1:
        raise ctx.unsupported(
            node, "it takes several tensors of places that the model computes", "use gather, or one tensor of places"
        )
    over = where[0] if "indices" in bound else axis(bound["dim"], rank)
    ids, source = ctx.integer(given[where[0]], node), ctx.tensors[x]
    if ctx.tensors[ids].dtype == "bool":
        raise ctx.unsupported(node, "the shape of its result depends on values", "use torch.where(condition, x, 0)")
    return ctx.emit(Gather, node, (ids, x), shape_of(node), source.quantization, "", source.dtype, axis=over)


def elements(ctx: Lowering, node: Node, x: str) -> str:
    """gather and take_along_dim."""
    bound, shape = bind(node), ctx.tensors[x].shape
    given = bound["indices"] if "indices" in bound else bound["index"]
    if not _is_computed(ctx, given):
        return select(ctx, node, x)
    if bound["dim"] is None or len(shape_of(given)) != len(shape) or not shape:
        raise ctx.unsupported(node, "its places and values have different numbers of axes", "give both the same axes")
    over, wanted = axis(bound["dim"], len(shape)), shape_of(given)
    if any(n > size for a, (n, size) in enumerate(zip(wanted, shape, strict=True)) if a != over):
        raise ctx.unsupported(node, "its values are broadcast", "expand them before")
    kept = [range(size) if a == over else range(wanted[a]) for a, size in enumerate(shape)]
    x = take(ctx, node, x, kept, "_part")
    source = ctx.tensors[x]
    ids = ctx.integer(given, node)
    if ctx.tensors[ids].shape != shape_of(node):
        raise ctx.unsupported(node, "its places are broadcast", "expand them before")
    return ctx.emit(GatherElements, node, (ids, x), shape_of(node), source.quantization, "", source.dtype, axis=over)


_INDEX, _ELEMENTS = moving(index), moving(elements)

ROWS: dict[str, Row[Lowering]] = {
    "aten.index_select.default": _INDEX,
    "aten.index.Tensor": _INDEX,
    "aten._unsafe_index.Tensor": _INDEX,
    "aten.gather.default": _ELEMENTS,
    "aten.take_along_dim.default": _ELEMENTS,
}
