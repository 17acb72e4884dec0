"""Operators that change a tensor through a view of it, such as `x[:, 0:2] = y`, as changes of whole tensors.

The changed part is put into a copy of the whole (`slice_scatter` and its like), and whoever reads the tensor
afterwards, under any name, reads the copy. A buffer gets the new whole by one `copy_`, which makes it a state as any
other change does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.functional import CONVERSIONS, in_its_type, is_in_place, is_view, ordinary_form
from mcugen.frontend.lowering.arguments import bind, shape_of, target_name
from mcugen.frontend.provenance import origin
from mcugen.frontend.rewrites.folding import DROPOUTS
from mcugen.frontend.rewrites.rewriting import call

log = logging.getLogger(__name__)
aten = torch.ops.aten

_RESHAPES = {
    f"aten.{name}"
    for name in (
        "view.default",
        "view_as.default",
        "_unsafe_view.default",
        "unflatten.int",
        "squeeze.default",
        "squeeze.dim",
        "squeeze.dims",
        "unsqueeze.default",
    )
}
_PERMUTES = {"aten.permute.default", "aten.transpose.int", "aten.t.default"}
_SAME = {"aten.alias.default", "aten.detach.default", *DROPOUTS, *CONVERSIONS}
_PERHAPS = {"aten.reshape.default", "aten.flatten.using_ints", "aten.contiguous.default"}
"""Views of what lies in order in memory, copies of all else."""


@torch.no_grad()
def change_whole_tensors(module: GraphModule) -> None:
    """Changes the module in place. Nodes must have their "val"; what has no such form is left as it is."""
    order = {node: index for index, node in enumerate(module.graph.nodes)}
    for node in list(order):
        if node.op == "call_function" and is_in_place(node) and node.args and isinstance(node.args[0], Node):
            _Change(node, order).replace()
    module.graph.lint()
    module.recompile()


class _Change:
    """One operator that changes a tensor in place.

    Attributes:
        views: from what is changed, one view after the other, to the tensor that has its own memory.
        family: the names of that memory so far, each with the name that it is a view of.
    """

    def __init__(self, node: Node, order: dict[Node, int]) -> None:
        self.node, self.order = node, order
        self.views: list[Node] = []
        self.known = True
        whole: Any = node.args[0]
        while self._shares(whole):
            self.views.append(whole)
            whole = whole.args[0]
        self.whole: Node = whole
        self.family: dict[Node, Node] = {}
        todo = [whole]
        for member in todo:
            for user in member.users:
                if order[user] < order[node] and user.args and user.args[0] is member and self._shares(user):
                    self.family[user] = member
                    todo.append(user)

    def replace(self) -> None:
        node, changed = self.node, self.node.args[0]
        moved = [view for view in self.views if not is_in_place(view)]
        names = [self.whole, *self.family]
        seen = [name for name in names if not is_in_place(name) and any(self._is_later(user) for user in name.users)]
        if not self.known or not (moved or set(seen) - {self.whole}):
            return
        if any(_unchanged(view) is None for view in moved) or not isinstance(changed, Node):
            return
        if moved and _writes_itself(node):
            node.replace_all_uses_with(changed)
            node.graph.erase_node(node)
            return
        kept = self.whole.op == "get_attr"
        if kept and not moved:
            # The state that it makes of the buffer is followed elsewhere (`mcugen.frontend.states`).
            self._renew(self.whole)
            return
        plain = ordinary_form(node)
        if plain is None:
            return
        if self.whole.op == "placeholder":
            log.warning(
                "%s: the model changes its input in place; the module leaves the caller's as it is", origin(node)
            )
        with node.graph.inserting_before(node):
            made = node.graph.call_function(plain, node.args, node.kwargs)
        made.meta = dict(node.meta)
        value = in_its_type(made)
        for view in moved:
            value = _put_back(node, view, value)
        if kept:
            call(node, aten.copy_.default, self.whole, value)
        before = node.prev
        while before not in self.order:
            self.order[before] = self.order[node]
            before = before.prev
        renewed = self._renew(self.whole if kept else value)
        if node.users:
            node.replace_all_uses_with(renewed(changed))
        node.graph.erase_node(node)

    def _renew(self, whole: Node) -> Callable[[Node], Node]:
        """Whoever reads a name of the memory later reads the same view of the new whole; gives a name's new one."""
        new, place = {self.whole: whole}, self.node.next

        def renewed(name: Node) -> Node:
            if name not in new:
                source = renewed(self.family[name])
                if is_in_place(name):
                    new[name] = source
                else:
                    with self.node.graph.inserting_before(place):
                        view = self.node.graph.node_copy(name, lambda n: source if n is self.family[name] else n)
                    self.order[view] = self.order[self.node]
                    new[name] = view
            return new[name]

        for name in (self.whole, *self.family):
            for user in [user for user in name.users if self._is_later(user)]:
                user.replace_input_with(name, renewed(name))
        return renewed

    def _is_later(self, user: Node) -> bool:
        return self.order[user] > self.order[self.node]

    def _shares(self, node: Node) -> bool:
        """Whether the result has the memory of the first operand."""
        if not is_view(node) or not node.args or not isinstance(node.args[0], Node):
            return False
        if target_name(node) not in _PERHAPS:
            return True
        value, source = node.meta.get("val"), node.args[0].meta.get("val")
        if not isinstance(value, torch.Tensor) or not isinstance(source, torch.Tensor):
            self.known = False
            return True
        like = torch.empty_strided(source.shape, source.stride(), dtype=source.dtype, device="meta")
        target: Any = node.target
        made = target(like, *node.args[1:], **node.kwargs)
        return bool(made.untyped_storage()._cdata == like.untyped_storage()._cdata)


