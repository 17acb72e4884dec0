"""What a program keeps out of a softmax, however it says so, as a mask: found before quantization.

Programs fill scores with -inf or a huge negative number, or add a mask of such numbers. Neither can be quantized (the
scores would share the scale of the huge number), and neither needs to be: the elements just do not take part.
`rewrite_masks` turns softmax(scores) into masked_softmax of what the scores are without such elements. Behind a product
of two matrices, factors of the scores and of its operands become the factor of that softmax.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import axis, bind, dtype_of, shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.rewrites.masked_softmax import SOFTMAXES, masked_softmax
from mcugen.frontend.rewrites.rewriting import call, constant

aten = torch.ops.aten

EXCLUDED = -5e3
"""Numbers added to scores that are at most this far below zero keep an element out: exp gives 0 all the same."""

_FILLS = ("aten.masked_fill.Scalar", "aten.masked_fill.Tensor")
_MATMULS = ("aten.bmm.default", "aten.matmul.default", "aten.mm.default")
_MOVES = {
    "aten.view.default",
    "aten.reshape.default",
    "aten._unsafe_view.default",
    "aten.expand.default",
    "aten.unsqueeze.default",
    "aten.squeeze.dim",
    "aten.permute.default",
    "aten.transpose.int",
    "aten.clone.default",
    "aten.contiguous.default",
}


@dataclass(frozen=True)
class Mask:
    """A bool tensor, and its value where an element takes part."""

    node: Node
    included: bool


@dataclass(frozen=True)
class Split:
    """A tensor of scores, or of numbers added to them, in two: what is finite (None: nothing but zeros), and masks."""

    finite: Node | None
    masks: tuple[Mask, ...]


def rewrite_masks(module: GraphModule, constants: Lowering) -> None:
    """Changes the module in place.

    Args:
        constants: knows the constants of the module.
    """
    masks = _Masks(module, constants)
    for node in list(module.graph.nodes):
        if node.op == "call_function" and target_name(node) in SOFTMAXES:
            masks.rewrite(node)
    module.graph.eliminate_dead_code()
    module.recompile()


class _Masks:
    def __init__(self, module: GraphModule, constants: Lowering) -> None:
        self._module = module
        self._constants = constants

    def rewrite(self, node: Node) -> None:
        bound = bind(node)
        over, scores, factor = bound["dim"], bound["self"], 1.0
        masks: list[Mask] = []
        while True:
            split = self._scores(scores, node, over)
            if split is not None and split.finite is not None:
                masks += split.masks
                scores = split.finite
            elif (scaled := self._scaled(scores)) is not None:
                scores, step = scaled
                factor *= step
            else:
                break
        if (product := _product(scores)) is not None:
            factor *= self._operand_factors(product)
        if not masks and (factor == 1.0 or product is None):
            return
        mask = self._together(masks, node)
        given = (mask.node, mask.included) if mask is not None else (None, True)
        new = call(node, masked_softmax, scores, given[0], over, factor, given[1])
        node.replace_all_uses_with(new)
        node.graph.erase_node(node)

    # -- scores -------------------------------------------------------------------------------------------------

    def _scores(self, node: Node, at: Node, over: int) -> Split | None:
        """Scores without what is kept out of them; None when nothing is."""
        name = target_name(node) if node.op == "call_function" else ""
        if self._constants.constant_value(node) is not None:
            return None
        if name in _FILLS or name == "aten.where.self":
            return self._filled(node)
        if name != "aten.add.Tensor" or bind(node)["alpha"] != 1:
            return None
        first, second = bind(node)["self"], bind(node)["other"]
        for scores, added in ((first, second), (second, first)):
            split = self._added(added, at, over) if isinstance(scores, Node) and isinstance(added, Node) else None
            if split is not None and split.masks:
                finite = scores if split.finite is None else call(at, aten.add.Tensor, scores, split.finite)
                return Split(finite, split.masks)
        return None

    def _filled(self, node: Node) -> Split | None:
        """masked_fill(x, mask, huge) and where(mask, x, huge), either way round."""
        bound = bind(node)
        if target_name(node) in _FILLS:
            taken = [(bound["self"], bound["value"], Mask(bound["mask"], False))]
        elif target_name(node) != "aten.where.self":
            return None
        else:
            condition = bound["condition"]
            taken = [
                (bound["self"], bound["other"], Mask(condition, True)),
                (bound["other"], bound["self"], Mask(condition, False)),
            ]
        for kept, filled, mask in taken:
            value = self._constants.constant_value(filled)
            if value is None or value.numel() != 1 or float(value) > EXCLUDED or not isinstance(kept, Node):
                continue
            return Split(kept, (self._plain(mask),))
        return None

    @staticmethod
    def _plain(mask: Mask) -> Mask:
        """Without negations."""
        node, included = mask.node, mask.included
        while node.op == "call_function" and target_name(node) in (
            "aten.logical_not.default",
            "aten.bitwise_not.default",
        ):
            node, included = node.all_input_nodes[0], not included
        return Mask(node, included)

    # -- numbers added to them ----------------------------------------------------------------------------------

    def _added(self, node: Node, at: Node, over: int) -> Split | None:
        """An additive mask; None when it is something else."""
        value = self._constants.constant_value(node)
        if value is not None:
            return self._constant(value.float(), at, axis(over, len(shape_of(at))))
        if node.op != "call_function":
            return None
        if target_name(node) in _MOVES:
            inner = self._added(node.all_input_nodes[0], at, over)
            if inner is None or inner.finite is not None:
                return None
            moved = (Mask(call(at, node.target, m.node, *node.args[1:]), m.included) for m in inner.masks)
            return Split(None, tuple(moved))
        if target_name(node) == "aten.add.Tensor":
            return self._sum(node, at, over)
        split = self._filled(node)
        if split is None or split.finite is None:
            return None
        kept = self._constants.constant_value(split.finite)
        zeros = kept is not None and not kept.any()
        return Split(None if zeros else split.finite, split.masks)

    def _sum(self, node: Node, at: Node, over: int) -> Split | None:
        """Two additive masks together."""
        bound = bind(node)
        if bound["alpha"] != 1 or not isinstance(bound["self"], Node) or not isinstance(bound["other"], Node):
            return None
        first, second = (self._added(bound[name], at, over) for name in ("self", "other"))
        if first is None or second is None:
            return None
        finite = [split.finite for split in (first, second) if split.finite is not None]
        both = call(at, aten.add.Tensor, *finite) if len(finite) == 2 else None
        return Split(both or (finite[0] if finite else None), first.masks + second.masks)

    def _constant(self, value: torch.Tensor, at: Node, over: int) -> Split:
        """A constant as what takes part and the finite numbers there. What is common to a row has no effect."""
        rank = len(shape_of(at))
        value = value.reshape([1] * (rank - value.dim()) + list(value.shape))
        most = value.amax(over, keepdim=True)
        shifted = torch.where(most <= EXCLUDED, value - most.clamp_min(torch.finfo(torch.float32).min), value)
        takes_part = shifted > EXCLUDED
        if bool(takes_part.all()):
            return Split(None, ())
        finite = torch.where(takes_part, shifted, 0.0)
        masks = (Mask(constant(self._module, at, "mask", takes_part), True),)
        return Split(constant(self._module, at, "bias", finite) if bool(finite.any()) else None, masks)

    # -- several masks, factors ---------------------------------------------------------------------------------

    def _together(self, masks: list[Mask], at: Node) -> Mask | None:
        """One mask of what takes part in all."""
        if len(masks) < 2:
            return masks[0] if masks else None
        known: torch.Tensor | None = None
        nodes = []
        for mask in masks:
            value = self._constants.constant_value(mask.node)
            if value is None:
                nodes.append(mask.node if mask.included else call(at, aten.logical_not.default, mask.node))
            else:
                value = value == mask.included
                known = value if known is None else known & value
        if known is not None:
            nodes.append(constant(self._module, at, "mask", known))
        node = nodes[0]
        for other in nodes[1:]:
            node = call(at, aten.logical_and.default, node, other)
        return Mask(node, True)

    def _operand_factors(self, product: Node) -> float:
        """Takes the factors of both operands away, and gives their product."""
        factor = 1.0
        for operand in dict.fromkeys(product.all_input_nodes):
            node = operand
            while node.op == "call_function" and len(node.users) == 1 and target_name(node) in _MOVES:
                node = node.all_input_nodes[0]
            scaled = self._scaled(node) if len(node.users) == 1 else None
            if scaled is not None and len(product.all_input_nodes) == 2:
                node.replace_all_uses_with(scaled[0])
                factor *= scaled[1]
        return factor

    def _scaled(self, node: Node) -> tuple[Node, float] | None:
        """x and c > 0 for x * c and x / c."""
        name = target_name(node) if node.op == "call_function" else ""
        if name not in ("aten.mul.Tensor", "aten.mul.Scalar", "aten.div.Tensor", "aten.div.Scalar"):
            return None
        bound = bind(node)
        for x, factor in ((bound["self"], bound["other"]), (bound["other"], bound["self"])):
            value = self._constants.constant_value(factor)
            if value is None or value.numel() != 1 or not isinstance(x, Node) or dtype_of(x) != torch.float32:
                continue
            if "div" in name and x is not bound["self"]:
                continue
            number = 1 / float(value) if "div" in name else float(value)
            return (x, number) if 0 < number < float("inf") and shape_of(x) == shape_of(node) else None
        return None


def _product(node: Node) -> Node | None:
    """The product of matrices whose result these are, moved or not, if nobody else reads it."""
    while node.op == "call_function" and len(node.users) == 1 and target_name(node) in _MOVES:
        node = node.all_input_nodes[0]
    product = node.op == "call_function" and len(node.users) == 1 and target_name(node) in _MATMULS
    return node if product else None
