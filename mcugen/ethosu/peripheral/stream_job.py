"""Runs what the NPU's registers point to: base addresses without sizes, faults as the register STATUS tells them.

Sources of the register's bits: the interface headers of Arm's ethos-u-core-driver.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mcugen.errors import InputError
from mcugen.ethosu.model import StreamError, execute
from mcugen.ethosu.model.configuration import Configuration, read_configuration
from mcugen.ethosu.model.errors import AccessError, WeightError
from mcugen.ethosu.model.extents import Extent, extents
from mcugen.ethosu.model.memory import Bytes
from mcugen.ethosu.model.network import Payload
from mcugen.ethosu.model.stream import decode
from mcugen.ethosu.peripheral.connection import STREAM, ConnectionLost, Message, Outcome, Peer

_REGIONS = 8
_REQUEST = struct.Struct(f"<4I{_REGIONS + 1}Q")
_BUS_STATUS, _PARSE_ERROR, _WEIGHT_FAULT = 1 << 2, 1 << 4, 1 << 7
_INTERFACE, _CHANNEL, _HISTORY = 11, 12, 16
_PRODUCT, _U85 = 28, 2
# What the model says that an operation accesses, and the channel that STATUS names.
_CHANNELS = {"IFM": 1, "IFM2": 1, "weights": 2, "scales": 3, "source": 4, "OFM": 8, "destination": 9}
_LONGEST_STREAM = 1 << 26
_LARGEST_BLOCK = 1 << 30
_KEPT = 32


@dataclass(frozen=True)
class RunRequest:
    """The registers at the start of a job.

    Attributes:
        configuration, identity: CONFIG and ID.
        interfaces: a bit for each region: set where REGIONCFG sends it to the second AXI interface.
        size: QSIZE, bytes of the stream.
        stream: QBASE.
        bases: BASEP0 to BASEP7.
    """

    configuration: int
    identity: int
    interfaces: int
    size: int
    stream: int
    bases: tuple[int, ...]

    @staticmethod
    def unpack(content: bytes) -> RunRequest:
        """Raises ConnectionLost when it is none."""
        if len(content) != _REQUEST.size:
            raise ConnectionLost(f"a job of {len(content)} bytes, not {_REQUEST.size}: another version's peripheral")
        configuration, identity, interfaces, size, stream, *bases = _REQUEST.unpack(content)
        return RunRequest(configuration, identity, interfaces, size, stream, tuple(bases))


@dataclass
class StreamJobs:
    """Runs jobs, and keeps what is prepared for those that come again.

    Attributes:
        refused: told what the model says of a stream that it refuses.
    """

    refused: Callable[[InputError], None]
    _kept: dict[tuple[int, int], Bytes] = field(default_factory=dict)

    def handle(self, peer: Peer, message: Message) -> Outcome:
        """Runs what a message asks for, which cannot be a whole job of mcugen's firmware.

        Raises:
            ConnectionLost: see there.
        """
        if message.kind != STREAM:
            raise ConnectionLost(f"message {message.kind} is for the runner of mcugen's own firmware")
        return self.run(peer, RunRequest.unpack(message.content))

    def run(self, peer: Peer, request: RunRequest) -> Outcome:
        """Runs a job to its end. Nothing is written where the model refuses it.

        Raises:
            ConnectionLost: see there.
        """
        try:
            return self._run(peer, request)
        except InputError as error:
            self.refused(error)
            offset = error.command.offset if isinstance(error, StreamError) else 0
            where = f" ({error.where})" if error.where else ""
            return Outcome(_fault_bits(error, request), offset, 0, f"{error.what}{where}")

    def _run(self, peer: Peer, request: RunRequest) -> Outcome:
        configuration = read_configuration(request.configuration, request.identity)
        if request.size % 4 or request.size > _LONGEST_STREAM:
            raise InputError(f"QSIZE is {request.size}: a command stream has whole words, at most {_LONGEST_STREAM}")
        if peer.size(request.stream) < request.size:
            raise _NoStreamError(f"QBASE is {request.stream:#x}: no memory for a stream of {request.size} bytes")
        stream = peer.read(request.stream, request.size)
        payload = Payload(configuration, tuple(np.frombuffer(stream, "<u4").tolist()))
        sizes = {number: peer.size(base) for number, base in enumerate(request.bases)}
        used = extents(payload, {number: size for number, size in sizes.items() if size})
        memory = self._read(peer, request.bases, used)
        cycles = execute(stream, memory, configuration).elapsed
        for number, extent in used.items():
            if extent.writes is not None:
                low, high = extent.writes
                peer.write(request.bases[number] + low, memory[number][low:high].tobytes())
        return Outcome(_interrupts(payload, configuration) << _HISTORY, request.size, cycles)

    def _read(self, peer: Peer, bases: tuple[int, ...], used: Mapping[int, Extent]) -> dict[int, Bytes]:
        """Regions with what memory holds; those that share memory share it here too."""
        blocks: list[tuple[int, int]] = []
        for start, end in sorted((bases[n], bases[n] + extent.size) for n, extent in used.items()):
            if blocks and start < blocks[-1][1]:
                start, end = blocks[-1][0], max(end, blocks.pop()[1])
            blocks.append((start, end))
        regions: dict[int, Bytes] = {}
        for start, end in blocks:
            if end - start > _LARGEST_BLOCK:
                raise InputError(f"the stream works on {end - start} bytes of memory, more than the model takes on")
            array = self._array(start, end - start)
            array[:] = np.frombuffer(peer.read(start, end - start), np.uint8)
            for number, extent in used.items():
                if start <= bases[number] < end:
                    place = bases[number] - start
                    regions[number] = array[place : place + extent.size]
        return regions

    def _array(self, start: int, size: int) -> Bytes:
        """Always the same array for the same place, so that what the model has prepared for it holds."""
        key = (start, size)
        array = self._kept.pop(key, None)
        self._kept[key] = np.zeros(size, np.uint8) if array is None else array
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return self._kept[key]


class _NoStreamError(InputError):
    """There is no memory where the command stream is said to be."""


def _fault_bits(error: InputError, request: RunRequest) -> int:
    """STATUS after a fault. What the model does not know counts as a command that it cannot parse.

    So do damaged weights on a U85, which has no bit for them.
    """
    if isinstance(error, _NoStreamError):
        return _BUS_STATUS
    if isinstance(error, AccessError):
        interface = request.interfaces >> error.region & 1 if error.region >= 0 else 0
        return _BUS_STATUS | interface << _INTERFACE | _CHANNELS.get(error.target, 0) << _CHANNEL
    has_weight_fault = request.configuration >> _PRODUCT < _U85
    return _WEIGHT_FAULT if isinstance(error, WeightError) and has_weight_fault else _PARSE_ERROR


def _interrupts(payload: Payload, configuration: Configuration) -> int:
    """The masks of all NPU_OP_IRQ and of NPU_OP_STOP, which STATUS collects."""
    mask = 0
    for command in decode(payload.words, configuration.isa):
        if command.name in ("NPU_OP_IRQ", "NPU_OP_STOP"):
            mask |= command.parameter
    return mask
