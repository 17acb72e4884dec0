"""A float program and calibration samples to a quantized program (PT2E)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.fx import GraphModule
from torch.utils._pytree import tree_leaves

from mcugen.errors import InputError
from mcugen.frontend.calibration import Samples
from mcugen.frontend.folding import fold
from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.rehearsal import require_supported
from mcugen.frontend.signature import is_input
from mcugen.frontend.torch_settings import quiet, single_threaded

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""

BEST = "best"
"""The observer that measures which other observer is best; see `quantize`."""

COMPARED_SAMPLES = 32


def quantize(
    module: GraphModule,
    samples: Mapping[str, Samples],
    progress: Progress | None = None,
    observer: str = BEST,
) -> GraphModule:
    """Quantizes a float program with `McuQuantizer`.

    Args:
        module: the program's GraphModule in evaluation mode; changed in place.
        samples: by input name, in the order of the inputs: (samples, *input shape).
        progress: see `Progress`.
        observer: how activation ranges are found: "minmax", "histogram" (which may cut rare extremes off), or "best":
            both, and the one whose quantized program is closer to the float program on the samples is taken.

    Raises:
        UnsupportedOperatorError: an operator has no integer form.
        InputError: the model gives no finite numbers on a sample.
    """
    with quiet(), single_threaded(), torch.no_grad():
        from mcugen.frontend.quantizer import ACTIVATION_OBSERVERS

        require_supported(module)
        fold(module)
        names = list(ACTIVATION_OBSERVERS) if observer == BEST else [observer]
        count = len(next(iter(samples.values())))
        steps = _Steps(progress, count * len(names))
        if len(names) == 1:
            return _quantize_with(module, samples, names[0], steps)
        expected = _run(module, samples, COMPARED_SAMPLES)
        candidates = [_quantize_with(copy.deepcopy(module), samples, name, steps) for name in names]
        errors = [_error(expected, _run(candidate, samples, COMPARED_SAMPLES)) for candidate in candidates]
        return candidates[errors.index(min(errors))]


@dataclass
class _Steps:
    """Counts samples over all candidates."""

    progress: Progress | None
    total: int
    done: int = 0

    def advance(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)


def _quantize_with(module: GraphModule, samples: Mapping[str, Samples], observer: str, steps: _Steps) -> GraphModule:
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    from mcugen.frontend.quantizer import McuQuantizer

    constants = Lowering(module, ROWS, is_known)
    prepared = prepare_pt2e(module, McuQuantizer(constants.constant_value, observer))
    for index in range(len(next(iter(samples.values())))):
        for result in _results(prepared, samples, index):
            if not bool(torch.isfinite(result).all()):
                raise InputError(
                    f"the model's output is not finite on calibration sample {index}",
                    hint="check the weights in the archive and the scale of the calibration data",
                )
        steps.advance()
    converted: GraphModule = convert_pt2e(prepared, fold_quantize=True)
    return converted


def _results(module: GraphModule, samples: Mapping[str, Samples], index: int) -> list[torch.Tensor]:
    """The model's tensors for one sample, in the order of its outputs."""
    arrays = iter(samples.values())
    # Numbers and None that the model was exported with are no samples.
    values = [
        torch.as_tensor(next(arrays)[index]) if is_input(node) else node.meta.get("val")
        for node in module.graph.nodes
        if node.op == "placeholder"
    ]
    results = module(*values)
    return [leaf for leaf in tree_leaves(results) if isinstance(leaf, torch.Tensor)]


def _run(module: GraphModule, samples: Mapping[str, Samples], most: int) -> list[list[torch.Tensor]]:
    """Results for up to `most` samples, spread evenly."""
    count = len(next(iter(samples.values())))
    chosen = sorted({index * count // min(count, most) for index in range(min(count, most))})
    return [_results(module, samples, index) for index in chosen]


def _error(expected: list[list[torch.Tensor]], got: list[list[torch.Tensor]]) -> float:
    """Mean over the outputs of squared error over signal power."""
    total = 0.0
    for output in range(len(expected[0])):
        wanted = torch.stack([sample[output] for sample in expected]).double()
        noise = torch.stack([sample[output] for sample in got]).double() - wanted
        total += float(noise.square().sum() / wanted.square().sum().clamp_min(1e-30))
    return total
