"""Figures in words, for every report."""

from __future__ import annotations

from collections.abc import Iterable


def thousands(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def milliseconds(value: float) -> str:
    """Three digits, and all of the whole ones."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def times(shape: Iterable[int]) -> str:
    """A shape: 1×25×5×64."""
    return "×".join(map(str, shape)) or "a number"


def shortened(text: str, most: int) -> str:
    """At most so many characters; the middle gives way, as names differ at their ends."""
    if len(text) <= most:
        return text
    kept = most - 1
    return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"


def bytes_in_words(size: int) -> str:
    """Exact below 10 KiB, else in KiB or MiB."""
    if size < 10 * 1024:
        return f"{size:,} B"
    return f"{size / 1024:,.1f} KiB" if size < 1024 * 1024 else f"{size / 1024 / 1024:,.2f} MiB"
