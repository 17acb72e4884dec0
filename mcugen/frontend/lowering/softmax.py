"""Softmax over any one axis."""

from __future__ import annotations

import logging

from torch.fx import Node

from mcugen.frontend.lowering.arguments import axis, bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import PROBABILITY, Role, Row
from mcugen.frontend.provenance import origin
from mcugen.graph.ops import MaskedSoftmax, Softmax
from mcugen.graph.tensor import Quantization

log = logging.getLogger(__name__)


def _mask(ctx: Lowering, node: Node, value: Node, order: tuple[int, ...]) -> str:
    """The mask with as many axes as the operand, in its order of axes."""
    mask = ctx.integer(value, node)
    shape = ctx.tensors[mask].shape
    mask = ctx.reshape(node, mask, (1,) * (len(order) - len(shape)) + shape, "_mask")
    return mask if order == tuple(range(len(order))) else ctx.transpose(node, mask, order, "_mask_last")


def softmax(ctx: Lowering, node: Node, out: Quantization) -> str:
    """Also mcugen::masked_softmax, with its factor and its mask."""
    bound = bind(node)
    shape = shape_of(node)
    rank = len(shape)
    over = axis(bound["dim"], rank)
    x = ctx.operand(bound["self"], node)
    # The others keep their order: over the channels of an image this is NHWC, and costs nothing behind a convolution.
    last = (*(i for i in range(rank) if i != over), over)
    moves = over != rank - 1
    if moves:
        x = ctx.transpose(node, x, last, "_last")
    if out.scale < 0.9 * PROBABILITY.scale:
        log.warning("%s: steps of %.3g are asked for, the integer softmax has steps of 1/256", origin(node), out.scale)
    given, beta = ctx.tensors[x].shape, bound.get("beta", 1.0)
    if bound.get("mask") is None:
        result = ctx.emit(Softmax, node, (x,), given, PROBABILITY, beta=beta)
    else:
        mask = _mask(ctx, node, bound["mask"], last)
        result = ctx.emit(MaskedSoftmax, node, (x, mask), given, PROBABILITY, beta=beta, included=bound["included"])
    if moves:
        result = ctx.transpose(node, result, tuple(sorted(range(rank), key=last.__getitem__)), "_back")
    return ctx.requantize(node, result, out)


_SOFTMAX = Row(softmax, Role.PROBABILITY)

ROWS: dict[str, Row[Lowering]] = {
    "aten.softmax.int": _SOFTMAX,
    "aten._softmax.default": _SOFTMAX,
    "mcugen.masked_softmax.default": _SOFTMAX,
}
