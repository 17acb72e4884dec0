"""A convolution whose result is cut at its ends, as causal networks do it: one that makes only what is kept."""

from __future__ import annotations

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import axis, bind, ints, shape_of, target_name

_SPATIAL = {"aten.conv1d.default": 1, "aten.conv2d.default": 2}


def cut_convolutions(module: GraphModule) -> None:
    """conv(x)[..., a:b] becomes conv(pad(x)) with less padding on the axis that is cut, in place.

    So a batch norm behind the cut meets the convolution. Only where nothing of x itself is left out.
    """
    for node in list(module.graph.nodes):
        if node.op == "call_function" and target_name(node) == "aten.slice.Tensor" and "val" in node.meta:
            _cut(node)


def _cut(node: Node) -> None:
    bound, convolution = bind(node), node.args[0]
    assert isinstance(convolution, Node)
    spatial = _SPATIAL.get(target_name(convolution)) if convolution.op == "call_function" else None
    if spatial is None or len(convolution.users) != 1 or bound["step"] != 1 or "val" not in convolution.meta:
        return
    made, kept = shape_of(convolution), shape_of(node)
    over = axis(bound["dim"], len(made)) - (len(made) - spatial)
    if over < 0:
        return
    arguments = bind(convolution)
    x = arguments["input"]
    stride, padding, dilation = (ints(arguments[name], spatial) for name in ("stride", "padding", "dilation"))
    start, size = bound["start"] or 0, made[over - spatial]
    first = min(start + size if start < 0 else start, size)
    last = first + kept[over - spatial] - 1
    span = (shape_of(arguments["weight"])[2 + over] - 1) * dilation[over] + 1
    before = padding[over] - first * stride[over]
    after = last * stride[over] + span - padding[over] - shape_of(x)[over - spatial]
    if min(before, after) < 0:
        return
    pads = [0, 0] * (spatial - 1 - over) + [before, after]
    with node.graph.inserting_before(convolution):
        padded = node.graph.call_function(torch.ops.aten.constant_pad_nd.default, (x, pads, 0.0))
    padded.meta = {**convolution.meta, "val": torch.nn.functional.pad(x.meta["val"], pads)}
    arguments |= {"input": padded, "padding": [0 if a == over else p for a, p in enumerate(padding)]}
    convolution.args, convolution.kwargs = tuple(arguments.values()), {}
    convolution.meta["val"] = node.meta["val"]
    node.replace_all_uses_with(convolution)
    node.graph.erase_node(node)
