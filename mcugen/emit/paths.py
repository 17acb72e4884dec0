"""Paths inside a module's folder, as manifests and journals hold them: whoever wrote those, none leads out of it."""

from __future__ import annotations

import re
from typing import Annotated

import pydantic

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_LONGEST = 250


def _check(text: str) -> str:
    if len(text) > _LONGEST or not all(_PART.fullmatch(part) for part in text.split("/")):
        raise ValueError("not a plain path inside the folder")
    return text


FilePath = Annotated[str, pydantic.AfterValidator(_check)]
"""Such as "src/kws.c": relative, with "/", no part that starts with a dot."""
