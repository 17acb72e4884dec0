"""The float program inside one that came quantized: the same without the quantizations of its values.

A pair of a quantize and a dequantize is the identity but for rounding and saturation. Taken out, everything else stays
as it is: weights that the file holds as integers are those integers times their scale, what they were before is not in
it.
"""

from __future__ import annotations

import copy
from collections.abc import Container
from dataclasses import dataclass

from torch.fx import GraphModule, Node

from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.lowering.constants import Constants
from mcugen.frontend.lowering.qdq import is_dequantize, is_quantize, quantization_of
from mcugen.frontend.lowering.row import Role
from mcugen.frontend.ranges.observe import STATE
from mcugen.frontend.rewrites.rewriting import constant
from mcugen.frontend.torch_settings import quiet


@dataclass(frozen=True)
class Unrounded:
    """Attributes:
    module: the program without rounding.
    names: by node of the quantized program that is left out, the node that has its value.
    stored: by input that the quantized program takes as integers: the scale and the zero point of these. Here it is
        real numbers.
    rounded_weights: whether constants are left that the file holds as integers alone.
    """

    module: GraphModule
    names: dict[str, str]
    stored: dict[str, tuple[float, int]]
    rounded_weights: bool

    @property
    def words(self) -> str:
        """What it is, for people."""
        weights = ", its weights as they are" if self.rounded_weights else ""
        return f"the same program without rounding its activations{weights}"

    def values(self, held: dict[str, str]) -> dict[str, str]:
        """By tensor, the node of this program for that of the quantized one."""
        return {tensor: self.names.get(node, node) for tensor, node in held.items()}


def without_rounding(module: GraphModule) -> Unrounded:
    """A copy of a quantized program, of functional operators, without the quantizations of its values.

    Where an operator computes with quantized integers themselves, their quantization is part of what the program
    means, and stays.
    """
    # PyTorch remarks, as it copies a program, that it will change.
    with quiet():
        module = copy.deepcopy(module)
    constants = Constants(module, is_known)
    bound = _bound(module, constants)
    names: dict[str, str] = {}
    stored = _stored(module, constants)
    real = {node for node in module.graph.nodes if node.name in stored}
    rounded_weights = False
    for node in list(module.graph.nodes):
        if is_quantize(node) and node not in bound:
            source = node.all_input_nodes[0]
            _replace(node, source, names)
            real.add(source)
        elif is_dequantize(node) and node.all_input_nodes[0] in real:
            _replace(node, node.all_input_nodes[0], names)
        elif is_dequantize(node) and (value := constants.value(node)) is not None:
            rounded_weights = True
            _replace(node, constant(module, node, "unrounded", value), names)
        elif node not in bound and _moved(node, real) is not None:
            real.add(node)
    module.graph.eliminate_dead_code()
    module.recompile()
    return Unrounded(module, {name: _end(names, name) for name in names}, stored, rounded_weights)


def _stored(module: GraphModule, constants: Constants) -> dict[str, tuple[float, int]]:
    """The inputs that are dequantized and nothing else."""
    found = {}
    for node in module.graph.nodes:
        if node.op == "placeholder" and STATE not in node.meta and node.users and all(map(is_dequantize, node.users)):
            affine = quantization_of(next(iter(node.users)), constants.value)
            found[node.name] = (affine.scales[0], affine.zero_points[0] - affine.offset)
    return found


def _replace(node: Node, by: Node, names: dict[str, str]) -> None:
    node.replace_all_uses_with(by)
    names[node.name] = by.name
    node.graph.erase_node(node)


def _end(names: dict[str, str], name: str) -> str:
    while name in names:
        name = names[name]
    return name


def _moved(node: Node, integers: Container[Node]) -> Node | None:
    """What a node moves of these integers, as it would move real numbers; None where it does anything else."""
    row = ROWS.get(target_name(node)) if node.op == "call_function" else None
    if row is None or "dtype" in bind(node):
        return None
    sources = node.all_input_nodes[:1] if row.moves else node.all_input_nodes if row.role is Role.JOIN else []
    return sources[0] if sources and all(source in integers for source in sources) else None


def _bound(module: GraphModule, constants: Constants) -> set[Node]:
    """Quantize nodes, and what moves their integers, that something else reads than a dequantize of the same steps."""
    steps: dict[Node, object] = {}
    for node in module.graph.nodes:
        if is_quantize(node):
            steps[node] = _steps(node, constants)
        elif (source := _moved(node, steps)) is not None:
            steps[node] = steps[source]

    (end,) = (node for node in module.graph.nodes if node.op == "output")
    results = end.args[0] if isinstance(end.args[0], list | tuple) else [end.args[0]]
    carried = {results[node.meta[STATE]] for node in module.graph.nodes if STATE in node.meta}

    def is_real(user: Node, node: Node) -> bool:
        """Whether a reader would do the same with real numbers."""
        if is_dequantize(user):
            return _steps(user, constants) == steps[node]
        if user.op == "output":
            return node not in carried
        return steps.get(user) == steps[node]

    bound = {node for node in steps if not all(is_real(user, node) for user in node.users)}
    grown = True
    while grown:
        more = {
            node
            for node in steps.keys() - bound
            if any(user in bound for user in node.users)
            or (not is_quantize(node) and any(source in bound for source in node.all_input_nodes))
        }
        bound, grown = bound | more, bool(more)
    return bound


def _steps(node: Node, constants: Constants) -> object:
    affine = quantization_of(node, constants.value)
    return affine.scales, affine.zero_points, affine.axis, affine.bits, affine.offset
