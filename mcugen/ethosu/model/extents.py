"""What a command stream accesses, found without its data: for an emulator that has base addresses but no sizes."""

from __future__ import annotations

import functools
import mmap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcugen.ethosu.model.machine import prepare
from mcugen.ethosu.model.memory import SHRAM, Bytes, Memory
from mcugen.ethosu.model.network import Payload

_LARGEST = 1 << 32
_KEPT = 32


@dataclass(frozen=True)
class Extent:
    """What a stream accesses of a region.

    Attributes:
        size: bytes from the region's start up to the last one accessed.
        writes: the first byte that it may write and the one behind the last; None: it only reads.
    """

    size: int
    writes: tuple[int, int] | None


def extents(payload: Payload, sizes: Mapping[int, int]) -> dict[int, Extent]:
    """What the stream accesses, by number of the region.

    Args:
        sizes: bytes of memory behind each base address, as far as there is any.

    Raises:
        InputError: a command is damaged, or the stream is for an NPU that the model does not execute.
        StreamError: an operation is wrong, accesses memory behind `sizes`, or is not known to the model.
    """
    return dict(_extents(payload, tuple(sorted(sizes.items()))))


@functools.lru_cache(_KEPT)
def _extents(payload: Payload, sizes: tuple[tuple[int, int], ...]) -> dict[int, Extent]:
    regions = {number: _nothing()[:size] for number, size in sizes}
    shram = np.zeros(payload.configuration.shram, np.uint8)
    program = prepare(payload, Memory(regions | {SHRAM: shram}))
    found: dict[int, Extent] = {}
    for operation in program.operations:
        for _, access in operation.accesses:
            if access.region != SHRAM and access.length and access.starts.size:
                low, high = access.bounds
                before = found.get(access.region, Extent(0, None))
                writes = before.writes
                if access.writes:
                    writes = (low, high) if writes is None else (min(low, writes[0]), max(high, writes[1]))
                found[access.region] = Extent(max(high, before.size), writes)
    return found


@functools.lru_cache(1)
def _nothing() -> Bytes:
    """As much memory as 32 bits address, which takes none: reading an operation's registers touches no data."""
    return np.frombuffer(mmap.mmap(-1, _LARGEST, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE), np.uint8)
