"""Writes a module into a folder that may hold more than the module: only what mcugen wrote is replaced.

What a folder's old manifest lists, unchanged since, is mcugen's. Everything else is the user's and stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Annotated

import pydantic

from mcugen.emit.paths import FilePath
from mcugen.emit.swap import STAGING, Change, SwapError, finish_change, locked_folder, make_change
from mcugen.errors import InputError

MANIFEST = "mcugen.json"
_LARGEST_MANIFEST = 64 * 1024 * 1024
_HINT = "choose another --output"


class _Listing(pydantic.BaseModel):
    """What a manifest of any format says of its folder's files; `files`: SHA-256 by path."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True, strict=True)

    format: int
    mcugen: str
    name: str
    files: dict[FilePath, Annotated[str, pydantic.Field(pattern="^[0-9a-f]{64}$")]]


def write_folder(destination: Path, files: Mapping[PurePosixPath, bytes], *, force: bool = False) -> None:
    """Makes these the module's files in `destination`: as one step, which the next start finishes if it is killed.

    Args:
        force: files that mcugen wrote and somebody edited are replaced as well.

    Raises:
        InputError: the destination is no folder, or another's; a file of the module was edited; one that is not the
            module's is in the way; it cannot be written. Nothing is changed then.
    """
    check_destination(destination)
    first_made = _first_missing(destination)
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with locked_folder(destination):
            finish_change(destination)
            check_destination(destination)
            make_change(destination, _plan(destination, files, force))
    except SwapError as error:
        raise InputError(str(error), where=str(destination), hint="see to that, then emit again") from error
    except OSError as error:
        raise InputError(f"cannot write {destination}: {error.strerror or error}", hint=_HINT) from error
    finally:
        _remove_empty(destination, first_made)


def check_destination(destination: Path) -> None:
    """Raises InputError when the destination is not a folder that mcugen may write to: empty, new, or a module's."""
    try:
        if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
            raise InputError(f"{destination} exists and is not a folder", hint=_HINT)
        found = [p.name for p in destination.iterdir()] if destination.is_dir() else []
    except OSError as error:
        raise InputError(f"cannot read {destination}: {error.strerror}", hint=_HINT) from error
    if set(found) - {STAGING} and not (destination / MANIFEST).is_file() and not (destination / STAGING).is_dir():
        raise InputError(
            f"{destination} is not empty and was not written by mcugen (it has no {MANIFEST})",
            hint=f"{_HINT}, or empty the folder yourself",
        )
    if (destination / MANIFEST).is_file():
        listed_files(destination)


def listed_files(folder: Path) -> Mapping[str, str]:
    """SHA-256 by path of the files that the manifest of a folder lists; none where there is no manifest.

    Raises:
        InputError: its manifest is not one of mcugen's.
    """
    path = folder / MANIFEST
    try:
        if not path.exists():
            return {}
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise ValueError("too large")
        return _Listing.model_validate_json(path.read_bytes()).files
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(
            f"{folder} was not written by mcugen: its {MANIFEST} is something else, or damaged",
            where=str(path),
            hint=f"{_HINT}, or move that file away",
        ) from error


def edited_files(folder: Path, listed: Mapping[str, str]) -> list[str]:
    """Those of the listed files that are not as they were written; missing ones are left out."""
    return [name for name in sorted(listed) if _digest(folder, name) not in (None, listed[name])]


def missing_files(folder: Path, listed: Mapping[str, str]) -> list[str]:
    return [name for name in sorted(listed) if _digest(folder, name) is None]


def _plan(destination: Path, files: Mapping[PurePosixPath, bytes], force: bool) -> Change:
    """What to place and what to remove."""
    fresh = {str(path): content for path, content in files.items()}
    listed = listed_files(destination)
    inside = [name for name in sorted(fresh) for parent in PurePosixPath(name).parents if str(parent) in fresh]
    if inside:
        raise InputError(f"cannot write {inside[0]}: a file has the name of its folder", where=str(destination))
    for name in sorted({*listed, *fresh}):
        _check_parents(destination, name)
    same = {name for name, content in fresh.items() if _digest(destination, name) == _sha256(content)}
    edited = [name for name in edited_files(destination, listed) if name not in same]
    if edited and not force:
        raise InputError(
            f"{', '.join(edited[:5])}{' and more' if edited[5:] else ''} in {destination} "
            f"{'was' if len(edited) == 1 else 'were'} edited since mcugen wrote {'it' if len(edited) == 1 else 'them'}",
            where=str(destination / edited[0]),
            hint="move what you edited elsewhere, choose another --output, or give --force to lose it",
        )
    foreign = [n for n in fresh if n not in listed and n not in same and n != MANIFEST and _exists(destination / n)]
    if foreign:
        raise InputError(
            f"{foreign[0]} in {destination} is in the way: mcugen did not write it",
            where=str(destination / foreign[0]),
            hint=f"move it elsewhere, or {_HINT}",
        )
    remove = [name for name in listed if name not in fresh and _exists(destination / name)]
    return Change(
        place={name: content for name, content in fresh.items() if name not in same},
        remove=tuple(remove),
        # As the files are now: recovery touches nothing else.
        before={name: _digest(destination, name) or "" for name in {*fresh, *remove} if name not in same},
    )


def _check_parents(destination: Path, name: str) -> None:
    """No way through a link leads out of the folder."""
    for parent in list(PurePosixPath(name).parents)[:-1]:
        path = destination / parent
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise InputError(
                f"{parent} in {destination} is in the way: a folder is needed there",
                where=str(path),
                hint=f"move it elsewhere, or {_HINT}",
            )


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _digest(folder: Path, name: str) -> str | None:
    """SHA-256 of a plain file; None for no file, something that is no digest for anything else."""
    path = folder / name
    if not _exists(path):
        return None
    if path.is_symlink() or not path.is_file():
        return "no plain file"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _first_missing(destination: Path) -> Path | None:
    """The topmost folder that making the destination will make."""
    missing = [p for p in (destination, *destination.parents) if not _exists(p)]
    return missing[-1] if missing else None


def _remove_empty(destination: Path, first_made: Path | None) -> None:
    """Folders that were made for a module that could not be written."""
    if first_made is None:
        return
    for folder in (destination, *destination.parents):
        with suppress(OSError):
            folder.rmdir()
        if folder == first_made:
            return
