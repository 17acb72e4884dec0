"""Test vectors of a module: inputs, expected outputs, and every layer's expected output, from the integer reference."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen import __version__
from mcugen.borders import Source
from mcugen.borders.files import is_file
from mcugen.borders.npz import open_npz
from mcugen.emit.constants import ConstantArray
from mcugen.emit.manifest import Manifest
from mcugen.errors import InputError
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.limits import accepted_range
from mcugen.graph.ops import Quantize
from mcugen.graph.tensor import DTYPES, IntArray, Tensor
from mcugen.templates import render_template

FOLDER = "vectors"
_RESTARTS = "restarts"
DEFAULT_SAMPLES = 4
HEADER_SAMPLES = 2
"""Samples in the C form of the vectors, which may end up in a microcontroller's flash."""


@dataclass(frozen=True)
class Vectors:
    """Device layout, first axis = samples.

    Attributes:
        layers: of the first sample only, by tensor name.
        restarts: of a model with state, (samples, samples, ...): at [start, i] the output of sample i in a sequence
            that starts with sample `start`; zeros for i < start. Empty without state.
    """

    inputs: Mapping[str, IntArray]
    outputs: Mapping[str, IntArray]
    layers: Mapping[str, IntArray]
    restarts: Mapping[str, IntArray] = field(default_factory=dict)

    def outputs_from(self, reset_every: int | None) -> Mapping[str, IntArray]:
        """The outputs where the state starts again after so many samples.

        Raises:
            InputError: the module came without those.
        """
        if reset_every is None:
            return self.outputs
        if not self.restarts:
            raise InputError("the module's vectors have no sequences that start anew", hint="emit the model again")
        samples = np.arange(len(next(iter(self.outputs.values()))))
        return {name: array[samples - samples % reset_every, samples] for name, array in self.restarts.items()}


def make_vectors(graph: Graph, layer_outputs: Sequence[str], samples: int = DEFAULT_SAMPLES, seed: int = 0) -> Vectors:
    """Runs the integer reference over seeded inputs that use the whole integer range.

    The first sample is uniform noise, the later ones are smooth, which saturates fewer layers. With states the samples
    are consecutive steps from a reset.
    """
    generator = np.random.default_rng(seed)
    inputs = {p.name: np.stack([_sample(generator, graph, p.tensor, i) for i in range(samples)]) for p in graph.inputs}
    runs = _steps(graph, inputs, range(samples))
    outputs = {port.name: np.stack([run[port.tensor] for run in runs]) for port in graph.outputs}
    restarts = {}
    if graph.states:
        later = [_steps(graph, inputs, range(start, samples)) for start in range(1, samples)]
        restarts = {p.name: _windows([runs, *later], p.tensor, outputs[p.name]) for p in graph.outputs}
    return Vectors(inputs, outputs, {name: runs[0][name] for name in layer_outputs}, restarts)


def _steps(graph: Graph, inputs: Mapping[str, IntArray], samples: range) -> list[dict[str, IntArray]]:
    """Consecutive inferences from a reset."""
    runs, state = [], reference.reset(graph)
    for i in samples:
        runs.append(reference.run(graph, {p.tensor: inputs[p.name][i] for p in graph.inputs}, state))
        state = reference.kept(graph, runs[-1])
    return runs


def _windows(sequences: Sequence[Sequence[Mapping[str, IntArray]]], tensor: str, like: IntArray) -> IntArray:
    """See `Vectors.restarts`; sequence k starts with sample k."""
    found: IntArray = np.zeros((len(sequences), *like.shape), like.dtype)
    for start, runs in enumerate(sequences):
        found[start, start:] = [run[tensor] for run in runs]
    return found


def _sample(generator: np.random.Generator, graph: Graph, name: str, index: int) -> IntArray:
    tensor = graph.tensors[name]
    if tensor.dtype == "float32":
        (op,) = graph.consumers(name)
        assert isinstance(op, Quantize), op.name
        integers = _sample(generator, graph, op.outputs[0], index)
        return _around(generator, integers, graph.tensors[op.outputs[0]], op, extremes=index == 0)
    if tensor.quantization is None:
        # Lengths and indices are small numbers.
        low, high = (min(max(bound, -128), 127) for bound in accepted_range(graph, name))
        return np.asarray(generator.integers(low, high, size=tensor.shape, endpoint=True)).astype(DTYPES[tensor.dtype])
    shape, (low, high) = tensor.shape, tensor.integer_range
    noise = generator.integers(low, high, size=shape, endpoint=True)
    if index:
        width = min(4 * index, noise.size)
        kernel = np.ones(width) / width
        flat = np.convolve(noise.reshape(-1), kernel)[: noise.size] * np.sqrt(width)
        noise = np.clip(np.round(flat), low, high).astype(np.int64).reshape(shape)
    return noise.astype(DTYPES[tensor.dtype])


_EXTREMES = np.array([np.finfo(np.float32).max, np.finfo(np.float32).min, 1e-45, -0.0, 0.5, -0.5], np.float32)


