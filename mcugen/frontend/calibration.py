"""Calibration data: an .npz with an array per model input, or seeded random numbers on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcugen.borders import Source
from mcugen.borders.npz import Array, Npz, open_npz
from mcugen.errors import InputError
from mcugen.graph.graph import Graph, Port
from mcugen.graph.layout import moved_channels
from mcugen.graph.statistics import statistics

Samples = npt.NDArray[np.generic]
"""Of one input: float32, or plain integers or booleans of the input's own type."""

RANDOM = "random"
RANDOM_SAMPLES = 16
_HINT = "give --calibration an .npz of np.savez(path, input_name=array), or the word random to try things out"
_SAMPLES_HINT = "write it with numpy.savez(path, input_name=array)"


@dataclass(frozen=True)
class InputSpec:
    """A model input: its name, shape, and NumPy's name for its type."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def short_shape(self) -> tuple[int, ...]:
        """Without a first axis of 1."""
        return self.shape[1:] if self.shape[:1] == (1,) else self.shape


def load(path: Path, inputs: list[InputSpec], what: str = "calibration") -> dict[str, Samples]:
    """Reads samples for every input.

    Args:
        path: an .npz; each array is (samples, *shape), where a first axis of 1 in the input's shape may be left out.
        inputs: the model's inputs.
        what: "calibration", or "sample": what they are for, in errors.

    Returns:
        By input name: the input's type, (samples, *input shape).

    Raises:
        InputError: the file is missing, no .npz, or its arrays do not fit the model's inputs.
    """
    hint = _HINT if what == "calibration" else _SAMPLES_HINT
    with open_npz(Source(path, f"the {what} file", hint)) as file:
        samples = _samples(path, file, inputs, what)
    counts = {name: len(array) for name, array in samples.items()}
    if len(set(counts.values())) > 1:
        raise InputError(
            f"{what} arrays have different numbers of samples: {counts}",
            where=str(path),
            hint="give every input the same number of samples on the first axis",
        )
    return samples


def random(inputs: list[InputSpec], seed: int = 0) -> dict[str, Samples]:
    """Standard normal samples, for trying things out: the ranges they give fit no real data. Integers are 0 or 1."""
    rng = np.random.default_rng(seed)

    def draw(shape: tuple[int, ...], dtype: str) -> Samples:
        real = dtype.startswith("float")
        values = rng.standard_normal(shape) if real else rng.integers(0, 2, size=shape)
        return np.asarray(values).astype(dtype)

    return {s.name: draw((RANDOM_SAMPLES, *s.shape), s.dtype) for s in inputs}


def with_statistics(graph: Graph, samples: Mapping[str, Samples]) -> Graph:
    """The graph whose inputs of real numbers say what the samples look like.

    Args:
        samples: by the names of the model's inputs.
    """
    return replace(graph, inputs=tuple(_described(port, samples[port.name]) for port in graph.inputs))


def _described(port: Port, samples: Samples) -> Port:
    if samples.dtype != np.float32:
        return port
    return replace(port, seen=statistics(samples.astype(np.float64)))


def _names(names: set[str]) -> str:
    return ", ".join(repr(n) for n in sorted(names)) or "nothing"


def _samples(path: Path, file: Npz, inputs: list[InputSpec], what: str) -> dict[str, Samples]:
    """By input name; an array's values are only read when its name, type and shape are right."""
    wanted = [spec.name for spec in inputs]
    names = file.names_for(wanted)
    if names is None:
        raise InputError(
            f"{what} arrays are named {_names(set(file.arrays))}, the model's inputs {_names(set(wanted))}",
            where=str(path),
            hint=f"save with np.savez(path, {', '.join(f'{n}=...' for n in sorted(wanted))})",
        )
    for spec in inputs:
        _check_header(path, spec, file.arrays[names[spec.name]], what)
    return {spec.name: _check_values(path, spec, file.read(names[spec.name]), what) for spec in inputs}


def _check_header(path: Path, spec: InputSpec, array: Array, what: str) -> None:
    where = f"{path}, array {spec.name!r}"
    real = spec.dtype.startswith("float")
    if not (array.is_real if real else array.is_integer):
        raise InputError(
            f"{what} values are {array.dtype}, must be {'real numbers' if real else spec.dtype}",
            where=where,
            hint=f"save {spec.dtype} values",
        )
    if array.shape[1:] not in (spec.shape, spec.short_shape) or not array.shape:
        wanted = ", ".join(map(str, ("samples", *spec.short_shape)))
        raise InputError(
            f"{what} array has shape {array.shape}, must be ({wanted})",
            where=where,
            hint=moved_channels(array.shape[1:], spec.short_shape)
            or "the first axis counts samples; the others are the model input's, in the model's own layout",
        )
    if array.shape[0] == 0:
        raise InputError(f"{what} array has no samples", where=where, hint="save at least one sample, better a hundred")


def _check_values(path: Path, spec: InputSpec, array: npt.NDArray[np.generic], what: str) -> Samples:
    if not spec.dtype.startswith("float"):
        samples = array.astype(spec.dtype)
        if not np.array_equal(samples, array):
            where = f"{path}, array {spec.name!r}"
            raise InputError(
                f"{what} array holds values that no {spec.dtype} has", where=where, hint="check the values"
            )
        return samples.reshape(array.shape[0], *spec.shape)
    with np.errstate(over="ignore"):  # becomes an infinity, which is refused below
        samples = array.astype(np.float32)
    samples = samples.reshape(array.shape[0], *spec.shape)
    finite = np.isfinite(samples)
    if not finite.all():
        first = int(np.argmin(finite.reshape(len(samples), -1).all(axis=1)))
        kind = "NaN" if np.isnan(samples[first]).any() else "infinite"
        raise InputError(
            f"{what} array contains {kind} values (first in sample {first})",
            where=f"{path}, array {spec.name!r}",
            hint="remove these samples",
        )
    return samples
