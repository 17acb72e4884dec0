"""Softmax and its logarithm over any one axis."""

from __future__ import annotations

from torch.fx import Node

from mcugen.frontend.lowering.arguments import axis, bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import PROBABILITY, Role, Row
from mcugen.graph.ops import LogSoftmax, MaskedSoftmax, Softmax
from mcugen.graph.ops.normalization.softmax import covering_shares
from mcugen.graph.tensor import Quantization


def _mask(ctx: Lowering, node: Node, value: Node, order: tuple[int, ...]) -> str:
    """The mask with as many axes as the operand, in its order of axes."""
    mask = ctx.integer(value, node)
    shape = ctx.tensors[mask].shape
    mask = ctx.reshape(node, mask, (1,) * (len(order) - len(shape)) + shape, "_mask")
    return mask if order == tuple(range(len(order))) else ctx.transpose(node, mask, order, "_mask_last")


def _order(node: Node) -> tuple[int, ...]:
    """The axes with the softmax's last. The others keep their order: over the channels of an image this is NHWC, and
    costs nothing behind a convolution."""
    rank = len(shape_of(node))
    over = axis(bind(node)["dim"], rank)
    return (*(i for i in range(rank) if i != over), over)


def _last(ctx: Lowering, node: Node) -> str:
    """The operand with the softmax's axis last."""
    x, order = ctx.operand(bind(node)["self"], node), _order(node)
    return x if order == tuple(range(len(order))) else ctx.transpose(node, x, order, "_last")


def _back(ctx: Lowering, node: Node, result: str) -> str:
    """The result with its axes as they were."""
    order = _order(node)
    if order == tuple(range(len(order))):
        return result
    return ctx.transpose(node, result, tuple(sorted(range(len(order)), key=order.__getitem__)), "_back")


def _covering(out: Quantization) -> Quantization:
    """Of the quantizations that a softmax may have, the one for results of `out`."""
    return covering_shares(min(max((127 - out.zero_point) * out.scale, out.scale), 1.0))


def softmax(ctx: Lowering, node: Node, out: Quantization) -> str:
    """Also mcugen::masked_softmax, with its factor and its mask."""
    bound, x = bind(node), _last(ctx, node)
    shares = PROBABILITY[16] if out.bits == 16 else _covering(out)
    given, beta = ctx.tensors[x].shape, bound.get("beta", 1.0)
    if bound.get("mask") is None:
        result = ctx.emit(Softmax, node, (x,), given, shares, beta=beta)
    else:
        mask = _mask(ctx, node, bound["mask"], _order(node))
        result = ctx.emit(MaskedSoftmax, node, (x, mask), given, shares, beta=beta, included=bound["included"])
    return ctx.requantize(node, _back(ctx, node, result), out)


def log_softmax(ctx: Lowering, node: Node, out: Quantization) -> str:
    x = _last(ctx, node)
    return _back(ctx, node, ctx.emit(LogSoftmax, node, (x,), ctx.tensors[x].shape, out))


_SOFTMAX = Row(softmax, Role.PROBABILITY)
_LOG_SOFTMAX = Row(log_softmax, Role.COMPUTE)

ROWS: dict[str, Row[Lowering]] = {
    "aten.softmax.int": _SOFTMAX,
    "aten._softmax.default": _SOFTMAX,
    "aten.log_softmax.int": _LOG_SOFTMAX,
    "aten._log_softmax.default": _LOG_SOFTMAX,
    "mcugen.masked_softmax.default": _SOFTMAX,
}
