"""JSON from outside: bounded in size and depth, standard, every key once.

RFC 8259 leaves to a reader what repeated keys and numbers beyond a double mean, and has no NaN: here all are refused.
"""

from __future__ import annotations

import json
import math
from typing import Any

from mcugen.borders.files import Source, read_bytes

SIZE_LIMIT = 16 * 2**20
DEPTH_LIMIT = 64


class JsonError(ValueError):
    """What is wrong with a text, in a few words."""


def parse(content: bytes | str, *, limit: int = SIZE_LIMIT) -> Any:
    """Any JSON value.

    Raises:
        JsonError: the text is no JSON, or beyond the bounds.
    """
    if len(content) > limit:
        raise JsonError(f"more than {limit:,} bytes")
    try:
        value = json.loads(
            content, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_number, parse_int=_integer
        )
    except RecursionError as error:
        raise JsonError("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise JsonError("not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg} in line {error.lineno}, column {error.colno}") from error
    _check_depth(value)
    return value


def read_json(source: Source, *, limit: int = SIZE_LIMIT) -> Any:
    """A file's value.

    Raises:
        InputError: the file cannot be read, or is no JSON.
    """
    try:
        return parse(read_bytes(source, limit), limit=limit)
    except JsonError as error:
        raise source.error(f"is not JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise JsonError(f"the key {twice[:80]!r} is there twice")
    return value


def _refuse(word: str) -> Any:
    raise JsonError(f"{word} is no number of JSON")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonError("a number is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > 40:
        raise JsonError("a number is too long")
    return int(text)


def _check_depth(value: Any) -> None:
    """Without recursion, which the depth could exhaust."""
    level, depth = [value], 0
    while level:
        if depth > DEPTH_LIMIT:
            raise JsonError(f"nested more than {DEPTH_LIMIT} deep")
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += [v for v in item.values() if isinstance(v, dict | list)]
            elif isinstance(item, list):
                inner += [v for v in item if isinstance(v, dict | list)]
        level, depth = inner, depth + 1
