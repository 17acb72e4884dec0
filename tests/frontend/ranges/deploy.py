"""A float model quantized, and how far its integers are from it on samples that it was not calibrated with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from mcugen.frontend import compile_program
from mcugen.frontend.fidelity import decibels
from mcugen.frontend.quantizer_options import AUTOMATIC, QuantizerOptions
from mcugen.frontend.torch_settings import single_threaded
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.quantization import dequantize, normalize, quantize

Arrays = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Deployed:
    """The integer graph, and dB of each output over the test samples."""

    graph: Graph
    decibels: dict[str, float]

    @property
    def kinds(self) -> list[str]:
        return [op.kind for op in self.graph.operators]


def deploy(
    model: nn.Module, calibration: Arrays, test: Arrays, folder: Path, options: QuantizerOptions = AUTOMATIC
) -> Deployed:
    """`calibration` and `test` by input name, first axis = samples, without the batch axis."""
    example = tuple(torch.zeros(1, *array.shape[1:]) for array in calibration.values())
    with torch.no_grad(), single_threaded():
        program = torch.export.export(model.eval(), example)
        np.savez(folder / "calibration.npz", **calibration)  # type: ignore[arg-type]
        graph = compile_program(program, "net", folder / "calibration.npz", options=options)
        count = len(next(iter(test.values())))
        runs = [
            tree_leaves(model(*(torch.from_numpy(test[name][i : i + 1]) for name in calibration))) for i in range(count)
        ]
    results = reference.run_model_layout(graph, integers(graph, test))
    found = {}
    for number, port in enumerate(graph.outputs):
        wanted = np.concatenate([run[number].double().numpy() for run in runs])
        got = dequantize(results[port.name], graph.real_quantization(port)).astype(np.float64)
        found[port.name] = decibels(wanted, got.reshape(wanted.shape))
    return Deployed(graph, found)


def integers(graph: Graph, samples: Arrays) -> dict[str, npt.NDArray[np.int8]]:
    """As whoever feeds the device makes them."""
    found = {}
    for port in graph.inputs:
        array, by = samples[port.name], port.normalization
        if by is not None:
            array = normalize(array, by.axis, by.factors, by.offsets)
        quantization = graph.tensor(port.tensor).quantization
        assert quantization is not None
        found[port.name] = quantize(array, quantization, "int8").astype(np.int8)
    return found
