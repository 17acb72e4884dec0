"""A float program and calibration samples to a quantized program (PT2E)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch.fx import GraphModule

from mcugen.frontend.fitting.bias_correction import correct_biases
from mcugen.frontend.fitting.gptq import round_weights
from mcugen.frontend.fitting.joint import adjust_jointly
from mcugen.frontend.functional import is_known
from mcugen.frontend.importer import NORMALIZATIONS
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.precision.assign import require_layers
from mcugen.frontend.precision.rules import Rules
from mcugen.frontend.quantizer_options import AUTOMATIC, Observer, QuantizerOptions, Switch
from mcugen.frontend.ranges.diagnose import diagnose
from mcugen.frontend.ranges.finite import finite_results, require_coverable
from mcugen.frontend.ranges.normalize import Normalizations
from mcugen.frontend.ranges.observe import Samples, consecutive_or_spread, count, inputs_of, results
from mcugen.frontend.ranges.observers import cuts
from mcugen.frontend.ranges.tail import has_outliers, trim_outliers
from mcugen.frontend.ranges.variants import Variant, variants
from mcugen.frontend.rehearsal import require_supported
from mcugen.frontend.torch_settings import quiet, single_threaded

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""

CUTTING = 4.0
"""By what the noise power of a program with narrower ranges is multiplied before it is compared (6 dB): on the very
samples that gave the ranges, room for others looks like a loss, of up to 3.5 dB for each value."""

COMPARED_SAMPLES = 32

FITTED = 1.1
"""By which constants fitted to the compared samples must reduce the noise power (0.4 dB): a part is the fit alone."""


@dataclass(frozen=True)
class Quantized:
    """A quantized program and what is known about it.

    Attributes:
        module: in q/dq form; takes the inputs as `normalizations` leave them.
        prepared: the float program that it was made of, with the same names.
        expected: the float program's results for the samples of `compared`, by (sample, output).
        compared: indices of calibration samples.
        told: what does not compute in the type that was asked for.
        warnings: what will cost accuracy, as the samples say.
        observer: of those that were tried, the one by which its ranges were found.
    """

    module: GraphModule
    prepared: GraphModule
    normalizations: Normalizations
    expected: list[list[torch.Tensor]]
    compared: list[int]
    told: list[str]
    warnings: list[str]
    observer: Observer


def quantize(
    module: GraphModule,
    samples: Samples,
    progress: Progress | None = None,
    options: QuantizerOptions = AUTOMATIC,
) -> GraphModule:
    """As `quantize_program`: the program alone."""
    return quantize_program(module, samples, progress, options).module


def quantize_program(
    module: GraphModule,
    samples: Samples,
    progress: Progress | None = None,
    options: QuantizerOptions = AUTOMATIC,
) -> Quantized:
    """Quantizes a float program with `McuQuantizer`.

    Args:
        module: the program's GraphModule in evaluation mode; changed in place.
        samples: by input name, in the order of the inputs: (samples, *input shape).
        progress: see `Progress`.
        options: of several observers the one is taken whose quantized program is closest to the float program on the
            samples.

    Equivalent float programs (see `ranges.variants`) are tried where the ranges call for it, and judged alike.

    Raises:
        UnsupportedOperatorError: an operator has no integer form.
        InputError: a value is not finite on a sample, or beyond every scale; a rule holds for no layer.
    """
    with quiet(), single_threaded(), torch.no_grad():
        require_supported(module)
        require_layers(options.rules, module)
        # A signature's name and that of the placeholder may differ.
        titles = dict(zip((node.name for node in inputs_of(module)), samples, strict=True))
        given = {name: samples[title] for name, title in titles.items()}
        compared = consecutive_or_spread(module, given, COMPARED_SAMPLES)
        expected = finite_results(module, given, compared)
        observers = options.observers
        found = variants(module, given, options.equalize)
        steps = Steps(progress, count(given) * len(observers) * len(found))
        tried = [(variant, observer) for variant in found for observer in observers]
        candidates = [candidate for variant, o in tried for candidate in _try(variant, o, options.rules, steps)]
        losses = Losses(expected, compared)
        best = min(candidates, key=losses.of) if len(candidates) > 1 else candidates[0]
        best = _fitted(best, losses, round_weights, options.gptq)
        best = _fitted(best, losses, adjust_jointly, options.gptq)
        best = _fitted(best, losses, correct_biases, options.bias_correction)
        chosen, program = best.variant, best.program
        program.meta[NORMALIZATIONS] = chosen.normalizations
        warnings = diagnose(chosen.module, chosen.samples, chosen.inputs, given, titles)
        if options.equalize == "on" and not chosen.equalized:
            warnings.append("--equalize on: there are no two layers that channels could be equalized between")
        return Quantized(
            program, chosen.module, chosen.normalizations, expected, compared, best.told, warnings, best.observer
        )


@dataclass
class Steps:
    """Counts samples over all candidates."""

    progress: Progress | None
    total: int
    done: int = 0

    def advance(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)


@dataclass(frozen=True)
class _Candidate:
    """A variant quantized with one kind of ranges.

    Attributes:
        told: what was not done as the rules ask.
        observer: by which the ranges were found.
    """

    variant: Variant
    program: GraphModule
    handicap: float
    told: list[str]
    observer: Observer


@dataclass(frozen=True)
class Losses:
    """How far quantized programs are from the float program's results `expected` for the samples of `compared`."""

    expected: list[list[torch.Tensor]]
    compared: list[int]

    def of(self, candidate: _Candidate) -> float:
        got = [results(candidate.program, candidate.variant.inputs, index) for index in self.compared]
        return candidate.variant.handicap * candidate.handicap * error_between(self.expected, got)


