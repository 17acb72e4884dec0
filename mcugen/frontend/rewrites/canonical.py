"""Operators of aten that others express, replaced by those before anything is quantized.

`max(x, dim)` gives values and indices: it becomes `amax` and `argmax`. Real numbers made of integers (`mask.float()`,
`x * mask`, `a / b` of two lengths) come from one spelling of the conversion, `mul.Scalar(integers, 1.0)`, so that they
are observed and lowered at one place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch._subclasses import FakeTensor
from torch.fx import GraphModule, Node
from torch.utils._pytree import tree_leaves

from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of, shape_of, target_name
from mcugen.frontend.lowering.functions import is_pointwise
from mcugen.frontend.rewrites.pool_places import PLACES
from mcugen.frontend.rewrites.rewriting import constant

aten = torch.ops.aten


def canonicalize(module: GraphModule) -> None:
    """Changes the module in place. Nodes must have their "val"; new ones get theirs."""
    changed = False
    for node in list(module.graph.nodes):
        if node.op != "call_function" or not node.users:
            continue
        editor = _Editor(module, node)
        rewrite = REWRITES.get(target_name(node))
        if rewrite is not None:
            rewrite(editor, node)
        _convert_operands(editor, node)
        changed |= editor.changed
    if changed:
        module.graph.eliminate_dead_code()
        module.recompile()


class _Editor:
    """Puts new calls before a node.

    Attributes:
        changed: whether it has done anything.
    """

    def __init__(self, module: GraphModule, node: Node) -> None:
        self._module, self._node, self.changed = module, node, False

    def call(self, target: Any, *arguments: Any, **named: Any) -> Node:
        self.changed = True
        with self._node.graph.inserting_before(self._node):
            new = self._node.graph.call_function(target, arguments, named)
        new.meta = {key: entry for key, entry in self._node.meta.items() if key != "val"}
        result = target(*torch.fx.node.map_arg(arguments, self._zeros), **named)
        # PT2E observes what is like the other values of the program.
        (like, *_) = tree_leaves(self._node.meta["val"])
        new.meta["val"] = (
            like.fake_mode.from_tensor(result, static_shapes=True) if isinstance(like, FakeTensor) else result
        )
        return new

    def constant(self, label: str, value: torch.Tensor) -> Node:
        return constant(self._module, self._node, label, value)

    def replace(self, old: Node, new: Node) -> None:
        self.changed = True
        old.replace_all_uses_with(new)

    def _zeros(self, node: Node) -> Any:
        value = node.meta.get("val")
        if value is None and node.op == "get_attr":
            value = getattr(self._module, str(node.target))
        assert isinstance(value, torch.Tensor), node
        return torch.zeros(tuple(value.shape), dtype=value.dtype)


Rewrite = Callable[[_Editor, Node], None]


def _values_and_indices(values: Any, indices: Any) -> Rewrite:
    def rewrite(editor: _Editor, node: Node) -> None:
        bound = bind(node)
        for user in list(node.users):
            if target_name(user) != "getitem":
                continue
            if user.args[1] == 0:
                new = editor.call(values, bound["self"], [bound["dim"]], bool(bound["keepdim"]))
            else:
                new = editor.call(indices, bound["self"], bound["dim"], bool(bound["keepdim"]))
            editor.replace(user, new)

    return rewrite


def _places_of_maxima(editor: _Editor, node: Node) -> None:
    arguments = list(bind(node).values())
    for user in list(node.users):
        if target_name(user) == "getitem" and user.args[1] == 1:
            editor.replace(user, editor.call(PLACES[target_name(node)], *arguments))


def _with_mean(target: Any) -> Rewrite:
    """Variance or deviation, and the mean."""

    def rewrite(editor: _Editor, node: Node) -> None:
        bound = bind(node)
        x, keep = bound["self"], bool(bound.get("keepdim"))
        correction = bound["correction"] if "correction" in bound else int(bound["unbiased"])
        dim = bound.get("dim") or list(range(len(shape_of(x))))
        for user in list(node.users):
            if target_name(user) == "getitem" and user.args[1] == 1:
                editor.replace(user, editor.call(aten.mean.dim, x, dim, keep))
            elif target_name(user) == "getitem":
                named = {"correction": correction, "keepdim": keep}
                editor.replace(user, editor.call(target, x, dim, **named))

    return rewrite


def _log_sum(editor: _Editor, node: Node) -> None:
    """The largest, plus the logarithm of the sum of exponentials of the differences from it."""
    bound = bind(node)
    dim = [bound["dim"]] if isinstance(bound["dim"], int) else bound["dim"]
    largest = editor.call(aten.amax.default, bound["self"], dim, True)
    exponentials = editor.call(aten.exp.default, editor.call(aten.sub.Tensor, bound["self"], largest))
    total = editor.call(aten.log.default, editor.call(aten.sum.dim_IntList, exponentials, dim, True))
    result = editor.call(aten.add.Tensor, total, largest)
    if not bound["keepdim"]:
        result = editor.call(aten.reshape.default, result, list(shape_of(node)))
    editor.replace(node, result)


def _average_pool(editor: _Editor, node: Node) -> None:
    """Averages that divide by another number than the elements inside the input.

    By a number of the user's: a convolution with equal weights. By windows that reach into counted padding but, in
    ceil mode, not beyond it: the padding on its own, and an average of what is inside.
    """
    bound = bind(node)
    divisor, kernel = bound.get("divisor_override"), list(bound["kernel_size"])
    spatial = 1 if "1d" in target_name(node) else 2
    kernel = kernel * spatial if len(kernel) == 1 else kernel
    stride, pads = (list(bound[name]) or kernel for name in ("stride", "padding"))
    stride, pads = (v * spatial if len(v) == 1 else v for v in (stride, pads))
    x, channels = bound["self"], shape_of(bound["self"])[-spatial - 1]
    ends = [0] * spatial
    if divisor is not None:
        sizes = zip(shape_of(x)[-spatial:], shape_of(node)[-spatial:], kernel, stride, pads, strict=True)
        ends = [max((out - 1) * s + k - n - p, 0) - p for n, out, k, s, p in sizes]
    elif not (bound["ceil_mode"] and bound["count_include_pad"] and any(pads)):
        return
    around = [v for p, end in zip(pads[::-1], ends[::-1], strict=True) for v in (p, p + max(end, 0))]
    if any(around):
        x = editor.call(aten.constant_pad_nd.default, x, around, 0.0)
    if divisor is not None:
        weight = editor.constant("average", torch.full((channels, 1, *kernel), 1.0 / divisor))
        arguments = (x, weight, None, stride, [0] * spatial, [1] * spatial, channels)
        editor.replace(node, editor.call(aten.conv2d.default, *arguments))
        return
    target = node.target
    pooled = editor.call(target, x, kernel, stride, [0] * spatial, True, False)
    wanted = shape_of(node)
    for axis in range(len(wanted) - spatial, len(wanted)):
        # A window that starts in the padding behind is none of the operator's.
        if shape_of(pooled)[axis] > wanted[axis]:
            pooled = editor.call(aten.slice.Tensor, pooled, axis, 0, wanted[axis])
    editor.replace(node, pooled)


def _over_everything(target: Any) -> Rewrite:
    def rewrite(editor: _Editor, node: Node) -> None:
        editor.replace(node, editor.call(target, bind(node)["self"], []))

    return rewrite


def _renamed(target: Any, first: str, second: str) -> Rewrite:
    """Another operator of two arguments."""

    def rewrite(editor: _Editor, node: Node) -> None:
        bound = bind(node)
        editor.replace(node, editor.call(target, bound[first], bound[second]))

    return rewrite


def _reversed_difference(editor: _Editor, node: Node) -> None:
    """other - alpha * self."""
    bound = bind(node)
    taken, alpha = bound["self"], bound["alpha"]
    scaled = taken if alpha == 1 else editor.call(aten.mul.Scalar, taken, alpha)
    editor.replace(node, editor.call(aten.sub.Tensor, bound["other"], scaled))


def _clamp(editor: _Editor, node: Node) -> None:
    bound = bind(node)
    value = bound["self"]
    for limit, target in (("min", aten.maximum.default), ("max", aten.minimum.default)):
        if bound.get(limit) is not None:
            value = editor.call(target, value, bound[limit])
    editor.replace(node, value)


def _alpha(editor: _Editor, node: Node) -> None:
    """a + alpha * b; where b is a number it is the builder's."""
    bound = bind(node)
    if bound.get("alpha", 1) != 1 and isinstance(bound["other"], Node):
        scaled = editor.call(aten.mul.Scalar, bound["other"], bound["alpha"])
        target = node.target
        assert callable(target)
        editor.replace(node, editor.call(target, bound["self"], scaled))


