"""Loads torch.export archives (`.pt2`) without running anything that is in them.

`torch.export.load` is not safe for files from elsewhere: it unpickles example inputs, pickled weights and custom
objects, resolves operator names with getattr over the whole `torch` module (`torch.os.system` is one), evaluates
symbolic shape expressions through `sympy.sympify` (which evals), compiles guard strings, and makes Python source of
every name. So this module reads the zip itself and takes only what is plain data: JSON that `schema` has
checked, and raw tensor bytes. PyTorch's deserializer then sees a program made of aten and quantize operators with
integer sizes and plain identifiers, and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

import mcugen.frontend.quantized_operators  # noqa: F401  (their names are resolved here)
from mcugen.borders.archive import NoZipError, open_archive
from mcugen.errors import InputError, McugenError
from mcugen.frontend.archive.records import Records, check_kind, damaged, model_file, not_a_zip
from mcugen.frontend.archive.schema import harmless_program
from mcugen.frontend.archive.shapes import check_shapes
from mcugen.frontend.archive.tensors import read_tensors
from mcugen.frontend.torch_settings import quiet, remembered_hints

SCHEMA_MAJOR = 8


def load_archive(path: Path) -> ExportedProgram:
    """The exported program in an archive; its example inputs are not read.

    Raises:
        InputError: the file is missing or damaged, is another kind of file, comes from an unsupported version, needs
            pickle, or has dynamic shapes.
    """
    try:
        with open_archive(model_file(path)) as archive:
            # A zip inside the archive (example inputs are one) is what remains visible when the file is cut short.
            if min((info.header_offset for info in archive.entries.values()), default=0) > 0:
                raise damaged(path, "it does not begin like a zip file, or is cut short")
            with quiet():
                return _load(path, Records(path, archive))
    except NoZipError as error:
        raise not_a_zip(path) from error
    except McugenError:
        raise
    except Exception as error:  # whatever malformed JSON makes PyTorch's deserializer stumble over
        detail = str(error).strip().splitlines()
        raise damaged(path, f"{type(error).__name__}: {detail[0] if detail else 'no detail'}"[:300]) from error


def _load(path: Path, records: Records) -> ExportedProgram:
    check_kind(path, records)
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
    program = harmless_program(path, program)
    weights = read_tensors(path, records, f"data/weights/{model}_weights_config.json", "data/weights/")
    constants = read_tensors(path, records, f"data/constants/{model}_constants_config.json", "data/constants/")
    loaded = _deserialize(program, weights, constants)
    check_shapes(path, loaded)
    return loaded


def _deserialize(
    program: dict[str, Any], weights: dict[str, torch.Tensor], constants: dict[str, torch.Tensor]
) -> ExportedProgram:
    from torch._export.serde import schema
    from torch._export.serde.serialize import ExportedProgramDeserializer, _dict_to_dataclass

    with remembered_hints():
        parsed = _dict_to_dataclass(schema.ExportedProgram, program)  # type: ignore[no-untyped-call]
    return ExportedProgramDeserializer().deserialize(parsed, weights, constants, None)
