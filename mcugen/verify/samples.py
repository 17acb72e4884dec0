"""Samples between the model file's layout and the device's: files, quantization, axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.emit.manifest import Manifest, PortEntry
from mcugen.errors import InputError
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import DTYPES, IntArray, Quantization


def load_samples(path: Path, manifest: Manifest) -> list[IntArray]:
    """Reads IN.npz: one array per input, first axis = samples, int8 or float32, in the model file's own layout.

    Returns:
        One integer array per input, (samples, *device shape).

    Raises:
        InputError: the file, a name, a shape or a type is wrong, or a value is NaN.
    """
    arrays = _read(path)
    wanted = [p.name for p in manifest.inputs]
    if set(arrays) != set(wanted):
        raise InputError(f"{path} holds {sorted(arrays)}, the model's inputs are {wanted}", where=str(path))
    counts = {name: len(a) if a.ndim else 0 for name, a in arrays.items()}
    if len(set(counts.values())) != 1 or 0 in counts.values():
        raise InputError(f"the inputs need the same, nonzero number of samples, got {counts}", where=str(path))
    return [_to_device(arrays[p.name], p, path) for p in manifest.inputs]


def _read(path: Path) -> Mapping[str, npt.NDArray[Any]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise InputError(f"{path} is a single array, not an .npz archive", hint="write it with numpy.savez")
        with loaded as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except InputError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for damaged files
        raise InputError(f"cannot read {path}: {error}", hint="write it with numpy.savez") from error


def _to_device(array: npt.NDArray[Any], port: PortEntry, path: Path) -> IntArray:
    where = f"{path}, array {port.name!r}"
    shape = port.shape[1:] if port.shape[:1] == (1,) else port.shape
    if array.shape[1:] == port.shape:
        array = array.reshape(len(array), *port.shape)
    elif array.shape[1:] != shape:
        raise InputError(f"samples have shape {array.shape[1:]}, the model takes {shape}", where=where)
    if array.dtype == np.float32 or array.dtype == np.float64:
        if not np.isfinite(array).all():
            raise InputError("samples hold NaN or infinity", where=where)
        values = quantize(array.astype(np.float32), _quantization(port), port.dtype)
    elif array.dtype == DTYPES[port.dtype]:
        values = array
    else:
        raise InputError(f"samples are {array.dtype}", where=where, hint=f"give {port.dtype} (quantized) or float32")
    batch = values.reshape(len(values), *port.shape)
    axes = (0, *(1 + a for a in port.to_device))
    return np.ascontiguousarray(batch.transpose(axes)).reshape(len(values), *port.device_shape)


def _quantization(port: PortEntry) -> Quantization:
    return Quantization.per_tensor(port.quantization.scale, port.quantization.zero_point)


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
