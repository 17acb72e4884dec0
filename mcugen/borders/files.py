"""Plain files from outside: there, readable, of a bounded size."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mcugen.errors import InputError


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