def _conversion(editor: _Editor, node: Node) -> None:
    source = node.all_input_nodes[0]
    if dtype_of(source) in INTEGERS and dtype_of(node) == torch.float32:
        editor.replace(node, editor.call(aten.mul.Scalar, source, 1.0))


def _root(editor: _Editor, node: Node) -> None:
    """The root of a variance, as a deviation is decomposed, is rounded once."""
    variance = node.all_input_nodes[0]
    if target_name(variance) == "aten.var.correction" and len(variance.users) == 1:
        editor.replace(node, editor.call(aten.std.correction, *variance.args, **variance.kwargs))


REWRITES: dict[str, Rewrite] = {
    "aten.sqrt.default": _root,
    "aten.max.dim": _values_and_indices(aten.amax.default, aten.argmax.default),
    "aten.min.dim": _values_and_indices(aten.amin.default, aten.argmin.default),
    **{
        f"aten.{name}_mean.{overload}": _with_mean(target)
        for name, target in (("var", aten.var.correction), ("std", aten.std.correction))
        for overload in ("default", "dim", "correction")
    },
    **{name: _places_of_maxima for name in PLACES},
    "aten.logsumexp.default": _log_sum,
    "aten.avg_pool1d.default": _average_pool,
    "aten.avg_pool2d.default": _average_pool,
    "aten.max.default": _over_everything(aten.amax.default),
    "aten.min.default": _over_everything(aten.amin.default),
    "aten.max.other": _renamed(aten.maximum.default, "self", "other"),
    "aten.min.other": _renamed(aten.minimum.default, "self", "other"),
    "aten.rsub.Tensor": _reversed_difference,
    "aten.clamp.Tensor": _clamp,
    "aten.clamp_min.Tensor": _clamp,
    "aten.clamp_max.Tensor": _clamp,
    "aten.add.Tensor": _alpha,
    "aten.sub.Tensor": _alpha,
    "aten._to_copy.default": _conversion,
    "aten.to.dtype": _conversion,
    "aten.to.device": _conversion,
    "aten.to.dtype_layout": _conversion,
}
"""By operator: what replaces it, where it does."""

