"""Overlap distances against a simulation of the memory that a kernel and its output share."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.kernels.overlap import overlap_distance

Block = tuple[int, tuple[int, int] | None]
"""Bytes that a block writes; the input bytes [first, last) that it reads before, or None."""

_reads = st.one_of(st.none(), st.tuples(st.integers(0, 30), st.integers(1, 6)).map(lambda r: (r[0], r[0] + r[1])))
_blocks = st.lists(st.tuples(st.integers(0, 8), _reads), min_size=1, max_size=8)


def _survives(blocks: list[Block], distance: int) -> bool:
    """True when no block reads an input byte that an earlier block has overwritten."""
    overwritten = -distance
    for size, read in blocks:
        if read is not None and read[0] < overwritten:
            return False
        overwritten += size
    return True


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_blocks)
def test_distance_is_safe_and_no_smaller_one_is(blocks: list[Block]) -> None:
    total, written = 0, []
    for size, _ in blocks:
        total += size
        written.append(total)
    distance = overlap_distance(written, [read[0] if read else None for _, read in blocks])
    assert _survives(blocks, distance)
    assert _survives(blocks, distance + 5)
    assert distance == 0 or not _survives(blocks, distance - 1)


def test_pointwise_layer_that_grows() -> None:
    # Two blocks of three positions, 8 channels in, 16 out: after the first block 48 bytes are written, 24 are free.
    assert overlap_distance([48, 96], [0, 24]) == 24


def test_single_block_overlaps_freely() -> None:
    assert overlap_distance([1000], [0]) == 0
