"""Before a program is read: only known operators, and none that changes a tensor in place."""

from __future__ import annotations

import logging
import re
from typing import Any

import torch
from torch.fx import GraphModule, Node

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.faults import Faults
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import dtype_of, target_name
from mcugen.frontend.lowering.functions import is_pointwise
from mcugen.frontend.lowering.qdq import is_dequantize, is_quantize
from mcugen.frontend.lowering.rows.recurrent import CELLS, SEQUENCES
from mcugen.frontend.provenance import origin
from mcugen.frontend.refusals import row_missing, unsupported
from mcugen.frontend.rewrites.canonical import REWRITES
from mcugen.frontend.rewrites.composites import expand_composites
from mcugen.frontend.rewrites.folding import BATCH_NORMS, DROPOUTS
from mcugen.frontend.rewrites.normalizations import rewrite_normalizations
from mcugen.frontend.rewrites.rewriting import call, stand_in
from mcugen.frontend.rewrites.splits import SPLITS

log = logging.getLogger(__name__)

# Operators that constants may be computed with, besides those of the table and element-wise ones. A program is run
# while it is calibrated and lowered, so this list is also what a model file can make mcugen execute.
_CREATE = (
    "zeros",
    "ones",
    "full",
    "arange",
    "linspace",
    "scalar_tensor",
    "eye",
    "logspace",
    "hann_window",
    "hamming_window",
    "tril_indices",
    "triu_indices",
    "zeros_like",
    "ones_like",
    "full_like",
    "new_zeros",
    "new_ones",
    "new_full",
    "empty",
    "empty_like",
    "new_empty",
)
_REARRANGE = (
    "slice",
    "select",
    "stack",
    "index",
    "repeat",
    "flip",
    "roll",
    "sum",
    "amax",
    "amin",
    "cumsum",
    "outer",
    "tril",
    "triu",
)
# Position tables are resized to the image that a model was made for.
_RESIZE = (
    "upsample_nearest2d",
    "upsample_bilinear2d",
    "upsample_bicubic2d",
    "_upsample_bilinear2d_aa",
    "_upsample_bicubic2d_aa",
)
_FOR_CONSTANTS = {f"aten.{name}" for name in (*_CREATE, *_REARRANGE, *_RESIZE)}
_IN_PLACE_DUNDER = re.compile(r"__i(?P<name>and|or|xor|lshift|rshift)__")
CONVERSIONS = {"aten.to.dtype", "aten.to.dtype_layout"}
_ASSERTIONS = ("aten._assert", "aten.sym_constrain")


def make_functional(module: GraphModule) -> None:
    """As `functionalize`, with one error for all faults.

    Raises:
        UnsupportedOperatorError: operators are unknown, keep state, or change a tensor that is seen elsewhere.
    """
    faults = Faults()
    functionalize(module, faults)
    faults.raise_all()


def functionalize(module: GraphModule, faults: Faults) -> None:
    """Turns in-place operators into ordinary ones, and checks every operator of the program; collects the refusals.

    Composites and decomposed normalizations are rewritten in between.
    """
    order = {node: index for index, node in enumerate(module.graph.nodes)}
    for node in list(module.graph.nodes):
        with faults.at(node):
            if node.op == "call_function" and is_in_place(node):
                _replace_in_place(node, order)
    expand_composites(module)
    rewrite_normalizations(module)
    for node in module.graph.nodes:
        if node not in faults:
            with faults.at(node):
                _require_known(node)
    module.recompile()


def _require_known(node: Node) -> None:
    if node.op not in ("call_function", "placeholder", "get_attr", "output"):
        raise unsupported(node, f"a node of kind {node.op}", "export the model again with torch.export.export")
    if node.op == "call_function" and not is_known(node):
        raise row_missing(node)


def is_known(node: Node) -> bool:
    """True for operators that may be run: they compute, and do nothing else."""
    name = target_name(node)
    if (
        name in ROWS
        or name in REWRITES
        or name in BATCH_NORMS
        or is_quantize(node)
        or is_dequantize(node)
        or name.startswith(_ASSERTIONS)
    ):
        return True
    if name in SPLITS or name in SEQUENCES or name in CELLS:
        return True
    target = node.target
    if not isinstance(target, torch._ops.OpOverload) or target.namespace != "aten" or target._schema.is_mutable:
        return False
    return name.rpartition(".")[0] in _FOR_CONSTANTS or is_pointwise(node)


def is_in_place(node: Node) -> bool:
    target = node.target
    return isinstance(target, torch._ops.OpOverload) and target._schema.is_mutable