_MIXED = {
    f"aten.{name}.{overload}"
    for name in ("add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge")
    for overload in ("Tensor", "Scalar")
} | {"aten.maximum.default", "aten.minimum.default", "aten.where.self"}
"""Operators whose integer operands PyTorch converts where another is real."""


def _convert_operands(editor: _Editor, node: Node) -> None:
    """Integer operands of real arithmetic are converted first."""
    if target_name(node) in _JOINS:
        _convert_parts(editor, node)
        return
    if target_name(node) not in _MIXED:
        _convert_argument(editor, node)
        return
    bound = bind(node)
    operands = [bound[name] for name in ("self", "other")]
    if target_name(node) == "aten.mul.Scalar" and bound["other"] == 1.0:
        return
    nodes = [n for n in operands if isinstance(n, Node)]
    real = any(dtype_of(n) not in INTEGERS for n in nodes) or any(isinstance(v, float) for v in operands)
    divided = target_name(node).startswith("aten.div.")
    for operand in nodes if real or divided else []:
        if dtype_of(operand) in INTEGERS and operand.op != "get_attr":
            node.replace_input_with(operand, editor.call(aten.mul.Scalar, operand, 1.0))


_JOINS = {"aten.cat.default", "aten.stack.default"}


def _convert_parts(editor: _Editor, node: Node) -> None:
    """What is joined has the result's type."""
    wanted = dtype_of(node)
    for part in node.all_input_nodes:
        if dtype_of(part) in INTEGERS and dtype_of(part) != wanted and part.op != "get_attr":
            real = wanted not in INTEGERS
            new = editor.call(aten.mul.Scalar, part, 1.0) if real else editor.call(aten.to.dtype, part, wanted)
            node.replace_input_with(part, new)


def _convert_argument(editor: _Editor, node: Node) -> None:
    """Of a real function of one integer tensor, such as the root of a count."""
    operands, wanted = node.all_input_nodes, dtype_of(node)
    real = wanted is not None and wanted not in INTEGERS and is_pointwise(node)
    if real and len(operands) == 1 and dtype_of(operands[0]) in INTEGERS and not _chooses(node):
        node.replace_input_with(operands[0], editor.call(aten.mul.Scalar, operands[0], 1.0))


def _chooses(node: Node) -> bool:
    return target_name(node).startswith(("aten.where.", "aten.to.", "aten._to_copy."))
