"""Quantities as a board's YAML file writes them: sizes, addresses, frequencies, names."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pydantic

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_FREQUENCIES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
ADDRESS_END = 2**32


def _parse_scaled(value: Any, units: dict[str, int], suffix: str, example: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", text):
        return int(text, 16)
    match = re.fullmatch(rf"(\d{{1,16}}(?:\.\d{{1,16}})?)\s*([KMGkmg]?)(?:{suffix})?", text, re.ASCII)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a number, write it as {example}")
    scaled = float(match[1]) * units[match[2].upper()]
    if scaled != int(scaled):
        raise ValueError(f"{value!r} is not a whole number")
    return int(scaled)


def parse_size(value: Any) -> int:
    """Bytes from 524288, "0x80000", "512K" or "1M" (powers of two). Raises ValueError."""
    return _parse_scaled(value, _UNITS, "i?B", '524288, 0x80000, "512K" or "1M"')


def parse_frequency(value: Any) -> int:
    """Hertz from 64000000, "64M" or "64 MHz". Raises ValueError."""
    return _parse_scaled(value, _FREQUENCIES, "Hz", '64000000 or "64M"')


Size = Annotated[int, pydantic.BeforeValidator(parse_size), pydantic.Field(gt=0, le=ADDRESS_END)]
Address = Annotated[int, pydantic.BeforeValidator(parse_size), pydantic.Field(ge=0, lt=ADDRESS_END)]
Word = Annotated[int, pydantic.BeforeValidator(parse_size), pydantic.Field(ge=0, lt=2**32)]
Frequency = Annotated[int, pydantic.BeforeValidator(parse_frequency), pydantic.Field(gt=0)]
# Names end up in comments and messages: one line, no markup.
Identifier = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Line = Annotated[str, pydantic.Field(pattern=r"^[^\x00-\x1f]*$", max_length=200)]


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)
