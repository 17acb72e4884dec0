"""A float program end to end: emitted, verified in the emulator, compared with the float model on unseen samples."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from mcugen import api
from mcugen.frontend import load_model
from mcugen.frontend.fidelity import decibels
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.quantization import dequantize, normalize, quantize
from mcugen.graph.tensor import DTYPES, IntArray
from mcugen.verify.verify import verify_module

Arrays = Mapping[str, npt.NDArray[np.generic]]
"""By input name: (samples, *input shape)."""


@dataclass(frozen=True)
class Output:
    """One output over all samples, against the float model's.

    Attributes:
        correlation: Pearson's, over all elements of all samples; 1 where both are constant.
        centred: the same after the mean over the samples was taken off each element: what depends on the input.
        sqnr_db: signal to quantization noise.
        worst: largest difference over the range (highest - lowest value; the magnitude where that is constant); 0 where
            it is within what float32 rounds of the inputs.
    """

    name: str
    correlation: float
    centred: float
    sqnr_db: float
    worst: float


@dataclass(frozen=True)
class Checked:
    """What a network does on a board; `match`: the firmware gives the bits of the integer reference, layer by layer."""

    outputs: tuple[Output, ...]
    match: bool
    flash_bytes: int
    ram_bytes: int
    instructions: int
    macs: int


def check_program(archive: Path, calibration: Arrays, unseen: Arrays, board: str) -> Checked:
    """Emits and verifies a float program, and compares its integer reference with it.

    Args:
        archive: of torch.export, with float operators.
        unseen: samples for the comparison; of a program with state, consecutive steps.

    Raises:
        McugenError: it cannot be emitted, does not fit the board, or its firmware fails.
    """
    with tempfile.TemporaryDirectory(prefix="mcugen-fidelity-") as folder:
        samples = Path(folder) / "samples.npz"
        np.savez(samples, **calibration)  # type: ignore[arg-type]
        graph = load_model(archive, samples)
        module = api.compile(graph, api.Options(board=board))
        api.check_flash(module)
        module.write(Path(folder) / "module")
        verdict = verify_module(Path(folder) / "module").as_json()
    return Checked(
        outputs=compare(graph, archive, unseen),
        match=bool(verdict["match"]),
        flash_bytes=verdict["flash_bytes"],
        ram_bytes=verdict["ram_bytes"],
        instructions=verdict["instructions"],
        macs=graph.macs(),
    )


def compare(graph: Graph, archive: Path, samples: Arrays) -> tuple[Output, ...]:
    """The integer reference against the program in float, output by output."""
    results = reference.run_model_layout(
        graph, {port.name: _integers(graph, port.name, samples) for port in graph.inputs}
    )
    wanted = float_results(archive, [samples[port.name] for port in graph.inputs])
    noise = max((float(np.abs(value.astype(np.float64)).max(initial=0.0)) for value in samples.values()), default=0.0)
    noise *= float(np.finfo(np.float32).eps)
    found = []
    for port, expected in zip(graph.outputs, wanted, strict=True):
        real = graph.real_quantization(port)
        got = results[port.name] if real is None else dequantize(results[port.name], real)
        found.append(_output(port.name, expected, got.astype(np.float64).reshape(expected.shape), noise))
    return tuple(found)


def float_results(archive: Path, inputs: Sequence[npt.NDArray[np.generic]]) -> list[npt.NDArray[np.float64]]:
    """For each output of the program (samples, elements). The samples run one after another, so that state is kept."""
    program = torch.export.load(archive)
    module, rows = program.module(), []
    # Numbers and None that the program was exported with are its own.
    examples, form = tree_flatten(program.example_inputs)
    with torch.no_grad():
        for sample in zip(*inputs, strict=True):
            # Copies: a program may change its inputs in place.
            given = (torch.from_numpy(np.array(value)) for value in sample)
            filled = [next(given) if isinstance(example, torch.Tensor) else example for example in examples]
            arguments, named = tree_unflatten(filled, form)
            leaves = tree_leaves(module(*arguments, **named))
            rows.append([torch.as_tensor(leaf).double().numpy().reshape(-1).copy() for leaf in leaves])
    return [np.stack(column) for column in zip(*rows, strict=True)]


def _integers(graph: Graph, name: str, samples: Arrays) -> IntArray:
    (port,) = (p for p in graph.inputs if p.name == name)
    array, tensor, by = samples[name], graph.tensor(port.tensor), port.normalization
    if tensor.quantization is None:
        return array.astype(DTYPES[tensor.dtype])
    if by is not None:
        array = normalize(array, None if by.axis is None else by.axis + 1, by.factors, by.offsets)
    return quantize(array, tensor.quantization, tensor.dtype)


def _output(name: str, wanted: npt.NDArray[np.float64], got: npt.NDArray[np.float64], noise: float) -> Output:
    span = float(np.ptp(wanted)) if wanted.size else 0.0
    magnitude = float(np.abs(wanted).max(initial=0.0))
    span = span if span > 1e-3 * magnitude else magnitude
    error = float(np.abs(got - wanted).max(initial=0.0))
    return Output(
        name,
        _correlation(wanted, got),
        _correlation(wanted - wanted.mean(axis=0), got - got.mean(axis=0)),
        decibels(wanted, got),
        0.0 if error <= noise else error / span if span else np.inf,
    )


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    if scale == 0:
        return 1.0 if not a.any() and not b.any() else 0.0
    return float((a * b).sum()) / scale