Fit = Callable[[GraphModule, GraphModule, Samples, Sequence[int]], Collection[str]]
"""(quantized program, float program, samples, indices) -> names of the layers that it changed in the quantized one."""


def _fitted(candidate: _Candidate, losses: Losses, fit: Fit, switch: Switch) -> _Candidate:
    """With constants fitted to the samples: always, never, or where that gains."""
    if switch == "off":
        return candidate
    variant, program = candidate.variant, copy.deepcopy(candidate.program)
    if not fit(program, variant.module, variant.inputs, losses.compared):
        return candidate
    fitted = replace(candidate, program=program)
    return fitted if switch == "on" or losses.of(fitted) * FITTED < losses.of(candidate) else candidate


def _try(variant: Variant, observer: Observer, rules: Rules, steps: Steps) -> list[_Candidate]:
    """The variant quantized; where samples are outliers, once more without them."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e

    prepared, told = _calibrated(variant, observer, rules, steps)
    require_coverable(prepared)
    trimmed = copy.deepcopy(prepared) if has_outliers(prepared) else None
    cutting = CUTTING if cuts(observer) else 1.0
    found = [_Candidate(variant, convert_pt2e(prepared, fold_quantize=True), cutting, told, observer)]
    if trimmed is not None:
        trim_outliers(trimmed)
        found.append(_Candidate(variant, convert_pt2e(trimmed, fold_quantize=True), CUTTING, told, observer))
    return found


def _calibrated(variant: Variant, observer: Observer, rules: Rules, steps: Steps) -> tuple[GraphModule, list[str]]:
    """The variant with observers that have seen all samples, and what is not as the rules ask."""
    from torchao.quantization.pt2e.quantize_pt2e import prepare_pt2e

    from mcugen.frontend.quantizer import McuQuantizer

    module = copy.deepcopy(variant.module)
    constants = Lowering(module, ROWS, is_known)
    quantizer = McuQuantizer(constants.constant_value, observer, rules)
    prepared: GraphModule = prepare_pt2e(module, quantizer)
    for index in range(count(variant.samples)):
        results(prepared, variant.samples, index)
        steps.advance()
    return prepared, quantizer.warnings()


def error_between(expected: list[list[torch.Tensor]], got: list[list[torch.Tensor]]) -> float:
    """Sum over the outputs of the mean over samples of noise power over signal power.

    Each sample counts alike, so that one with huge values does not decide for all others; a sample without signal is
    held against a hundredth of the usual one.
    """
    total = 0.0
    for output in range(len(expected[0])):
        wanted = torch.stack([sample[output].double().reshape(-1) for sample in expected])
        noise = (torch.stack([sample[output].double().reshape(-1) for sample in got]) - wanted).square().sum(1)
        signal = wanted.square().sum(1)
        usual = float(signal.median()) or float(signal.mean())
        total += float((noise / (signal + 0.01 * usual).clamp_min(1e-30)).mean())
    return total
