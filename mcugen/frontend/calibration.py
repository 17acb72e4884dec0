"""Calibration data: an .npz with an array per model input, or seeded random numbers on request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcugen.borders import Source
from mcugen.borders.npz import Array, Npz, open_npz
from mcugen.errors import InputError

Float32Array = npt.NDArray[np.float32]

RANDOM = "random"
RANDOM_SAMPLES = 16
_HINT = "give --calibration an .npz of np.savez(path, input_name=array), or the word random to try things out"


@dataclass(frozen=True)
class InputSpec:
    """A model input: its name and shape, batch axis included."""

    name: str
    shape: tuple[int, ...]


def load(path: Path, inputs: list[InputSpec]) -> dict[str, Float32Array]:
    """Reads samples for every input.

    Args:
        path: an .npz; each array is (samples, *shape) without the model's batch axis of 1, or with it.
        inputs: the model's inputs.

    Returns:
        By input name: float32 of shape (samples, *input shape), batch axis of 1 included.

    Raises:
        InputError: the file is missing, no .npz, or its arrays do not fit the model's inputs.
    """
    with open_npz(Source(path, "the calibration file", _HINT)) as file:
        samples = _samples(path, file, inputs)
    counts = {name: len(array) for name, array in samples.items()}
    if len(set(counts.values())) > 1:
        raise InputError(
            f"calibration arrays have different numbers of samples: {counts}",
            where=str(path),
            hint="give every input the same number of samples on the first axis",
        )
    return samples


def random(inputs: list[InputSpec], seed: int = 0) -> dict[str, Float32Array]:
    """Standard normal samples, for trying things out: the ranges they give fit no real data."""
    rng = np.random.default_rng(seed)
    return {s.name: rng.standard_normal((RANDOM_SAMPLES, *s.shape)).astype(np.float32) for s in inputs}


def _names(names: set[str]) -> str:
    return ", ".join(repr(n) for n in sorted(names)) or "nothing"


def _samples(path: Path, file: Npz, inputs: list[InputSpec]) -> dict[str, Float32Array]:
    """By input name; an array's values are only read when its name, type and shape are right."""
    wanted = {spec.name for spec in inputs}
    if set(file.arrays) != wanted:
        raise InputError(
            f"calibration arrays are named {_names(set(file.arrays))}, the model's inputs {_names(wanted)}",
            where=str(path),
            hint=f"save with np.savez(path, {', '.join(f'{n}=...' for n in sorted(wanted))})",
        )
    for spec in inputs:
        _check_header(path, spec, file.arrays[spec.name])
    return {spec.name: _check_values(path, spec, file.read(spec.name)) for spec in inputs}


def _check_header(path: Path, spec: InputSpec, array: Array) -> None:
    where = f"{path}, array {spec.name!r}"
    if not array.is_real:
        raise InputError(
            f"calibration values are {array.dtype}, must be real numbers", where=where, hint="save float32 values"
        )
    if array.shape[1:] not in (spec.shape, spec.shape[1:]) or not array.shape:
        raise InputError(
            f"calibration array has shape {array.shape}, must be (samples, {', '.join(map(str, spec.shape[1:]))})",
            where=where,
            hint="the first axis counts samples; the others are the model input's, in the model's own layout",
        )
    if array.shape[0] == 0:
        raise InputError("calibration has no samples", where=where, hint="save at least one sample, better a hundred")


def _check_values(path: Path, spec: InputSpec, array: npt.NDArray[np.generic]) -> Float32Array:
    with np.errstate(over="ignore"):  # becomes an infinity, which is refused below
        samples = array.astype(np.float32)
    samples = samples.reshape(array.shape[0], *spec.shape)
    finite = np.isfinite(samples)
    if not finite.all():
        first = int(np.argmin(finite.reshape(len(samples), -1).all(axis=1)))
        kind = "NaN" if np.isnan(samples[first]).any() else "infinite"
        raise InputError(
            f"calibration contains {kind} values (first in sample {first})",
            where=f"{path}, array {spec.name!r}",
            hint="remove these samples",
        )
    return samples
