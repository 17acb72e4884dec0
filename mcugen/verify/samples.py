"""Samples between the model file's layout and the device's: files, quantization, axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.borders import Source
from mcugen.borders.npz import open_npz
from mcugen.emit.manifest import Manifest, PortEntry
from mcugen.errors import InputError
from mcugen.graph.layout import moved_channels
from mcugen.graph.quantization import normalize, quantize
from mcugen.graph.tensor import DTYPES, IntArray, Quantization


def load_samples(path: Path, manifest: Manifest) -> list[IntArray]:
    """`read_samples`, and each array as the device takes it.

    Returns:
        One integer array per input, (samples, *device shape).

    Raises:
        InputError: the file, a name, a shape or a type is wrong, or a value is NaN.
    """
    return for_device(read_samples(path, manifest), path, manifest)


def for_device(samples: Mapping[str, npt.NDArray[Any]], path: Path, manifest: Manifest) -> list[IntArray]:
    """What `read_samples` gave, as the device takes it: one integer array per input, (samples, *device shape).

    Raises:
        InputError: a type is wrong, or a value is NaN.
    """
    return [to_device(samples[p.name], p, f"{path}, array {p.name!r}") for p in manifest.inputs]


def read_samples(path: Path, manifest: Manifest) -> dict[str, npt.NDArray[Any]]:
    """Reads IN.npz: one array per input, first axis = samples, then the input's shape in the model file's own layout.

    A first axis of 1 in that shape may be left out. Quantized inputs are integers or real numbers,
    float32 ones real numbers, plain integers and booleans are themselves.

    Raises:
        InputError: the file, a name or a shape is wrong.
    """
    with open_npz(Source(path, "the file of samples", "write it with numpy.savez(path, input_name=array)")) as file:
        wanted = [p.name for p in manifest.inputs]
        names = file.names_for(wanted)
        if names is None:
            raise InputError(f"{path} holds {sorted(file.arrays)}, the model's inputs are {wanted}", where=str(path))
        counts = {name: array.shape[0] if array.shape else 0 for name, array in file.arrays.items()}
        if len(set(counts.values())) != 1 or 0 in counts.values():
            raise InputError(f"the inputs need the same, nonzero number of samples, got {counts}", where=str(path))
        for port in manifest.inputs:
            check_shape(file.arrays[names[port.name]].shape[1:], port, f"{path}, array {port.name!r}")
        return {port.name: file.read(names[port.name]) for port in manifest.inputs}


def check_shape(shape: tuple[int, ...], port: PortEntry, where: str) -> None:
    """Of one sample; raises InputError."""
    plain = port.shape[1:] if port.shape[:1] == (1,) else port.shape
    if shape not in (plain, port.shape):
        raise InputError(
            f"samples have shape {shape}, the model takes {plain}", where=where, hint=moved_channels(shape, plain)
        )


def to_device(array: npt.NDArray[Any], port: PortEntry, where: str) -> IntArray:
    """(samples, *shape in the model's layout), real numbers or the port's integers -> (samples, *device shape).

    Raises:
        InputError: of the wrong type, beyond what the model accepts, NaN or infinite.
    """
    if port.quantization is not None:
        values = _quantized(array, port, where)
    else:
        values = _real(array, where) if port.dtype == "float32" else _plain(array, port, where)
    batch = values.reshape(len(values), *port.shape)
    axes = (0, *(1 + a for a in port.to_device))
    return np.ascontiguousarray(batch.transpose(axes)).reshape(len(values), *port.device_shape)


def _quantized(array: npt.NDArray[Any], port: PortEntry, where: str) -> IntArray:
    assert port.quantization is not None
    if array.dtype == np.float32 or array.dtype == np.float64:
        quantization = Quantization.per_tensor(port.quantization.scale, port.quantization.zero_point)
        return quantize(_normalized(_real(array, where), port), quantization, port.dtype)
    if array.dtype != DTYPES[port.dtype]:
        raise InputError(f"samples are {array.dtype}", where=where, hint=f"give {port.dtype} (quantized) or float32")
    return array


def _real(array: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """float32, of which no value is NaN or infinite."""
    if array.dtype != np.float32 and array.dtype != np.float64:
        raise InputError(f"samples are {array.dtype}", where=where, hint="give float32")
    if not np.isfinite(array).all():
        raise InputError("samples hold NaN or infinity", where=where)
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _plain(array: npt.NDArray[Any], port: PortEntry, where: str) -> IntArray:
    """Integers of any type whose values the model accepts."""
    if array.dtype.kind not in "iub":
        raise InputError(f"samples are {array.dtype}", where=where, hint=f"give {port.dtype}")
    low, high = port.limits or ((0, 1) if port.dtype == "bool" else _range(port.dtype))
    smallest, largest = int(array.min()), int(array.max())
    if smallest < low or largest > high:
        wrong = smallest if smallest < low else largest
        raise InputError(f"samples hold {wrong}, the model takes {low} to {high}", where=where)
    return array.astype(DTYPES[port.dtype])


def _range(dtype: str) -> tuple[int, int]:
    info = np.iinfo(DTYPES[dtype])
    return int(info.min), int(info.max)


def _normalized(array: npt.NDArray[np.float32], port: PortEntry) -> npt.NDArray[np.float32]:
    """Samples (samples, *shape), with or without the batch axis of 1, as the port's quantization takes them."""
    by = port.normalization
    if by is None:
        return array
    axis = by.axis + array.ndim - len(port.shape)
    return normalize(array, axis, by.factors, by.offsets)


def to_model_layout(outputs: Sequence[IntArray], manifest: Manifest) -> dict[str, IntArray]:
    """Device outputs (samples, *device shape) -> arrays by name, in the model file's own layout."""
    result = {}
    for values, port in zip(outputs, manifest.outputs, strict=True):
        to_model = sorted(range(len(port.to_device)), key=port.to_device.__getitem__)
        device = values.reshape(len(values), *(port.shape[a] for a in port.to_device))
        model = device.transpose(0, *(1 + a for a in to_model))
        shape = port.shape[1:] if port.shape[:1] == (1,) else port.shape
        result[port.name] = np.ascontiguousarray(model).reshape(len(values), *shape)
    return result
