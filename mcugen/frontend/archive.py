"""Loads torch.export archives (`.pt2`) without running anything that is in them.

`torch.export.load` is not safe for files from elsewhere: it unpickles example inputs, pickled weights and custom
objects, resolves operator names with getattr over the whole `torch` module (`torch.os.system` is one), evaluates
symbolic shape expressions through `sympy.sympify` (which evals), compiles guard strings, and makes Python source of
every name. So this module reads the zip itself and takes only what is plain data: JSON that `archive_schema` has
checked, and raw tensor bytes. PyTorch's deserializer then sees a program made of aten and quantize operators with
integer sizes and plain identifiers, and nothing else.
"""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from mcugen.errors import InputError, McugenError
from mcugen.frontend.archive_schema import check_program, fixed_sizes, harmless_program
from mcugen.frontend.torch_settings import quiet

ARCHIVE_VERSION = "0"
SCHEMA_MAJOR = 8
_EXPORT_HINT = "write it with torch.export.save(torch.export.export(model.eval(), example_inputs), 'model.pt2')"
_SIZE_LIMIT = 2**31

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


def load_archive(path: Path) -> ExportedProgram:
    """The exported program in an archive; its example inputs are not read.

    Raises:
        InputError: the file is missing or damaged, is another kind of file, comes from an unsupported version, needs
            pickle, or has dynamic shapes.
    """
    if not path.is_file():
        what = "the model file does not exist" if not path.exists() else "the model is no file"
        raise InputError(what, where=str(path), hint="check the path")
    try:
        with zipfile.ZipFile(path) as archive:
            # A zip inside the archive (example inputs are one) is what remains visible when the file is cut short.
            if min((info.header_offset for info in archive.infolist()), default=0) > 0:
                raise _damaged(path, "it does not begin like a zip file, or is cut short")
            with quiet():
                return _load(path, _Records(path, archive))
    except zipfile.BadZipFile as error:
        raise _not_a_zip(path) from error
    except McugenError:
        raise
    except Exception as error:  # whatever malformed JSON makes PyTorch's deserializer stumble over
        detail = str(error).strip().splitlines()
        raise _damaged(path, f"{type(error).__name__}: {detail[0] if detail else 'no detail'}"[:300]) from error


def _damaged(path: Path, detail: str) -> InputError:
    return InputError(f"the archive is damaged: {detail}", where=str(path), hint=f"write it again; {_EXPORT_HINT}")


def _not_a_zip(path: Path) -> InputError:
    with path.open("rb") as file:
        start = file.read(2)
    if not start:
        return InputError("the model file is empty", where=str(path), hint=_EXPORT_HINT)
    if start == b"PK":
        return _damaged(path, "its zip directory is missing, the file is probably cut short")
    # Protocol 2 and later pickles start with 0x80: torch.save before PyTorch 1.6, or pickle.dump.
    if start[:1] == b"\x80":
        return InputError("the file is a pickle, which mcugen does not load", where=str(path), hint=_EXPORT_HINT)
    return InputError("the file is no torch.export archive", where=str(path), hint=_EXPORT_HINT)


