"""Paths inside a module's folder, as manifests and journals hold them: whoever wrote those, none leads out of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pydantic

from mcugen.borders.files import is_file
from mcugen.errors import InputError

FILE_NAME = "mcugen.json"
"""The manifest, by which a folder is a module's."""

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_LONGEST = 250


def _check(text: str) -> str:
    if len(text) > _LONGEST or not all(_PART.fullmatch(part) for part in text.split("/")):
        raise ValueError("not a plain path inside the folder")
    return text


FilePath = Annotated[str, pydantic.AfterValidator(_check)]
"""Such as "src/kws.c": relative, with "/", no part that starts with a dot."""


def require_module(folder: Path) -> None:
    """Raises InputError when the folder has no manifest."""
    if not is_file(folder / FILE_NAME):
        raise InputError(f"{folder} is not an emitted module: it has no {FILE_NAME}", hint="run `mcugen emit` first")
