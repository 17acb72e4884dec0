"""Figures in words, for every report."""

from __future__ import annotations


def thousands(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def milliseconds(value: float) -> str:
    """Three digits, and all of the whole ones."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
