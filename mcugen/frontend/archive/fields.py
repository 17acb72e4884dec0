"""Walking nested JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field of nested objects."""
    if isinstance(value, dict):
        yield from value.items()
        for item in value.values():
            yield from fields(item)
    elif isinstance(value, list):
        for item in value:
            yield from fields(item)
