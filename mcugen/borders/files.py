"""Plain files from outside: there, readable, of a bounded size. And paths that may be of any kind."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from mcugen.errors import InputError


@dataclass(frozen=True)
class Source:
    """A file from outside, for messages.

    Attributes:
        what: what it is to the user, such as "the calibration file".
        hint: what mends it.
    """

    path: Path
    what: str
    hint: str

    def error(self, fault: str, *, where: str | None = None) -> InputError:
        """The error about this file; `where`: a place in it.

        Args:
            fault: what is wrong, after the file's name: "is empty".
        """
        place = f"{self.path}, {where}" if where else str(self.path)
        return InputError(f"{self.what} {fault}", where=place, hint=self.hint)


@contextmanager
def opened(source: Source) -> Iterator[tuple[BufferedReader, int]]:
    """The regular file, open, and its size in bytes.

    Raises:
        InputError: there is none, it is no regular file (a pipe would wait for ever), or it cannot be opened.
    """
    try:
        # O_NONBLOCK: opening a pipe without a writer returns at once, to be refused below.
        descriptor = os.open(source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise source.error("does not exist") from error
    except (OSError, ValueError) as error:
        raise source.error(f"cannot be opened: {reason(error)}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise source.error("is no file")
    with os.fdopen(descriptor, "rb") as file:
        yield file, status.st_size


def read_bytes(source: Source, limit: int) -> bytes:
    """A file's content.

    Raises:
        InputError: it cannot be read, or has more than `limit` bytes.
    """
    with opened(source) as (file, _):
        try:
            content = file.read(limit + 1)
        except OSError as error:
            raise source.error(f"cannot be read: {reason(error)}") from error
    if len(content) > limit:
        raise source.error(f"is larger than {limit:,} bytes")
    return content


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file in one step: nothing half-written is left, and the old file stays until then.

    Raises:
        InputError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write {path}: {reason(error)}", hint="give another path") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def require_file(source: Source) -> None:
    """Raises InputError when there is no file that could be read: a look before the work."""
    with opened(source):
        pass


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        InputError: it cannot be read.
    """
    with opened(Source(path, "the file", "check the path")) as (file, _):
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"cannot read {path}: {reason(error)}", hint="check the path") from error


def reason(error: Exception) -> str:
    """An error of the operating system in its own words, without the path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def is_file(path: Path) -> bool:
    """Whether it is a regular file; False also for a path that cannot be one (too long, a loop of links)."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def resolved(path: Path) -> Path:
    """The absolute path without links.

    Raises:
        InputError: the links loop, the path is too long, or it is relative to a working folder that is gone.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop, until Python 3.13
        loop = isinstance(error, RuntimeError)
        gone = isinstance(error, FileNotFoundError)
        words = "the links loop" if loop else "the working folder is gone" if gone else reason(error)
        raise InputError(f"{path} is no usable path: {words}", hint="give another path") from error
