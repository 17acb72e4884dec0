"""Changes files of a folder in one step: all of them, however the process ends; what else is there is not touched.

New contents are written aside, into a folder of their own below the destination. Then a journal is put in place by one
rename: before it nothing has happened, after it everything will: whoever opens the folder next finishes what a killed
process began. While files are being moved the folder has no build file that changes: no build can mix old and new ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import pydantic

from mcugen.emit.paths import FilePath

STAGING = ".mcugen-staging"
_JOURNAL = "journal.json"
# Moved in this order after all others: the folder can be built again, then it is what its manifest says.
_BUILD_FILES = ("Makefile", "CMakeLists.txt")
_LAST = (*_BUILD_FILES, "mcugen.json")


class SwapError(Exception):
    """The change cannot be made or finished; the words say what is in the way."""


@dataclass(frozen=True)
class Change:
    """Attributes:
    place: contents by path.
    remove: paths.
    before: SHA-256 of what is there now, "" for nothing, by path.
    """

    place: Mapping[str, bytes]
    remove: tuple[str, ...]
    before: Mapping[str, str]


class _Journal(pydantic.BaseModel):
    """`place`: [path, SHA-256], whose content is the staged file of that index. As `Change` for the rest."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)

    place: tuple[tuple[FilePath, str], ...]
    remove: tuple[FilePath, ...]
    before: dict[FilePath, Annotated[str, pydantic.Field(max_length=64)]]


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process.

    Raises:
        SwapError: another one is writing to the folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SwapError("another mcugen is writing to this folder") from error
        except OSError:
            # A file system without locks.
            pass
        yield
    finally:
        os.close(descriptor)


def make_change(folder: Path, change: Change) -> None:
    """To be called with the folder locked and no change begun.

    Raises:
        OSError: nothing has changed, or, when files could not be moved, `finish_change` will go on.
    """
    staging = folder / STAGING
    paths = sorted(change.place)
    try:
        staging.mkdir()
        for index, path in enumerate(paths):
            (staging / str(index)).write_bytes(change.place[path])
        journal = _Journal(
            place=tuple((path, hashlib.sha256(change.place[path]).hexdigest()) for path in paths),
            remove=change.remove,
            before=dict(change.before),
        )
        (staging / "journal.new").write_text(json.dumps(journal.model_dump(mode="json")))
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    with _without_interruption():
        (staging / "journal.new").rename(staging / _JOURNAL)
        _carry_out(folder, journal)
        _clear(staging)


def finish_change(folder: Path) -> None:
    """Finishes, or forgets, what a killed process has begun. To be called with the folder locked.

    Raises:
        SwapError: somebody changed one of the files since, or the journal is damaged.
    """
    staging = folder / STAGING
    if staging.is_symlink() or (staging.exists() and not staging.is_dir()):
        raise SwapError(f"{STAGING} is not a folder that mcugen made")
    if not staging.is_dir():
        return
    journal = staging / _JOURNAL
    if journal.is_file() and not journal.is_symlink():
        try:
            entries = _Journal.model_validate_json(journal.read_bytes())
        except ValueError as error:
            raise SwapError(f"{STAGING}/{_JOURNAL} is damaged: remove {STAGING}") from error
        with _without_interruption():
            _carry_out(folder, entries)
            _clear(staging)
    else:
        shutil.rmtree(staging)


def _carry_out(folder: Path, journal: _Journal) -> None:
    """Does what is still to be done: the same journal may be carried out again from anywhere in between."""
    new = dict(journal.place)
    _check_unchanged(folder, journal, new)
    for index, (path, _) in enumerate(journal.place):
        # Not when it is a new one already.
        if path in _BUILD_FILES and (folder / STAGING / str(index)).is_file():
            (folder / path).unlink(missing_ok=True)
    for path in journal.remove:
        (folder / path).unlink(missing_ok=True)
        _remove_empty_parents(folder, path)
    order = sorted(
        range(len(journal.place)), key=lambda i: _LAST.index(p) if (p := journal.place[i][0]) in _LAST else -1
    )
    for index in order:
        staged, target = folder / STAGING / str(index), folder / journal.place[index][0]
        # Not there: moved before.
        if staged.is_file() and not staged.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)


def _check_unchanged(folder: Path, journal: _Journal, new: Mapping[str, str]) -> None:
    for path in (*new, *journal.remove):
        for parent in list(PurePosixPath(path).parents)[:-1]:
            if (folder / parent).is_symlink():
                raise SwapError(f"{parent} is a link that was not there before")
        target = folder / path
        if not target.is_symlink() and not target.exists():
            continue
        digest = "" if target.is_symlink() or not target.is_file() else hashlib.sha256(target.read_bytes()).hexdigest()
        if digest not in (journal.before.get(path), new.get(path)) or not digest:
            raise SwapError(f"{path} was changed after an emission was interrupted: move it elsewhere")


def _remove_empty_parents(folder: Path, path: str) -> None:
    for parent in list(PurePosixPath(path).parents)[:-1]:
        try:
            (folder / parent).rmdir()
        except OSError:
            return


def _clear(staging: Path) -> None:
    # The journal first: without it the rest means nothing.
    (staging / _JOURNAL).unlink()
    shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def _without_interruption() -> Iterator[None]:
    """Signals that end a command wait; moving files takes milliseconds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