class _Records:
    """The zip's entries below its one root folder."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._sizes = {info.filename: info for info in archive.infolist()}
        roots = {name.split("/", 1)[0] for name in self._sizes}
        self._root = f"{roots.pop()}/" if len(roots) == 1 else ""

    def names(self) -> list[str]:
        return [name.removeprefix(self._root) for name in self._sizes]

    def __contains__(self, name: str) -> bool:
        return self._root + name in self._sizes

    def read(self, name: str) -> bytes:
        info = self._sizes.get(self._root + name)
        if info is None:
            raise _damaged(self.path, f"{name} is missing")
        # torch.export stores its records uncompressed; anything else could expand without bound.
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > _SIZE_LIMIT:
            raise _damaged(self.path, f"{name} is compressed or larger than {_SIZE_LIMIT} bytes")
        return self._archive.read(info)

    def text(self, name: str) -> str:
        return self.read(name).decode("utf-8").strip()

    def json(self, name: str) -> dict[str, Any]:
        value = json.loads(self.read(name))
        if not isinstance(value, dict):
            raise _damaged(self.path, f"{name} is no JSON object")
        return value


def _load(path: Path, records: _Records) -> ExportedProgram:
    _check_kind(path, records)
    names = [n for n in records.names() if n.startswith("models/") and n.endswith(".json")]
    if len(names) != 1:
        raise InputError(
            f"the archive holds {len(names)} programs, must be one", where=str(path), hint="save each model on its own"
        )
    model = names[0].removeprefix("models/").removesuffix(".json")
    program = records.json(names[0])
    version = program.get("schema_version") or {}
    if version.get("major") != SCHEMA_MAJOR:
        made_by = program.get("torch_version") or "an unknown version"
        raise InputError(
            f"the archive has schema version {version.get('major')} (PyTorch {made_by}), mcugen reads {SCHEMA_MAJOR}",
            where=str(path),
            hint=f"export the model with PyTorch {torch.__version__.split('+')[0]}",
        )
    check_program(path, program)
    weights = _tensors(path, records, f"data/weights/{model}_weights_config.json", "data/weights/")
    constants = _tensors(path, records, f"data/constants/{model}_constants_config.json", "data/constants/")
    return _deserialize(harmless_program(program), weights, constants)


def _check_kind(path: Path, records: _Records) -> None:
    """Tells other PyTorch files apart: all of them are zips."""
    if "constants.pkl" in records:
        raise InputError(
            "the file is a TorchScript archive",
            where=str(path),
            hint=f"mcugen reads torch.export archives: {_EXPORT_HINT}",
        )
    if "data.pkl" in records and "archive_format" not in records:
        raise InputError(
            "the file was written by torch.save and holds a pickle, which mcugen does not load",
            where=str(path),
            hint=_EXPORT_HINT,
        )
    if "serialized_exported_program.json" in records:
        raise InputError(
            "the archive has the format of PyTorch 2.7 or older",
            where=str(path),
            hint=f"load and save it with PyTorch {torch.__version__.split('+')[0]}",
        )
    if "archive_format" not in records or records.text("archive_format") != "pt2":
        raise InputError("the zip file is no torch.export archive", where=str(path), hint=_EXPORT_HINT)
    if (version := records.text("archive_version")) != ARCHIVE_VERSION:
        raise InputError(
            f"the archive has version {version[:20]!r}, mcugen reads {ARCHIVE_VERSION!r}",
            where=str(path),
            hint=f"export the model with PyTorch {torch.__version__.split('+')[0]}",
        )
    if not any(name.startswith("models/") for name in records.names()):
        raise InputError(
            "the archive holds no exported program (an AOTInductor package?)", where=str(path), hint=_EXPORT_HINT
        )


def _tensors(path: Path, records: _Records, config: str, folder: str) -> dict[str, torch.Tensor]:
    """Tensors stored as raw bytes.

    Raises:
        InputError: a payload is a pickle or a custom object.
    """
    entries = records.json(config).get("config")
    if not isinstance(entries, dict):
        raise _damaged(path, f"{config} has no entries")
    storages: dict[str, bytes] = {}
    tensors: dict[str, torch.Tensor] = {}
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
        tensor = _strided(path, name, storages[record], entry["tensor_meta"])
        tensors[name] = torch.nn.Parameter(tensor, requires_grad=False) if entry.get("is_param") else tensor
    return tensors


def _strided(path: Path, name: str, storage: bytes, meta: dict[str, Any]) -> torch.Tensor:
    """One tensor: a view of its storage, checked to lie inside it, as a copy."""
    dtype = _DTYPES.get(meta["dtype"])
    if dtype is None:
        raise InputError(f"{name!r} has an unsupported dtype", where=str(path), hint="use float32 parameters")
    sizes, strides = fixed_sizes(meta["sizes"]), fixed_sizes(meta["strides"])
    (offset,) = fixed_sizes([meta["storage_offset"]])
    if len(sizes) != len(strides) or min((*sizes, *strides, offset)) < 0:
        raise _damaged(path, f"{name!r} has impossible sizes or strides")
    if math.prod(sizes) == 0:
        return torch.empty(sizes, dtype=dtype)
    last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    if (last + 1) * dtype.itemsize > len(storage):
        raise _damaged(path, f"the bytes of {name!r} are missing")
    flat = torch.frombuffer(bytearray(storage), dtype=dtype, count=len(storage) // dtype.itemsize)
    return torch.as_strided(flat, sizes, strides, offset).clone()


def _deserialize(
    program: dict[str, Any], weights: dict[str, torch.Tensor], constants: dict[str, torch.Tensor]
) -> ExportedProgram:
    # The q/dq operators must be known before names are resolved.
    from torch._export.serde import schema
    from torch._export.serde.serialize import ExportedProgramDeserializer, _dict_to_dataclass

    parsed = _dict_to_dataclass(schema.ExportedProgram, program)  # type: ignore[no-untyped-call]
    return ExportedProgramDeserializer().deserialize(parsed, weights, constants, None)
