"""A float program and calibration samples to a quantized program (PT2E)."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch.fx import GraphModule

from mcugen.frontend.fitting.bias_correction import correct_biases
from mcugen.frontend.fitting.gptq import round_weights
from mcugen.frontend.fitting.joint import adjust_jointly
from mcugen.frontend.fitting.stepwise import FEWEST
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
from mcugen.frontend.ranges.observe import STATE, Samples, consecutive_or_spread, count, evenly, inputs_of, results
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

AS_GOOD = 1.05
"""By which they may raise it on samples that they were not fitted to (0.2 dB)."""


@dataclass(frozen=True)
class Quantized:
    """A quantized program and what is known about it.

    Attributes:
        module: in q/dq form; takes the inputs as `normalizations` leave them.
        prepared: the float program that it was made of, with the same names.
        expected: the float program's results for the samples of `compared`, by (sample, output).
        compared: indices of calibration samples; of those that nothing was fitted to, where there are more than
            `COMPARED_SAMPLES`.
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
        unseen = _unseen(module, given, compared)
        observers = options.observers
        found = variants(module, given, options.equalize)
        steps = Steps(progress, count(given) * len(observers) * len(found))
        tried = [(variant, observer) for variant in found for observer in observers]
        candidates = [candidate for variant, o in tried for candidate in _try(variant, o, options.rules, steps)]
        seen = Losses(expected, compared)
        best = min(candidates, key=seen.of) if len(candidates) > 1 else candidates[0]
        trial = _Trial(best, best, seen, unseen)
        for fit, switch in (
            (round_weights, options.gptq),
            (adjust_jointly, options.gptq),
            (correct_biases, options.bias_correction),
        ):
            trial = trial.fitted(fit, switch)
        best = trial.candidate
        last = unseen or seen
        chosen, program = best.variant, best.program
        program.meta[NORMALIZATIONS] = chosen.normalizations
        warnings = diagnose(chosen.module, chosen.samples, chosen.inputs, given, titles)
        if options.equalize == "on" and not chosen.equalized:
            warnings.append("--equalize on: there are no two layers that channels could be equalized between")
        return Quantized(
            program,
            chosen.module,
            chosen.normalizations,
            last.expected,
            last.compared,
            best.told,
            warnings,
            best.observer,
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

    def half(self, which: int) -> Losses:
        """Every second sample, from the first or the second one on."""
        return Losses(self.expected[which::2], self.compared[which::2])


Fit = Callable[[GraphModule, GraphModule, Samples, Sequence[int]], Collection[str]]
"""(quantized program, float program, samples, indices) -> names of the layers that it changed in the quantized one."""


def _unseen(module: GraphModule, samples: Samples, compared: Collection[int]) -> Losses | None:
    """Samples beside the compared ones; None where they are few, or steps of a sequence."""
    others = [index for index in range(count(samples)) if index not in compared]
    if len(others) < FEWEST or any(STATE in node.meta for node in module.graph.nodes):
        return None
    chosen = [others[index] for index in evenly(len(others), COMPARED_SAMPLES)]
    return Losses(finite_results(module, samples, chosen), chosen)


@dataclass(frozen=True)
class _Trial:
    """A candidate whose constants are fitted to samples, and how it does on samples that they were not fitted to.

    Attributes:
        half: the same, fitted to half of the samples; where there are no others, the other half judges.
    """

    candidate: _Candidate
    half: _Candidate
    seen: Losses
    unseen: Losses | None

    def fitted(self, fit: Fit, switch: Switch) -> _Trial:
        """With constants fitted: always, never, or where that gains on the samples seen, and costs little on others."""
        if switch == "off" or (fitted := _with(self.candidate, self.seen, fit)) is None:
            return self
        half = self.half if self.unseen else _with(self.half, self.seen.half(0), fit) or self.half
        trial = replace(self, candidate=fitted, half=half)
        good = trial.loss * FITTED < self.loss and trial.loss_of_others <= AS_GOOD * self.loss_of_others
        return trial if switch == "on" or good else self

    @functools.cached_property
    def loss(self) -> float:
        """On the samples that constants are fitted to."""
        return self.seen.of(self.candidate)

    @functools.cached_property
    def loss_of_others(self) -> float:
        return self.unseen.of(self.candidate) if self.unseen else self.seen.half(1).of(self.half)


def _with(candidate: _Candidate, losses: Losses, fit: Fit) -> _Candidate | None:
    """With constants fitted to the samples; None where nothing is to be fitted."""
    variant, program = candidate.variant, copy.deepcopy(candidate.program)
    changed = fit(program, variant.module, variant.inputs, losses.compared)
    return replace(candidate, program=program) if changed else None


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
