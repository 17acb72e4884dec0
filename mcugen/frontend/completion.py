"""Quantizes what another quantizer has left in float.

A quantized program may have values that no quantize follows. Where their quantization needs no new information (see
`Lowering.implied`) nothing has to be done; the others are observed on calibration samples here, and float weights get
scales of their own. What the program has quantized stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend.faults import together
from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.lowering.context import Lowering, unsupported
from mcugen.frontend.lowering.qdq import is_dequantize, is_quantize
from mcugen.frontend.lowering.row import Role
from mcugen.frontend.quantize import COMPARED_OBSERVERS, COMPARED_SAMPLES, Progress, Steps, error_between
from mcugen.frontend.ranges.observe import Samples, count, inputs_of, results, spread_evenly, visit
from mcugen.frontend.torch_settings import quiet, single_threaded
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


@dataclass(frozen=True)
class Completed:
    """A program that is quantized throughout.

    Attributes:
        expected: the results of the program as it was, for the samples of `compared`, by (sample, output).
        compared: indices of calibration samples.
    """

    module: GraphModule
    expected: list[list[Tensor]]
    compared: list[int]


def complete(module: GraphModule, found: Missing, samples: Samples, progress: Progress | None = None) -> Completed:
    """Quantizes what is missing, in ranges observed on samples.

    Args:
        module: the program; changed in place.
        found: what `missing` found in it.
        samples: by input name, in the order of the inputs: (samples, *input shape).
        progress: called with (samples done, samples in all).

    Returns:
        The program with those ranges, of one kind of observer, that come closest to the one given on the samples.

    Raises:
        InputError: a value is not finite on a sample.
    """
    with quiet(), single_threaded(), torch.no_grad():
        # A signature's name and that of the placeholder may differ.
        given = dict(zip((node.name for node in inputs_of(module)), samples.values(), strict=True))
        observers = _observe(module, found, given, Steps(progress, count(given)))
        compared = spread_evenly(given, COMPARED_SAMPLES)
        expected = [results(module, given, index) for index in compared]
        for weight, user in found.weights.items():
            _quantize_weight(module, weight, user)
        candidates = []
        for kind in COMPARED_OBSERVERS:
            candidate = copy.deepcopy(module)
            nodes = {node.name: node for node in candidate.graph.nodes}
            for value in found.values:
                _quantize_value(candidate, nodes[value.name], observers[value.name, kind])
            candidate.recompile()
            got = [results(candidate, given, index) for index in compared]
            candidates.append((error_between(expected, got), candidate))
        return Completed(min(candidates, key=lambda pair: pair[0])[1], expected, compared)


def _observe(module: GraphModule, found: Missing, samples: Samples, steps: Steps) -> dict[tuple[str, str], Any]:
    """An observer of each kind for each value, after all samples."""
    from mcugen.frontend.quantizer import activation_spec

    observers = {
        (value.name, kind): activation_spec(kind).observer_or_fake_quant_ctr(
            dtype=torch.int8, quant_min=-128, quant_max=127, qscheme=torch.per_tensor_affine
        )
        for value in found.values
        for kind in COMPARED_OBSERVERS
    }
    names = {value.name for value in found.values}

    def see(sample: int, node: Node, value: Tensor) -> None:
        if node.name not in names:
            return
        if not bool(torch.isfinite(value).all()):
            raise InputError(
                f"the value {node.name!r} is not finite on calibration sample {sample}",
                hint="check the weights in the archive and the scale of the calibration data",
            )
        for kind in COMPARED_OBSERVERS:
            observers[node.name, kind](value)

    for index in range(steps.total):
        visit(module, samples, [index], see)
        steps.advance()
    return observers


def _quantize_value(module: GraphModule, value: Node, observer: Any) -> None:
    """A quantize and a dequantize behind a value; who quantizes it already is left alone."""
    scale, zero_point = observer.calculate_qparams()
    parameters = (float(scale), int(zero_point), -128, 127, torch.int8)
    operators = torch.ops.quantized_decomposed
    inputs = [node for node in module.graph.nodes if node.op == "placeholder"]
    with module.graph.inserting_after(inputs[-1] if value in inputs else value):
        quantized = module.graph.call_function(operators.quantize_per_tensor.default, (value, *parameters))
    with module.graph.inserting_after(quantized):
        real = module.graph.call_function(operators.dequantize_per_tensor.default, (quantized, *parameters))
    for new in (quantized, real):
        new.meta = {key: entry for key, entry in value.meta.items() if key != "val"}
    value.replace_all_uses_with(real, delete_user_cb=lambda user: not is_quantize(user))


def _quantize_weight(module: GraphModule, weight: Node, user: Node) -> None:
    """Float weights as int8 with a scale for each output channel, and a dequantize."""
    value = Lowering(module, ROWS, is_known).constant_value(weight)
    row = ROWS[target_name(user)]
    assert value is not None
    others = [axis for axis in range(value.dim()) if axis != row.channel_axis]
    scales = (value.abs().amax(others) / 127).clamp_min(2.0**-30)
    shape = [-1 if axis == row.channel_axis else 1 for axis in range(value.dim())]
    integers = (value / scales.reshape(shape)).round().clamp(-127, 127).to(torch.int8)
    constants = {"": integers, "_scales": scales, "_zero_points": torch.zeros(len(scales), dtype=torch.int64)}
    names = {suffix: f"_quantized_{weight.name}_{user.name}{suffix}" for suffix in constants}
    with module.graph.inserting_before(user):
        nodes = []
        for suffix, constant in constants.items():
            module.register_buffer(names[suffix], constant)
            nodes.append(module.graph.get_attr(names[suffix]))
        real = module.graph.call_function(
            torch.ops.quantized_decomposed.dequantize_per_channel.default,
            (*nodes, row.channel_axis, -127, 127, torch.int8),
        )
    user.replace_input_with(weight, real)
    module.recompile()
