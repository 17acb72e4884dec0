"""Writes a folder all or nothing: built beside its destination, then renamed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mcugen.errors import InputError

MANIFEST = "mcugen.json"


def write_folder(destination: Path, files: Mapping[PurePosixPath, bytes]) -> None:
    """Replaces `destination` by a folder with just these files.

    Raises:
        InputError: the destination exists and is not a folder that mcugen wrote, or cannot be written.
    """
    if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
        raise InputError(f"{destination} exists and is not a folder", hint="choose another --output")
    if destination.is_dir() and any(destination.iterdir()) and not (destination / MANIFEST).is_file():
        raise InputError(
            f"{destination} is not empty and was not written by mcugen (it has no {MANIFEST})",
            hint="choose another --output, or empty the folder yourself",
        )
    parent = destination.resolve().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=parent))
    except OSError as error:
        raise InputError(f"cannot write to {parent}: {error.strerror}", hint="choose another --output") from error
    try:
        fresh = beside / "new"
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if destination.is_dir():
            destination.rename(beside / "old")
        try:
            fresh.rename(destination)
        except OSError:
            if (beside / "old").is_dir():
                (beside / "old").rename(destination)
            raise
    except OSError as error:
        raise InputError(f"cannot write {destination}: {error}", hint="choose another --output") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