def _replace_in_place(node: Node, order: dict[Node, int]) -> None:
    """`relu_(x)` becomes `relu(x)`, and whoever reads x later reads its result."""
    changed = node.args[0] if node.args else None
    plain = ordinary_form(node)
    if plain is None or not isinstance(changed, Node) or _outlives_the_call(changed, node, order):
        raise unsupported(
            node,
            "it changes a part of a buffer or of an input in place, or something else that outlives the call",
            "return new tensors; change a state with buffer.copy_(new value), or a part of it through slices",
        )
    _require_unshared(changed, node, order)
    if changed.op == "placeholder":
        log.warning("%s: the model changes its input in place; the module leaves the caller's as it is", origin(node))
    node.target = plain
    result = in_its_type(node)
    for user in [u for u in changed.users if order.get(u, -1) > order[node]]:
        user.replace_input_with(changed, result)
    for user in [u for u in node.users if u is not result]:
        user.replace_input_with(node, result)


def in_its_type(node: Node) -> Node:
    """What a changed tensor holds: a comparison in place leaves numbers, not booleans."""
    changed, value = node.args[0], node.meta.get("val")
    made = stand_in(node) if isinstance(changed, Node) and "val" in changed.meta else None
    if not isinstance(made, torch.Tensor) or not isinstance(value, torch.Tensor) or made.dtype == value.dtype:
        return node
    result = call(node.next, torch.ops.aten.to.dtype, node, value.dtype)
    result.meta = dict(node.meta)
    node.meta["val"] = made
    return result


def ordinary_packet(name: str) -> Any:
    """The operator that changes nothing: `relu` for "relu_", `__or__` for "__ior__"; None where there is none."""
    dunder = _IN_PLACE_DUNDER.fullmatch(name)
    plain = f"__{dunder['name']}__" if dunder else name.removesuffix("_")
    return getattr(torch.ops.aten, plain, None) if plain != name else None


def ordinary_form(node: Node) -> Any:
    """The overload that takes the same arguments without changing one; None where there is none."""
    packet, _, overload = target_name(node).removeprefix("aten.").partition(".")
    ordinary = ordinary_packet(packet)
    if ordinary is None:
        return None
    names = [overload, *ordinary.overloads()]
    candidates = [form for name in names if (form := getattr(ordinary, name, None)) is not None]
    wanted = _arguments(node.target)
    return next((form for form in candidates if _arguments(form) == wanted), None)


def _arguments(target: Any) -> list[tuple[str, str]]:
    """Name and type of each argument."""
    return [(argument.name, str(argument.type)) for argument in target._schema.arguments]


def _outlives_the_call(changed: Node, node: Node, order: dict[Node, int]) -> bool:
    """True for buffers, and for views of buffers and inputs: the change would be lost."""
    others = _family(changed, node, order) - {changed}
    return changed.op == "get_attr" or any(member.op in ("get_attr", "placeholder") for member in others)


def _require_unshared(changed: Node, node: Node, order: dict[Node, int]) -> None:
    """Raises UnsupportedOperatorError when what `node` changes in place is read later under another name."""
    if later := _seen_through_views(changed, node, order):
        raise aliased(node, later)


def _family(changed: Node, node: Node, order: dict[Node, int]) -> set[Node]:
    """All names of the same memory before `node`: what `changed` is a view of, its views, and itself."""
    family, todo = {changed}, [changed]
    while todo:
        member = todo.pop()
        around = [m for m in member.users if is_view(m) and order[m] < order[node]]
        if is_view(member):
            around += member.all_input_nodes
        for other in around:
            if other not in family:
                family.add(other)
                todo.append(other)
    return family


def _seen_through_views(changed: Node, node: Node, order: dict[Node, int]) -> Node | None:
    """A later reader of the same memory under another name."""
    family = _family(changed, node, order)
    for member in family - {changed}:
        for user in member.users:
            if order[user] > order[node] and user not in family:
                return user
    return None


def is_view(node: Node) -> bool:
    """True when the result may share memory with an operand; copies (clone, pooling, padding) do not.

    The operator's schema tells, but for dropout, which hands its operand through in evaluation mode, and conversions,
    which do so with a tensor that has the type already.
    """
    if node.op != "call_function":
        return False
    if target_name(node) == "getitem":
        return is_view(node.all_input_nodes[0])
    target = node.target
    if target_name(node) in DROPOUTS:
        return True
    if target_name(node) in CONVERSIONS and dtype_of(node) != dtype_of(node.all_input_nodes[0]):
        return False
    return isinstance(target, torch._ops.OpOverload) and any(r.alias_info for r in target._schema.returns)


def aliased(node: Node, reader: Node) -> UnsupportedOperatorError:
    return unsupported(
        node,
        f"it changes a tensor in place that {reader.name!r} reads under another name",
        "use the operator that is not in place, such as relu instead of relu_ (nn.ReLU without inplace=True); change "
        "parts of a tensor through slices, select, view, transpose or permute",
    )
