"""Figures in words, for every report."""

from __future__ import annotations


def thousands(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
