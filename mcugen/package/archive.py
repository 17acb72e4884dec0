"""Zip archives whose bytes depend on what is in them alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

# The earliest that the format can say, so that no clock shows.
_DATE = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


def zip_archive(files: Mapping[PurePosixPath, bytes]) -> bytes:
    """A zip of these files, in the order of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(str(path), _DATE)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, _PLAIN_FILE
            archive.writestr(entry, files[path])
    return buffer.getvalue()


def below(folder: str, files: Mapping[PurePosixPath, bytes]) -> dict[PurePosixPath, bytes]:
    """The same files in a folder of this name."""
    return {PurePosixPath(folder) / path: content for path, content in files.items()}
