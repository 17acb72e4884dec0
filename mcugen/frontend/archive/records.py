"""The zip around an exported program: its entries as JSON, text and bytes, and what other files are taken for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mcugen.borders import json
from mcugen.borders.archive import Archive
from mcugen.borders.files import Source, opened
from mcugen.errors import InputError

ARCHIVE_VERSION = "0"
EXPORT_HINT = "write it with torch.export.save(torch.export.export(model.eval(), example_inputs), 'model.pt2')"


def model_file(path: Path) -> Source:
    return Source(path, "the model file", EXPORT_HINT)


def damaged(path: Path, detail: str) -> InputError:
    """The error about an archive that is no longer what was written."""
    return InputError(f"the archive is damaged: {detail}", where=str(path), hint=f"write it again; {EXPORT_HINT}")


def not_a_zip(path: Path) -> InputError:
    """The error about a model file that is no zip: what it is instead."""
    with opened(model_file(path)) as (file, _):
        start = file.read(2)
    if not start:
        return InputError("the model file is empty", where=str(path), hint=EXPORT_HINT)
    if start == b"PK":
        return damaged(path, "its zip directory is missing, the file is probably cut short")
    # Protocol 2 and later pickles start with 0x80: torch.save before PyTorch 1.6, or pickle.dump.
    if start[:1] == b"\x80":
        return InputError("the file is a pickle, which mcugen does not load", where=str(path), hint=EXPORT_HINT)
    return InputError("the file is no torch.export archive", where=str(path), hint=EXPORT_HINT)


class Records:
    """The zip's entries below its one root folder."""

    def __init__(self, path: Path, archive: Archive) -> None:
        self.path = path
        self.size = archive.size
        self._archive = archive
        roots = {name.split("/", 1)[0] for name in archive.entries}
        self._root = f"{roots.pop()}/" if len(roots) == 1 else ""

    def names(self) -> list[str]:
        return [name.removeprefix(self._root) for name in self._archive.entries]

    def __contains__(self, name: str) -> bool:
        return self._root + name in self._archive.entries

    def read(self, name: str) -> bytes:
        info = self._archive.entries.get(self._root + name)
        if info is None:
            raise damaged(self.path, f"{name[:200]} is missing")
        # torch.export stores its records as they are.
        if info.compress_size != info.file_size:
            raise damaged(self.path, f"{name[:200]} is compressed")
        return self._archive.read(info.filename)

    def text(self, name: str) -> str:
        return self.read(name).decode("utf-8", errors="replace").strip()

    def json(self, name: str) -> dict[str, Any]:
        try:
            value = json.parse(self.read(name))
        except json.JsonError as error:
            raise damaged(self.path, f"{name[:200]} is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise damaged(self.path, f"{name[:200]} is no JSON object")
        return value


def check_kind(path: Path, records: Records) -> None:
    """Tells other PyTorch files apart: all of them are zips."""
    if "constants.pkl" in records:
        raise InputError(
            "the file is a TorchScript archive",
            where=str(path),
            hint=f"mcugen reads torch.export archives: {EXPORT_HINT}",
        )
    if "data.pkl" in records and "archive_format" not in records:
        raise InputError(
            "the file was written by torch.save and holds a pickle, which mcugen does not load",
            where=str(path),
            hint=EXPORT_HINT,
        )
    if "serialized_exported_program.json" in records:
        raise InputError(
            "the archive has the format of PyTorch 2.7 or older",
            where=str(path),
            hint=f"load and save it with PyTorch {torch.__version__.split('+')[0]}",
        )
    if "archive_format" not in records or records.text("archive_format") != "pt2":
        raise InputError("the zip file is no torch.export archive", where=str(path), hint=EXPORT_HINT)
    if (version := records.text("archive_version")) != ARCHIVE_VERSION:
        raise InputError(
            f"the archive has version {version[:20]!r}, mcugen reads {ARCHIVE_VERSION!r}",
            where=str(path),
            hint=f"export the model with PyTorch {torch.__version__.split('+')[0]}",
        )
    if not any(name.startswith("models/") for name in records.names()):
        raise InputError(
            "the archive holds no exported program (an AOTInductor package?)", where=str(path), hint=EXPORT_HINT
        )
