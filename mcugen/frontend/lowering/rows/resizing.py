"""Linear and bilinear interpolation."""

from __future__ import annotations

import numpy as np
import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.layout import from_nhwc, nhwc_shape, to_nhwc
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import ResizeBilinear
from mcugen.graph.ops.resizing.resize_bilinear import FRACTION_BITS, Places
from mcugen.graph.tensor import Quantization


def resize(ctx: Lowering, node: Node, out: Quantization) -> str:
    source, spatial = node.all_input_nodes[0], 1 if "1d" in target_name(node) else 2
    x = to_nhwc(ctx, node, ctx.moved(node, source, out), spatial)
    given = ctx.tensors[x]
    places = [_places(node, source, spatial, a) for a in range(spatial)]
    # Signals are the rows of one image.
    rows = places[0] if spatial == 2 else tuple((row, 0) for row in range(given.shape[1]))
    shape = nhwc_shape(shape_of(node), spatial)
    assert given.quantization is not None
    result = ctx.emit(ResizeBilinear, node, (x,), shape, given.quantization, rows=rows, columns=places[-1])
    return ctx.requantize(node, from_nhwc(ctx, node, result, spatial), out)


def _places(node: Node, source: Node, spatial: int, over: int) -> Places:
    """Where along one axis the operator reads: what it makes of an image whose values are their own places."""
    size = shape_of(source)[-spatial:]
    ramp = torch.arange(size[over], dtype=torch.float64).reshape([-1 if a == over else 1 for a in range(spatial)])
    image = ramp.expand(1, 1, *size)
    arguments, keywords = torch.fx.node.map_arg((node.args, node.kwargs), lambda _: image)
    assert isinstance(node.target, torch._ops.OpOverload)
    result: torch.Tensor = node.target(*arguments, **keywords)
    line = result.movedim(2 + over, 0).reshape(shape_of(node)[-spatial + over], -1)[:, 0].numpy()
    steps = np.clip(np.rint(line * (1 << FRACTION_BITS)), 0, (size[over] - 1) << FRACTION_BITS).astype(np.int64)
    return tuple((int(n) >> FRACTION_BITS, int(n) % (1 << FRACTION_BITS)) for n in steps)


def _always(node: Node) -> bool:
    return True


_RESIZE = Row(resize, Role.COMPUTE, shares=_always, keeps_range=True)

ROWS: dict[str, Row[Lowering]] = {
    "aten.upsample_linear1d.default": _RESIZE,
    "aten.upsample_linear1d.vec": _RESIZE,
    "aten.upsample_bilinear2d.default": _RESIZE,
    "aten.upsample_bilinear2d.vec": _RESIZE,
}
