"""One command stream on memory that somebody else owns: an emulator's, or a test's."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from mcugen.errors import InputError
from mcugen.ethosu.model.configuration import Configuration, named
from mcugen.ethosu.model.containers.payload import read_payload
from mcugen.ethosu.model.machine import Program, prepare
from mcugen.ethosu.model.memory import SHRAM, Bytes, Memory
from mcugen.ethosu.model.network import Payload
from mcugen.ethosu.model.trace import Trace, trace_programs

_PREPARED = 32
"""Streams on their memory that are kept ready."""

RegionMemory = bytearray | memoryview | bytes | Bytes


def execute(
    stream: bytes,
    regions: Mapping[int, RegionMemory],
    configuration: Configuration | str | None = None,
    *,
    allow_hazards: bool = False,
) -> Trace:
    """Executes a command stream once; the memory of the regions changes in place.

    What is prepared for a stream is kept, and used again for the same stream on the same memory (the same place, not a
    copy of it; the content may change); decoded weights are kept by their bytes, on any memory. A `bytearray` that was
    given cannot be resized as long as it is kept.

    Args:
        stream: what the driver gets (COP1 or COP2), or the stream's words alone, little endian.
        regions: what base address 0 … 7 points to, as bytes; regions may share memory. What cannot be written to
            (`bytes`, a read-only array) holds constants: a write is an error.
        configuration: the NPU, or its name such as "ethos-u55-128". A driver payload names one; what is given then has
            to be the same.
        allow_hazards: only list hazards in the trace; the default is to refuse a stream that has one.

    Returns:
        What each operation did: `mcugen.ethosu.model.trace.Trace`.

    Raises:
        InputError: no configuration, or a payload that is damaged or for another NPU.
        StreamError: a command is wrong, or is not known to the model. Of all but overflows of sums and damaged weights
            this is found before anything is written.
    """
    memory = {number: _array(number, content) for number, content in regions.items()}
    payload = _payload(bytes(stream), configuration)
    places = tuple(sorted((n, _place(array), array.size, array.flags.writeable) for n, array in memory.items()))
    key = (payload, places, allow_hazards)
    found = _CACHE.pop(key, None)
    if found is None:
        constant = frozenset(n for n, array in memory.items() if not array.flags.writeable)
        shram = np.zeros(payload.configuration.shram, np.uint8)
        program = prepare(payload, Memory(memory | {SHRAM: shram}, constant))
        if program.hazards and not allow_hazards:
            raise program.hazards[0]
        found = program, trace_programs([program])
    _CACHE[key] = found  # the latest at the end
    if len(_CACHE) > _PREPARED:
        del _CACHE[next(iter(_CACHE))]
    program, trace = found
    for operation in program.operations:
        operation.run()
    return trace


_CACHE: dict[tuple[object, ...], tuple[Program, Trace]] = {}


def forget() -> None:
    """Lets go of all memory that is kept ready."""
    _CACHE.clear()


@functools.lru_cache(_PREPARED)
def _payload(stream: bytes, configuration: Configuration | str | None) -> Payload:
    wanted = named(configuration) if isinstance(configuration, str) else configuration
    if stream[:3] == b"COP":
        payload = read_payload(stream)
        found = payload.configuration
        if wanted is not None and (found.product, found.macs) != (wanted.product, wanted.macs):
            raise InputError(f"the stream is for {found}, the NPU is {wanted}", hint="compile for this NPU")
        return payload
    if wanted is None:
        raise InputError("a command stream alone does not name its NPU", hint='give one, such as "ethos-u55-128"')
    if len(stream) % 4:
        raise InputError(f"the command stream has {len(stream)} bytes, which are no whole words")
    return Payload(wanted, tuple(np.frombuffer(stream, "<u4").tolist()))


def _array(number: int, content: RegionMemory) -> Bytes:
    if not 0 <= number < 8:
        raise InputError(f"there is no region {number}: they are 0 to 7")
    if not isinstance(content, np.ndarray):
        return np.frombuffer(content, np.uint8)
    if content.dtype != np.uint8 or content.ndim != 1 or not content.flags.c_contiguous:
        raise InputError(f"region {number} is {content.dtype} {content.shape}, must be a contiguous row of uint8")
    return content


def _place(array: Bytes) -> int:
    return int(array.__array_interface__["data"][0])
