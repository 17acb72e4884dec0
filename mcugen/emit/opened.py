"""Opens a module's folder: its manifest and its files are checked before anything is done with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcugen.emit.manifest import Manifest, load_manifest
from mcugen.emit.output import edited_files, missing_files
from mcugen.emit.paths import FILE_NAME
from mcugen.emit.swap import STAGING, SwapError, finish_change, locked_folder
from mcugen.errors import InputError

_SEARCHED = ("include", "kernels")
"""Folders in which a compiler finds a header by its name alone."""


@dataclass(frozen=True)
class OpenModule:
    """Attributes:
    edited: files that are not as they were emitted, added headers among them.
    """

    folder: Path
    manifest: Manifest
    edited: tuple[str, ...]


def open_module(folder: Path, *, allow_edited: bool = False) -> OpenModule:
    """Reads the manifest and compares the files with it. An interrupted emission is finished first.

    Args:
        allow_edited: edited files are taken, and named in the result.

    Raises:
        InputError: the folder is no module, its manifest is damaged, a file is missing, or one was edited or added.
    """
    _finish_emission(folder)
    manifest = load_manifest(folder)
    missing = missing_files(folder, manifest.files)
    if missing:
        raise InputError(
            f"{missing[0]} of {folder} is missing", where=str(folder / FILE_NAME), hint="emit the model again"
        )
    edited = (*edited_files(folder, manifest.files), *_added_headers(folder, manifest))
    if edited and not allow_edited:
        names = f"{', '.join(edited[:5])}{' and more' if edited[5:] else ''}"
        raise InputError(
            f"{names} in {folder}: not as mcugen wrote it",
            where=str(folder / edited[0]),
            hint="emit the model again, or give --allow-edited, which the result will say",
        )
    return OpenModule(folder, manifest, edited)


def _finish_emission(folder: Path) -> None:
    if not (folder / STAGING).exists():
        return
    try:
        with locked_folder(folder):
            finish_change(folder)
    except (SwapError, OSError) as error:
        raise InputError(
            f"an emission into {folder} was interrupted and cannot be finished: {error}",
            where=str(folder / STAGING),
            hint="emit the model again",
        ) from error


def _added_headers(folder: Path, manifest: Manifest) -> list[str]:
    found = [p for name in _SEARCHED for p in sorted((folder / name).rglob("*")) if not p.is_dir() or p.is_symlink()]
    return [name for p in found if (name := p.relative_to(folder).as_posix()) not in manifest.files]
