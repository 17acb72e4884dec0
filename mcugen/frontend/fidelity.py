"""How close the integer program comes to the float model: signal to quantization noise on the calibration samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from mcugen.frontend.ranges.observe import Samples
from mcugen.graph import reference
from mcugen.graph.graph import Fidelity, Graph, Port
from mcugen.graph.quantization import dequantize, normalize, quantize
from mcugen.graph.tensor import DTYPES, IntArray

_MACS = 2_000_000_000
_FEWEST, _MOST = 4, 32


def measure(
    graph: Graph,
    samples: Samples,
    indices: Sequence[int],
    expected: Sequence[Sequence[torch.Tensor]],
    reset_every: int | None = None,
) -> Fidelity:
    """Runs the integer reference over samples.

    Args:
        samples: the calibration data as the model takes them.
        indices: which of them the float model was run on.
        expected: its results, by (sample, output).
        reset_every: of a graph with state, whose samples are consecutive steps; `indices` then start with the first.
    """
    most = min(_MOST, max(_FEWEST, _MACS // max(graph.macs(), 1)))
    count = min(len(indices), most)
    chosen = list(range(count)) if graph.states else sorted({i * len(indices) // count for i in range(count)})
    inputs = {port.name: _integers(graph, port, samples, [indices[i] for i in chosen]) for port in graph.inputs}
    results = reference.run_model_layout(graph, inputs, reset_every)
    found, differing = {}, {}
    for number, port in enumerate(graph.outputs):
        wanted = np.stack([expected[i][number].double().numpy().reshape(-1) for i in chosen])
        real = graph.real_quantization(port)
        got = results[port.name].reshape(wanted.shape)
        if real is None:
            # The noise of an index or a flag has no size.
            differing[port.name] = round(float(np.mean(got != wanted)), 4)
        else:
            found[port.name] = decibels(wanted, dequantize(got, real).astype(np.float64))
    return Fidelity(len(chosen), found, differing=differing)


def decibels(wanted: npt.NDArray[np.float64], got: npt.NDArray[np.float64]) -> float:
    """Signal power over noise power in dB, to a tenth, within +-`Fidelity.LIMIT_DB`."""
    limit = Fidelity.LIMIT_DB
    signal, noise = float(np.square(wanted).sum()), float(np.square(got - wanted).sum())
    if noise == 0:
        return limit
    if signal == 0:
        return -limit
    return round(float(np.clip(10 * np.log10(signal / noise), -limit, limit)), 1)


def poor(fidelity: Fidelity) -> list[str]:
    """A sentence for each output that is far from the float model."""
    noisy = [
        f"output {name!r} of the quantized program is only {value:.1f} dB above its quantization noise on the "
        "calibration samples: it may be useless"
        for name, value in fidelity.sqnr_db.items()
        if value < Fidelity.POOR_DB
    ]
    wrong = [
        f"output {name!r} of the quantized program differs from the {fidelity.program} in {share:.1%} of its values on "
        "the calibration samples: it may be useless"
        for name, share in fidelity.differing.items()
        if share > Fidelity.POOR_SHARE
    ]
    return noisy + wrong


def _integers(graph: Graph, port: Port, samples: Samples, indices: Sequence[int]) -> IntArray:
    array, tensor, by = samples[port.name][list(indices)], graph.tensor(port.tensor), port.normalization
    if tensor.quantization is None:
        return array.astype(DTYPES[tensor.dtype])
    if by is not None:
        array = normalize(array, None if by.axis is None else by.axis + 1, by.factors, by.offsets)
    return quantize(array, tensor.quantization, tensor.dtype)
