"""How far an output may reach into the input that a kernel is still reading."""

from __future__ import annotations

from collections.abc import Sequence


def overlap_distance(written: Sequence[int], first_read: Sequence[int | None]) -> int:
    """The distance of `Overlap` for a kernel that works in blocks: each reads its input fully, then writes its output.

    Args:
        written: bytes of output, counted from its start, that blocks 0..i have written.
        first_read: the lowest input byte that block i reads; None when it reads none.

    Returns:
        The smallest D >= 0 such that address(output) + D <= address(input) keeps every byte that a later block reads.
        (A negative distance would be right too, but no layout gets smaller by it.)
    """
    distance = 0
    needed: int | None = None
    for done, first in zip(reversed(written), reversed(first_read), strict=True):
        if needed is not None:
            distance = max(distance, done - needed)
        if first is not None:
            needed = first if needed is None else min(needed, first)
    return distance