def _writes_itself(node: Node) -> bool:
    """`x[0] += 1` writes the part once more, after it has been changed."""
    part, source = node.args[0], node.args[1] if len(node.args) > 1 else None
    if target_name(node) != "aten.copy_.default" or not isinstance(part, Node) or not isinstance(source, Node):
        return False
    return (part.target, part.args, part.kwargs) == (source.target, source.args, source.kwargs)


def _unchanged(view: Node) -> str | None:
    """How a view is undone: "slice", "select", "reshape", "permute", "same"; None where it is not known."""
    name = target_name(view)
    known = {"aten.slice.Tensor": "slice", "aten.narrow.default": "slice", "aten.select.int": "select"}
    if name in known:
        return known[name]
    if name in _RESHAPES or name in _PERHAPS:
        return "reshape"
    return "permute" if name in _PERMUTES else "same" if name in _SAME else None


def _put_back(at: Node, view: Node, value: Node) -> Node:
    """What the view is made of, with the value in the place of the view."""
    whole, kind, bound = view.args[0], _unchanged(view), bind(view)
    assert isinstance(whole, Node)
    if kind == "slice" and "length" in bound:
        start = bound["start"] % shape_of(whole)[bound["dim"]]
        return call(at, aten.slice_scatter.default, whole, value, bound["dim"], start, start + bound["length"])
    if kind == "slice":
        ends = (bound["dim"], bound["start"], bound["end"], bound["step"])
        return call(at, aten.slice_scatter.default, whole, value, *ends)
    if kind == "select":
        return call(at, aten.select_scatter.default, whole, value, bound["dim"], bound["index"])
    if kind == "reshape":
        return call(at, aten.reshape.default, value, list(shape_of(whole)))
    if kind == "same":
        return value
    axes = torch.empty(shape_of(whole), device="meta")
    places = list(range(axes.dim()))
    if target_name(view) == "aten.permute.default":
        places = [axis % axes.dim() for axis in bound["dims"]]
    elif target_name(view) == "aten.transpose.int":
        one, other = bound["dim0"], bound["dim1"]
        places[one], places[other] = places[other], places[one]
    else:
        places.reverse()
    return call(at, aten.permute.default, value, [places.index(axis) for axis in range(len(places))])
