"""The NPU beside an emulated core: jobs of the firmware run on the functional model, in the core's memory.

The firmware's side is `mcugen/firmware/harness/npu.c`, the job `struct mcugen_npu_job` of `<mcugen/npu.h>`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mcugen.boards.board import Memory as MemoryRegion
from mcugen.errors import CheckFailedError, InputError
from mcugen.ethosu.model import execute
from mcugen.ethosu.model.memory import Bytes

_REGIONS = 8
_JOB = struct.Struct(f"<3I{_REGIONS}I{_REGIONS}II")

Read = Callable[[int, int], bytes]
Write = Callable[[int, bytes], None]


@dataclass(frozen=True)
class Job:
    """A command stream and the memory that it works on: (address, bytes) of the payload and of each region in use.

    Attributes:
        written: numbers of the regions that the NPU may write to.
    """

    stream: tuple[int, int]
    regions: Mapping[int, tuple[int, int]]
    written: frozenset[int]

    SIZE = _JOB.size

    @staticmethod
    def read(data: bytes, memories: tuple[MemoryRegion, ...]) -> Job:
        """A job as it lies in the core's memory.

        Raises:
            CheckFailedError: it names memory that the board does not have.
        """
        stream, stream_bytes, count, *rest = _JOB.unpack(data)
        base, size, written = rest[:_REGIONS], rest[_REGIONS : 2 * _REGIONS], rest[-1]
        regions = {n: (base[n], size[n]) for n in range(min(count, _REGIONS)) if base[n] and size[n]}
        job = Job((stream, stream_bytes), regions, frozenset(n for n in regions if written >> n & 1))
        places = {"its stream": job.stream, **{f"region {n}": place for n, place in regions.items()}}
        for what, (start, length) in places.items():
            if not any(m.start <= start and start + length <= m.start + m.size for m in memories):
                raise CheckFailedError(
                    f"the firmware gave the NPU a job with {what} at {start:#010x}, {length} bytes: no such memory"
                )
        return job


def refusal(error: InputError) -> CheckFailedError:
    """What the model has against a stream of the firmware's."""
    what = f"the NPU's model refuses a command stream of the firmware: {error.what}"
    return CheckFailedError(what, where=error.where, hint=error.hint)


@dataclass
class EmulatedNpu:
    """Runs jobs. What is constant is read once, at the first job with the same addresses.

    Attributes:
        memories: what the core can reach.
        jobs: how many it has run.
    """

    memories: tuple[MemoryRegion, ...]
    jobs: int = 0
    _kept: dict[tuple[int, int], Bytes] = field(default_factory=dict)

    def run(self, read: Read, write: Write, address: int) -> None:
        """Runs the job at an address; `read` and `write` reach the core's memory.

        Raises:
            CheckFailedError: the job is none, or the model refuses its stream.
        """
        job = Job.read(read(address, Job.SIZE), self.memories)
        stream = self._constant(read, *job.stream).tobytes()
        regions: dict[int, Bytes] = {}
        for number, place in job.regions.items():
            if number in job.written:
                # Always the same array for the same place, so that what the model has prepared for it holds.
                regions[number] = self._kept.setdefault(place, np.zeros(place[1], np.uint8))
                regions[number][:] = np.frombuffer(read(*place), np.uint8)
            else:
                regions[number] = self._constant(read, *place)
        try:
            execute(stream, regions)
        except InputError as error:
            raise refusal(error) from error
        for number in sorted(job.written):
            write(job.regions[number][0], regions[number].tobytes())
        self.jobs += 1

    def _constant(self, read: Read, address: int, size: int) -> Bytes:
        if (address, size) not in self._kept:
            self._kept[address, size] = np.frombuffer(read(address, size), np.uint8)
        return self._kept[address, size]