def _around(
    generator: np.random.Generator, integers: IntArray, tensor: Tensor, op: Quantize, *, extremes: bool
) -> npt.NDArray[Any]:
    """Real numbers on integers, between them and halfway; a few beyond all of them where there is room."""
    quarters = generator.integers(-2, 2, size=integers.shape, endpoint=True) / 4
    real = op.quantization(tensor).scale * (integers.astype(np.float64) + quarters - tensor.zero_point)
    if op.axis is not None:
        shape = [-1 if axis == op.axis else 1 for axis in range(real.ndim)]
        real = real * np.reshape(op.factors, shape) + np.reshape(op.offsets, shape)
    found = np.clip(real, _EXTREMES[1], _EXTREMES[0]).astype(np.float32)
    if extremes and found.size >= 8 * len(_EXTREMES):
        found.reshape(-1)[: len(_EXTREMES)] = _EXTREMES
    return found


def vector_files(vectors: Vectors) -> dict[PurePosixPath, bytes]:
    groups = {"inputs": vectors.inputs, "outputs": vectors.outputs, "layers": vectors.layers}
    groups |= {_RESTARTS: vectors.restarts} if vectors.restarts else {}
    return {PurePosixPath(FOLDER) / f"{name}.npz": _npz(arrays) for name, arrays in groups.items()}


def vector_header(
    name: str, vectors: Vectors, input_names: Sequence[str], output_names: Sequence[str]
) -> dict[PurePosixPath, bytes]:
    """The first samples as a C header, for tests on the target: `vectors/<name>_vectors.h`.

    Args:
        name: the module's.
        input_names, output_names: C names of the ports, in order.
    """
    samples = [
        {
            "inputs": _sample_arrays(f"{name}_vector_{i}", input_names, vectors.inputs, i),
            "outputs": _sample_arrays(f"{name}_vector_{i}", output_names, vectors.outputs, i),
        }
        for i in range(min(HEADER_SAMPLES, min(len(a) for a in vectors.outputs.values())))
    ]
    text = render_template(
        "mcugen.emit", "vectors.h.j2", version=__version__, name=name, NAME=name.upper(), samples=samples
    )
    return {PurePosixPath(FOLDER) / f"{name}_vectors.h": text.encode()}


def _sample_arrays(
    prefix: str, names: Sequence[str], arrays: Mapping[str, IntArray], sample: int
) -> list[ConstantArray]:
    return [
        ConstantArray(f"{prefix}_{name}", np.ascontiguousarray(array[sample]).reshape(-1), max(array.itemsize, 4))
        for name, array in zip(names, arrays.values(), strict=True)
    ]


def load_vectors(folder: Path) -> Vectors:
    """Raises InputError when the module's vectors are missing or damaged."""
    groups: list[dict[str, IntArray]] = []
    optional = [_RESTARTS] if is_file(folder / FOLDER / f"{_RESTARTS}.npz") else []
    for name in ("inputs", "outputs", "layers", *optional):
        path = folder / FOLDER / f"{name}.npz"
        with open_npz(Source(path, f"the module's vectors ({name})", "emit the model again")) as file:
            groups.append(file.read_all())
    return Vectors(*groups)


def check_vectors(vectors: Vectors, manifest: Manifest) -> None:
    """Raises InputError when the vectors are not those of the manifest's inputs, outputs and layers."""
    samples = {len(array) for group in (vectors.inputs, vectors.outputs) for array in group.values() if array.ndim}
    ports = ((vectors.inputs, manifest.inputs, "input"), (vectors.outputs, manifest.outputs, "output"))
    wrong = [
        f"{kind} {port.name}"
        for arrays, entries, kind in ports
        for port in entries
        if (array := arrays.get(port.name)) is None
        or array.dtype != DTYPES[port.dtype]
        or array.shape[1:] != port.device_shape
    ]
    wrong += [
        f"restarts of output {port.name}"
        for port in manifest.outputs
        if vectors.restarts
        and (
            (array := vectors.restarts.get(port.name)) is None
            or array.dtype != DTYPES[port.dtype]
            or array.shape != (*samples, *samples, *port.device_shape)
        )
    ]
    wrong += [
        f"layer {layer.name}"
        for layer, result in manifest.results
        if (array := vectors.layers.get(result.name)) is None or array.nbytes != result.bytes
    ]
    if wrong or len(samples) != 1 or samples == {0}:
        raise InputError(
            "the module's vectors do not fit its manifest",
            where=wrong[0] if wrong else "the numbers of samples",
            hint="emit the model again",
        )


def _npz(arrays: Mapping[str, IntArray]) -> bytes:
    buffer = io.BytesIO()
    # numpy writes zip members with the constant date 1980-01-01: the bytes are the same on every run.
    np.savez_compressed(buffer, **{k: np.asarray(v) for k, v in arrays.items()})  # type: ignore[arg-type]
    return buffer.getvalue()
