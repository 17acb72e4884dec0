"""Quantizes what another quantizer has left in float.

A quantized program may have values that no quantize follows. Where their quantization needs no new information (see
`Lowering.implied`) nothing has to be done; the others are observed on calibration samples here, and float weights get
scales of their own. What the program has quantized stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.errors import InputError
from mcugen.frontend.functional import is_known
from mcugen.frontend.leftovers import Missing
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.qdq import is_quantize
from mcugen.frontend.quantize import COMPARED_SAMPLES, Progress, Steps, error_between
from mcugen.frontend.quantizer_options import AUTOMATIC, Observer, QuantizerOptions
from mcugen.frontend.ranges.observe import Samples, consecutive_or_spread, count, inputs_of, results, visit
from mcugen.frontend.torch_settings import quiet, single_threaded


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


def complete(
    module: GraphModule,
    found: Missing,
    samples: Samples,
    progress: Progress | None = None,
    options: QuantizerOptions = AUTOMATIC,
) -> Completed:
    """Quantizes what is missing, in ranges observed on samples.

    Args:
        module: the program; changed in place.
        found: what `missing` found in it.
        samples: by input name, in the order of the inputs: (samples, *input shape).
        progress: called with (samples done, samples in all).
        options: its observers are tried; the program is not equalized, nor its biases changed.

    Returns:
        The program with those ranges, of one kind of observer, that come closest to the one given on the samples.

    Raises:
        InputError: a value is not finite on a sample.
    """
    with quiet(), single_threaded(), torch.no_grad():
        # A signature's name and that of the placeholder may differ.
        given = dict(zip((node.name for node in inputs_of(module)), samples.values(), strict=True))
        kinds = options.observers
        observers = _observe(module, found, given, kinds, Steps(progress, count(given)))
        compared = consecutive_or_spread(module, given, COMPARED_SAMPLES)
        expected = [results(module, given, index) for index in compared]
        for weight, user in found.weights.items():
            _quantize_weight(module, weight, user)
        candidates = []
        for kind in kinds:
            candidate = copy.deepcopy(module)
            nodes = {node.name: node for node in candidate.graph.nodes}
            for value in found.values:
                _quantize_value(candidate, nodes[value.name], observers[value.name, kind])
            candidate.recompile()
            got = [results(candidate, given, index) for index in compared]
            candidates.append((error_between(expected, got), candidate))
        return Completed(min(candidates, key=lambda pair: pair[0])[1], expected, compared)


def _observe(
    module: GraphModule, found: Missing, samples: Samples, kinds: Sequence[Observer], steps: Steps
) -> dict[tuple[str, Observer], Any]:
    """An observer of each kind for each value, after all samples."""
    from mcugen.frontend.quantizer import activation_spec

    observers = {
        (value.name, kind): activation_spec(kind).observer_or_fake_quant_ctr(
            dtype=torch.int8, quant_min=-128, quant_max=127, qscheme=torch.per_tensor_affine
        )
        for value in found.values
        for kind in kinds
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
        for kind in kinds:
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
    channel_axis = ROWS[target_name(user)].channel_axis_of(user)
    assert value is not None
    others = [axis for axis in range(value.dim()) if axis != channel_axis]
    scales = (value.abs().amax(others) / 127).clamp_min(2.0**-30)
    shape = [-1 if axis == channel_axis else 1 for axis in range(value.dim())]
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
            (*nodes, channel_axis, -127, 127, torch.int8),
        )
    user.replace_input_with(weight, real)
    module.recompile()
