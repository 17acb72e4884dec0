"""A model that came quantized, such as a LiteRT file, against a float program that the user gives.

Inputs and results are those of the same place; where the channels stand elsewhere, samples and results are turned.
Inside, nothing says which value is which, so that outputs alone are compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen import api
from mcugen.accuracy.compare import Compared, classify, output_accuracy
from mcugen.accuracy.module import run_firmware
from mcugen.accuracy.result import AccuracyOutcome
from mcugen.accuracy.subject import port_integers
from mcugen.api import Progress
from mcugen.assess.opened import Given
from mcugen.assess.run import board_name, classes_of
from mcugen.errors import InputError
from mcugen.graph import reference
from mcugen.graph.graph import Graph, Port
from mcugen.graph.layout import to_device_layout
from mcugen.graph.tensor import IntArray
from mcugen.verify.labels import read_labels


def assess_beside(
    given: Given,
    float_model: Path,
    samples: Path,
    *,
    labels: Path | None = None,
    with_reference: bool = False,
    runner: str = "auto",
    progress: Progress | None = None,
) -> AccuracyOutcome:
    """Args:
    samples: as the float model takes them.
    with_reference: leave the firmware of a module's folder out.

    Raises:
        InputError: a file is wrong, or both models have other inputs or outputs.
    """
    from mcugen.frontend.float_program import load_float_program

    program = load_float_program(float_model)
    arrays = program.samples(samples)
    graph, _ = api.load(given.model, given.options, progress)
    graph = api.at_the_borders(graph, given.options)
    given.require_same(graph)
    if len(graph.inputs) != len(program.inputs):
        raise InputError(
            f"the float model has {len(program.inputs)} inputs, the model {len(graph.inputs)}", where=str(float_model)
        )
    integers = {}
    for port, (name, array) in zip(graph.inputs, arrays.items(), strict=True):
        integers[port.name] = port_integers(graph, port, _turned(array, port, f"input {name!r}", float_model))
    results, computed_by = _results(given, graph, integers, runner, progress, with_reference)
    found = program.outputs(arrays)
    if len(found) != len(graph.outputs):
        raise InputError(
            f"the float model has {len(found)} outputs, the model {len(graph.outputs)}", where=str(float_model)
        )
    wanted = {
        port.name: _turned(array, port, f"output {port.name!r}", float_model)
        for port, array in zip(graph.outputs, found, strict=True)
    }
    shaped = {name: results[name].reshape(array.shape) for name, array in wanted.items()}
    outputs = tuple(output_accuracy(graph, port, wanted[port.name], shaped[port.name]) for port in graph.outputs)
    count = len(next(iter(arrays.values())))
    truth = None if labels is None else read_labels(labels, classes_of(graph), count)
    compared = Compared(wanted, shaped, outputs, (), 0, 0)
    return AccuracyOutcome(
        name=given.name,
        board=board_name(given),
        computed_by=computed_by,
        samples=count,
        layer_samples=0,
        single_samples=0,
        outputs=outputs,
        layers=(),
        classes=None if truth is None else classify(truth, compared),
        edited=given.edited,
    )


def _results(
    given: Given,
    graph: Graph,
    integers: dict[str, IntArray],
    runner: str,
    progress: Progress | None,
    with_reference: bool,
) -> tuple[dict[str, IntArray], str]:
    if given.folder is None or given.manifest is None or with_reference:
        return reference.run_model_layout(graph, integers, given.options.reset_every), "reference"
    inputs = [
        np.stack([to_device_layout(port, graph.tensor(port.tensor), sample) for sample in integers[port.name]])
        for port in graph.inputs
    ]
    every = given.options.reset_every
    return run_firmware(given.folder, given.manifest, inputs, runner=runner, reset_every=every, progress=progress)


def _turned(array: npt.NDArray[Any], port: Port, what: str, where: Path) -> npt.NDArray[Any]:
    """(samples, *shape in the float model) in the port's own shape.

    Raises:
        InputError: the shapes differ in more than where the channels stand, and in axes of 1.
    """
    shape, wanted = array.shape[1:], port.shape
    if shape == wanted:
        return array
    if len(shape) == len(wanted) > 2:
        if (shape[0], *shape[2:], shape[1]) == wanted:
            return np.moveaxis(array, 2, -1)
        if (shape[0], shape[-1], *shape[1:-1]) == wanted:
            return np.moveaxis(array, -1, 2)
    if [n for n in shape if n != 1] == [n for n in wanted if n != 1]:
        return array.reshape(len(array), *wanted)
    raise InputError(f"{what} has shape {shape} in the float model and {wanted} in the model", where=str(where))
