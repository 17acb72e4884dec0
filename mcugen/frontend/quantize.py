"""A float program and calibration samples to a quantized program (PT2E)."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping

import torch
from torch.fx import GraphModule, Node

from mcugen.errors import InputError
from mcugen.frontend.calibration import Float32Array
from mcugen.frontend.folding import fold
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.context import Lowering

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""

DEFAULT_OBSERVER = "minmax"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps PyTorch's and torchao's own remarks off the user's terminal."""
    noisy = [logging.getLogger(name) for name in ("torch", "torchao", "torch.export", "torch.fx")]
    levels = [logger.level for logger in noisy]
    try:
        for logger in noisy:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """One thread: these networks are too small to share out, and sums keep one order, so results are repeatable."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def require_supported(module: GraphModule) -> None:
    """Raises UnsupportedOperatorError for the first operator without a row in the lowering table."""
    context = Lowering(module, ROWS)
    for node in module.graph.nodes:
        if node.op != "call_function" or not node.users or context.constant_value(node) is not None:
            continue
        if target_name(node) not in ROWS:
            raise context.row_missing(node)


def quantize(
    module: GraphModule,
    samples: Mapping[str, Float32Array],
    progress: Progress | None = None,
    observer: str = DEFAULT_OBSERVER,
) -> GraphModule:
    """Quantizes a float program with `McuQuantizer`.

    Args:
        module: the program's GraphModule in evaluation mode; changed in place.
        samples: by input name, (samples, *input shape).
        progress: see `Progress`.
        observer: how activation ranges are found: "minmax" or "histogram".

    Raises:
        UnsupportedOperatorError: an operator has no integer form.
        InputError: the model gives no finite numbers on a sample.
    """
    with quiet(), single_threaded(), torch.no_grad():
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        from mcugen.frontend.quantizer import McuQuantizer

        fold(module)
        require_supported(module)
        constants = Lowering(module, ROWS)

        def is_constant(node: Node) -> bool:
            return constants.constant_value(node) is not None

        prepared = prepare_pt2e(module, McuQuantizer(is_constant, observer))
        _calibrate(prepared, samples, progress)
        converted: GraphModule = convert_pt2e(prepared, fold_quantize=True)
        return converted


def _calibrate(prepared: GraphModule, samples: Mapping[str, Float32Array], progress: Progress | None) -> None:
    names = [node.name for node in prepared.graph.nodes if node.op == "placeholder"]
    count = len(next(iter(samples.values())))
    for index in range(count):
        results = prepared(*(torch.from_numpy(samples[name][index]) for name in names))
        tensors = results.values() if isinstance(results, dict) else results
        for tensor in tensors if not isinstance(tensors, torch.Tensor) else [tensors]:
            if isinstance(tensor, torch.Tensor) and not bool(torch.isfinite(tensor).all()):
                raise InputError(
                    f"the model's output is not finite on calibration sample {index}",
                    hint="check the weights in the archive and the scale of the calibration data",
                )
        if progress is not None:
            progress(index + 1, count)
