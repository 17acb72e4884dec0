"""The memory that a stream works on: eight regions and the NPU's own SHRAM, every access within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.errors import AccessError, StreamError
from mcugen.ethosu.model.stream import Command

SHRAM = -1
"""Number of SHRAM among the regions."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Access:
    """Bytes that an operation reads or writes: rows of `length` bytes, one at each of `starts`, in a region."""

    region: int
    starts: npt.NDArray[np.int64]
    length: int
    writes: bool

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The first byte, and the one behind the last."""
        return int(self.starts.min()), int(self.starts.max()) + self.length

    @property
    def bytes(self) -> int:
        """How many bytes it moves."""
        return self.starts.size * self.length

    def conflicts(self, other: Access) -> bool:
        """Whether the two may not happen at once: they share a byte and one of them writes."""
        if self.region != other.region or not (self.writes or other.writes):
            return False
        (low, high), (low2, high2) = self.bounds, other.bounds
        if high <= low2 or high2 <= low:
            return False
        # Rows may lie between each other's: the channels of one tensor written by several operations.
        mine, theirs = np.sort(self.starts.ravel()), np.sort(other.starts.ravel())
        nearest = np.searchsorted(theirs, mine + self.length)
        before = nearest > 0
        return bool(np.any(theirs[nearest[before] - 1] + other.length > mine[before]))


def contiguous(region: int, start: int, length: int, *, writes: bool = False) -> Access:
    """An access to one run of bytes."""
    return Access(region, np.array([start], np.int64), length, writes)


@dataclass(frozen=True)
class Limits:
    """How much of a stream the model takes on: registers can ask for more than any memory holds.

    Attributes:
        elements: of a feature map.
        runs: pieces of memory without a gap that all operations together access.
    """

    elements: int = 1 << 26
    runs: int = 1 << 26


@dataclass(frozen=True)
class Memory:
    """Regions by number, SHRAM among them.

    Attributes:
        constant: numbers of regions that the NPU must not write to.
        limits: of the stream that works on it.
        buffers: what one operation leaves to the next inside the NPU (U85): chaining buffers by number.
    """

    regions: Mapping[int, Bytes]
    constant: frozenset[int] = field(default=frozenset())
    buffers: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    _spent: list[int] = field(default_factory=list, compare=False)

    def spend(self, runs: int, command: Command) -> None:
        """Counts runs that an operation is about to access; raises StreamError when there are too many."""
        self._spent.append(runs)
        if sum(self._spent) > self.limits.runs:
            raise StreamError(
                f"accesses {runs} pieces of memory, with those before more than the model takes on", command
            )

    def check(self, access: Access, what: str, command: Command) -> None:
        """Raises AccessError when an access leaves its region, or writes to constants.

        Args:
            what: that is accessed, for the message.
        """
        verb = "writes" if access.writes else "reads"
        if access.length < 1 or not access.starts.size:
            return
        low, high = access.bounds
        name = "SHRAM" if access.region == SHRAM else f"region {access.region}"
        if access.region not in self.regions:
            raise AccessError(
                f"{verb} its {what} in {name}, which the network does not have", command, access.region, what
            )
        size = self.regions[access.region].size
        if low < 0 or high > size:
            raise AccessError(
                f"{verb} its {what} outside {name}: bytes {low} to {high - 1} of a region of {size} bytes",
                command,
                access.region,
                what,
            )
        if access.writes and access.region in self.constant:
            raise AccessError(
                f"writes its {what} to {name}, which holds the network's constants", command, access.region, what
            )
