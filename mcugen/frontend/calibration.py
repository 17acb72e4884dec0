"""Calibration data: an .npz with an array per model input, or seeded random numbers on request."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcugen.errors import InputError

Float32Array = npt.NDArray[np.float32]

RANDOM = "random"
RANDOM_SAMPLES = 16


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
    arrays = _read(path)
    wanted = {spec.name for spec in inputs}
    if set(arrays) != wanted:
        raise InputError(
            f"calibration arrays are named {_names(set(arrays))}, the model's inputs {_names(wanted)}",
            where=str(path),
            hint=f"save with np.savez(path, {', '.join(f'{n}=...' for n in sorted(wanted))})",
        )
    samples = {spec.name: _check(path, spec, arrays[spec.name]) for spec in inputs}
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


def _read(path: Path) -> Mapping[str, npt.NDArray[np.generic]]:
    if not path.is_file():
        raise InputError(
            "the calibration file does not exist" if not path.exists() else "the calibration file is no file",
            where=str(path),
            hint="give --calibration the path of an .npz, or the word random to try things out",
        )
    hint = "write it with np.savez(path, input_name=array)"
    if not zipfile.is_zipfile(path):
        raise InputError("the calibration file is not an .npz", where=str(path), hint=hint)
    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise InputError(f"the calibration file cannot be read: {error}", where=str(path), hint=hint) from error


def _check(path: Path, spec: InputSpec, array: npt.NDArray[np.generic]) -> Float32Array:
    where = f"{path}, array {spec.name!r}"
    shape = f"(samples, {', '.join(map(str, spec.shape[1:]))})"
    if array.dtype.kind not in "fiu":
        raise InputError(
            f"calibration values are {array.dtype}, must be real numbers", where=where, hint="save float32 values"
        )
    if array.shape[1:] not in (spec.shape, spec.shape[1:]) or array.ndim == 0:
        raise InputError(
            f"calibration array has shape {array.shape}, must be {shape}",
            where=where,
            hint="the first axis counts samples; the others are the model input's, in the model's own layout",
        )
    if array.shape[0] == 0:
        raise InputError("calibration has no samples", where=where, hint="save at least one sample, better a hundred")
    samples = array.astype(np.float32).reshape(array.shape[0], *spec.shape)
    finite = np.isfinite(samples)
    if not finite.all():
        first = int(np.argmin(finite.reshape(len(samples), -1).all(axis=1)))
        kind = "NaN" if np.isnan(samples[first]).any() else "infinite"
        raise InputError(
            f"calibration contains {kind} values (first in sample {first})", where=where, hint="remove these samples"
        )
    assert math.prod(spec.shape) > 0 or samples.size == 0
    return samples
