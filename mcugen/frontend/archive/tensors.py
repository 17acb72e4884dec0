"""Parameters and buffers of an archive: tensors from raw bytes, never from pickles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from mcugen.errors import InputError
from mcugen.frontend.archive.records import Records, damaged

# Tensors may share their bytes, and repeat them with strides of 0: up to so many times the file's size.
_SHARED = 8
_SMALL = 2**20
_MOST_AXES = 16
_LARGEST = 2**40

# Serialized dtype numbers (torch/_export/serde/schema.py, ScalarType) that a program for a microcontroller can hold.
_DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}


def read_tensors(path: Path, records: Records, config: str, folder: str) -> dict[str, torch.Tensor]:
    """Tensors stored as raw bytes.

    Raises:
        InputError: a payload is a pickle or a custom object.
    """
    entries = records.json(config).get("config")
    if not isinstance(entries, dict):
        raise damaged(path, f"{config} has no entries")
    storages: dict[str, bytes] = {}
    tensors: dict[str, torch.Tensor] = {}
    total, most = 0, _SHARED * max(records.size, _SMALL)
    for name, entry in entries.items():
        if entry.get("use_pickle") or entry.get("tensor_meta") is None:
            raise InputError(
                f"{name!r} is stored as a pickle (a tensor subclass or a custom object), which mcugen does not load",
                where=str(path),
                hint="use plain tensors as parameters and buffers; quantize with PT2E instead of tensor subclasses",
            )
        record = folder + entry["path_name"]
        if record not in storages:
            storages[record] = records.read(record)
        tensor = _strided(path, name, storages[record], entry["tensor_meta"], most - total)
        total += tensor.nbytes
        tensors[name] = torch.nn.Parameter(tensor, requires_grad=False) if entry.get("is_param") else tensor
    return tensors


def _strided(path: Path, name: str, storage: bytes, meta: dict[str, Any], room: int) -> torch.Tensor:
    """One tensor: a view of its storage, checked to lie inside it, as a copy of at most `room` bytes."""
    dtype = _DTYPES.get(meta["dtype"])
    if dtype is None:
        raise InputError(f"{name!r} has an unsupported dtype", where=str(path), hint="use float32 parameters")
    sizes, strides = _fixed_sizes(meta["sizes"]), _fixed_sizes(meta["strides"])
    (offset,) = _fixed_sizes([meta["storage_offset"]])
    if len(sizes) != len(strides) or min((*sizes, *strides, offset)) < 0:
        raise damaged(path, f"{name!r} has impossible sizes or strides")
    beyond = len(sizes) > _MOST_AXES or max((*sizes, *strides, offset)) > _LARGEST
    if beyond or math.prod(sizes) * dtype.itemsize > room:
        raise damaged(path, f"{name!r} is larger than the file can hold")
    if math.prod(sizes) == 0:
        return torch.empty(sizes, dtype=dtype)
    last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    if (last + 1) * dtype.itemsize > len(storage):
        raise damaged(path, f"the bytes of {name!r} are missing")
    flat = torch.frombuffer(bytearray(storage), dtype=dtype, count=len(storage) // dtype.itemsize)
    return torch.as_strided(flat, sizes, strides, offset).clone()


def _fixed_sizes(sizes: list[dict[str, Any]]) -> list[int]:
    """Serialized sizes as integers.

    Raises:
        ValueError: one of them is symbolic.
    """
    values = [size.get("as_int") for size in sizes]
    if not all(isinstance(value, int) for value in values):
        raise ValueError("a size is symbolic")
    return [int(v) for v in values if v is not None]
