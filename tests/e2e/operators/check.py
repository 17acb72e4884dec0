"""What is checked of every row: the integer reference against PyTorch, and firmware against the reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from mcugen.api import Options, compile
from mcugen.frontend.quantize import quantize
from mcugen.graph.graph import Graph
from mcugen.verify.verify import verify_module
from tests.e2e.operators.case import Case
from tests.frontend.programs import Difference, compare_on, seeded
from tests.kernels.parallel import side_by_side

CALIBRATION, COMPARED = 6, 3


def example(case: Case, batch: int, count: int, seed: int) -> list[tuple[torch.Tensor, ...]]:
    """Inputs of the program, for each of `count` samples."""
    arrays = [part.samples(count, batch, seed + index) for index, part in enumerate(case.inputs)]
    return [tuple(torch.from_numpy(np.asarray(array[i])) for array in arrays) for i in range(count)]


def difference(case: Case, batch: int, decomposed: bool = False) -> Difference:
    """The row's program quantized by mcugen, and how far its integer reference is from PyTorch running it."""
    samples = example(case, batch, CALIBRATION, seed=0)
    with torch.no_grad():
        program = torch.export.export(seeded(case.model), samples[0])
    module = (program.run_decompositions() if decomposed else program).module(check_guards=False)
    names = [node.name for node in module.graph.nodes if node.op == "placeholder"]
    data = {name: torch.stack([s[i] for s in samples]).numpy() for i, name in enumerate(names)}
    return compare_on(quantize(module, data), example(case, batch, COMPARED, seed=100))


def differing(graphs: Mapping[str, Graph], board: str, folder: Path) -> list[str]:
    """Runs all graphs in one firmware on an emulated board.

    Args:
        graphs: by what a failure shall be called.
        folder: the module is written there.

    Returns:
        What is not equal to the integer reference, bit for bit: outputs and layers.
    """
    compile(side_by_side(list(graphs.values())), Options(board=board, name="operators")).write(folder)
    outcome = verify_module(folder)
    names = list(graphs)

    def called(name: str) -> str:
        (number,) = re.findall(r"_(\d+)$", name)
        return f"{names[int(number)]} on {board}, {name}"

    wrong = [f"{called(name)}: {found}" for name, found in outcome.output_differences.items()]
    for layer in outcome.measurement.layers:
        if layer.match is False:
            wrong.append(f"{called(layer.entry.name)}: {layer.difference}")
    assert bool(wrong) is not outcome.match, outcome.failure
    return wrong
