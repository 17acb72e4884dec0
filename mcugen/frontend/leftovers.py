"""What another quantizer has left in float, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.faults import together
from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.qdq import is_dequantize, is_quantize
from mcugen.frontend.lowering.row import KEPT, Role
from mcugen.frontend.refusals import unsupported
from mcugen.graph.tensor import Quantization

_XNNPACK = "XNNPACKQuantizer of torchao and ExecuTorch leaves it so"
_KNOWN_TO_LEAVE = {
    "aten.conv": "CortexMQuantizer of ExecuTorch leaves it so unless the example inputs are channels_last "
    "(x.to(memory_format=torch.channels_last))",
    "aten.cat.": _XNNPACK,
    "aten.sub.": _XNNPACK,
    "aten.div.": _XNNPACK,
    "aten.matmul.": _XNNPACK,
}
"""By the start of an operator's name: which quantizer is known to leave its result in float."""


@dataclass(frozen=True)
class Missing:
    """What a program leaves in float.

    Attributes:
        values: activations without a quantization, in the program's order, each with the node that asks for it.
        weights: float weights of an operator: (constant node, operator).
    """

    values: dict[Node, Node] = field(default_factory=dict)
    weights: dict[Node, Node] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values or self.weights)


def missing(module: GraphModule) -> Missing:
    """Finds what has to be quantized yet; the program is quantized in part, functional and supported."""
    survey = _Survey(module, ROWS, is_known)
    found = Missing()
    for node in module.graph.nodes:
        if node.op == "output":
            for value in node.all_input_nodes:
                _note(survey, found, value, value)
        elif node.op == "call_function" and node.users and survey.constant_value(node) is None:
            _ask(survey, found, node)
    return found


def _ask(survey: _Survey, found: Missing, node: Node) -> None:
    """What one operator asks of its operands: integers, and integer weights."""
    if (source := survey.functions.source(node)) is not None:
        if not survey.functions.is_inner(node):
            _note(survey, found, source, node)
        return
    row = ROWS.get(target_name(node))
    if row is None or is_quantize(node) or is_dequantize(node):
        return
    bound = bind(node)
    if row.role in (Role.COMPUTE, Role.PROBABILITY):
        for name in row.operands:
            if isinstance(bound[name], Node) and survey.constant_value(bound[name]) is None:
                _note(survey, found, bound[name], node)
    weight = bound[row.weight] if row.weight is not None else None
    if isinstance(weight, Node) and not survey.is_integer(weight):
        found.weights[weight] = node


def _note(survey: _Survey, found: Missing, value: Node, user: Node) -> None:
    if KEPT in value.meta:
        return
    if survey.constant_value(value) is None and not survey.is_integer(value) and survey.implied(value) is None:
        found.values[value] = user
        survey.observed[value] = Quantization.per_tensor(2.0**-40 / (len(found.values)), 0)


@dataclass
class _Survey(Lowering):
    """Follows quantizations through a program without lowering it.

    Attributes:
        observed: values that will get a quantization, each with one that no other has.
    """

    observed: dict[Node, Quantization] = field(default_factory=dict)

    def natural(self, node: Node) -> Quantization | None:
        while node not in self.observed:
            if is_dequantize(node) or is_quantize(node):
                affine = self.affine(node)
                return affine.quantization() if affine.axis is None else None
            row = ROWS.get(target_name(node)) if node.op == "call_function" else None
            moves = row is not None and row.role in (Role.TRANSPARENT, Role.ACTIVATION)
            if not moves or self.functions.source(node) is not None:
                return None
            node = node.all_input_nodes[0]
        return self.observed[node]

    def is_integer(self, node: Node) -> bool:
        """True for integers, moved or not, and for what is dequantized from them."""
        while not (is_quantize(node) or is_dequantize(node)):
            row = ROWS.get(target_name(node)) if node.op == "call_function" else None
            if row is None or row.role is not Role.TRANSPARENT:
                value = node.meta.get("val")
                return isinstance(value, Tensor) and not value.is_floating_point()
            node = node.all_input_nodes[0]
        return True


def refusal(found: Missing, input_names: Mapping[Node, str]) -> UnsupportedOperatorError:
    """The error about a program that is left in float in part, when there are no samples to quantize the rest with."""
    errors = []
    for value, user in [*found.values.items(), *found.weights.items()]:
        # A model input and a weight have no line of their own.
        node = value if value.op == "call_function" and value in found.values else user
        what = "its weights stay in float" if value in found.weights else "its result stays in float"
        if value in input_names:
            what = f"the model input {input_names[value]!r} is used in float"
        name = target_name(node)
        why = next((reason for start, reason in _KNOWN_TO_LEAVE.items() if name.startswith(start)), "")
        hint = "let mcugen quantize it with --calibration FILE.npz, or have the PT2E quantizer annotate it"
        errors.append(unsupported(node, what, f"{hint}; {why}" if why else hint))
    return together(errors)
