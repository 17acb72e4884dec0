"""Zip files from outside: the directory and every entry are bounded before anything is unpacked.

APPNOTE.TXT 4.3 to 4.5. Entries may lie about their size, lie over each other, be encrypted, or expand a thousandfold;
what is declared is added up first, and never more than that is unpacked.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from mcugen.borders.files import Source, opened
from mcugen.errors import InputError

DIRECTORY_LIMIT = 4 * 2**20
EXPANSION_FREE = 128 * 2**20
EXPANSION_FACTOR = 20
"""All entries together may expand to the larger of these: bytes, and times the file's own size."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


class NoZipError(InputError):
    """The file is no zip, or its directory is unreadable."""


class Archive:
    """An open zip file.

    Attributes:
        source: the file.
        size: of the file, in bytes.
        entries: by name, in the file's order.
    """

    def __init__(self, source: Source, size: int, archive: zipfile.ZipFile) -> None:
        self.source, self.size, self._archive = source, size, archive
        self.entries: Mapping[str, zipfile.ZipInfo] = {info.filename: info for info in archive.infolist()}
        self._check(archive.infolist())

    def _check(self, infos: list[zipfile.ZipInfo]) -> None:
        if len(infos) != len(self.entries):
            raise self.source.error("is damaged: two of its entries have one name")
        for info in infos:
            name = f"entry {info.filename[:80]!r}"
            if info.flag_bits & _ENCRYPTED:
                raise self.source.error("is encrypted", where=name)
            if info.compress_type not in _METHODS:
                raise self.source.error("is damaged: compressed in an unknown way", where=name)
            if info.header_offset + info.compress_size > self.size:
                raise self.source.error("is damaged: shorter than its directory says", where=name)
            if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
                raise self.source.error("is damaged: the sizes contradict each other", where=name)
        if sum(info.compress_size for info in infos) > self.size:
            raise self.source.error("is damaged: its entries lie over each other")
        expanded, most = sum(info.file_size for info in infos), max(EXPANSION_FREE, EXPANSION_FACTOR * self.size)
        if expanded > most:
            raise self.source.error(
                f"of {self.size:,} bytes would expand to {expanded:,}; such a file has to be stored without compression"
            )

    def read(self, name: str, limit: int | None = None) -> bytes:
        """An entry's content, or its first `limit` bytes.

        Raises:
            InputError: there is none, or it is damaged.
        """
        info = self.entries.get(name)
        if info is None:
            raise self.source.error(f"is damaged: {name[:200]} is missing")
        try:
            with self._archive.open(info) as file:
                return file.read() if limit is None else file.read(limit)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as e:
            raise self.source.error(f"is damaged: {e}", where=f"entry {name[:80]!r}") from e


@contextmanager
def open_archive(source: Source) -> Iterator[Archive]:
    """Opens a zip file.

    Raises:
        NoZipError: it is none.
        InputError: it cannot be read, or is a zip with something refused.
    """
    with opened(source) as (file, size):
        bounded = _Bounded(file)
        try:
            archive = zipfile.ZipFile(bounded)
        except (zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError) as error:
            # UnicodeDecodeError, of an entry's name, is a ValueError.
            raise NoZipError(f"{source.what} is no zip archive, or is cut short", where=str(source.path)) from error
        bounded.limit = None
        with archive:
            yield Archive(source, size, archive)


class _Bounded(io.RawIOBase):
    """A file that refuses large reads while `limit` is set: `zipfile` reads a whole directory at once."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.limit: int | None = DIRECTORY_LIMIT

    def read(self, size: int = -1) -> bytes:
        if self.limit is not None:
            if size > self.limit:
                raise ValueError("the zip directory is too large")
            size = self.limit if size < 0 else size
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
