"""Messages between the peripheral in an emulator and the model.

Each has a header, little endian: kind and bytes of content (32 bits each), a value (64 bits). The peripheral speaks
first:

    1 JOB     value: address of a `struct mcugen_npu_job`
    2 STREAM  content: `RunRequest` of stream_job.py
    3 DATA    the answer to SIZE (64 bits) or READ

The model asks as often as it likes, then ends the job:

    16 SIZE   value: address; how many bytes of memory there are from it on
    17 READ   value: address; content: 32 bits, how many bytes
    18 WRITE  value: address; content: the bytes
    19 END    content: an `Outcome`
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

JOB, STREAM, _DATA = 1, 2, 3
_SIZE, _READ, _WRITE, _END = 16, 17, 18, 19
_HEADER = struct.Struct("<IIQ")
_OUTCOME = struct.Struct("<IIQ")
_LARGEST_REQUEST = 4096


class ConnectionLost(ConnectionError):  # noqa: N818 - as Python's own are called
    """The emulator has gone, or says what no peripheral of this version does."""


@dataclass(frozen=True)
class Message:
    """What the peripheral starts a job with."""

    kind: int
    value: int
    content: bytes


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        status: bits of the register STATUS; 0 when all is well (or, of a stream, the end is reached).
        read: bytes of the stream that were executed.
        cycles: an estimate.
        words: what is wrong, for people; empty when nothing is.
    """

    status: int = 0
    read: int = 0
    cycles: int = 0
    words: str = ""


class Peer:
    """The emulator at the other end, its core standing still."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def receive(self) -> Message | None:
        """The next job; None when the emulator has ended in between two.

        Raises:
            ConnectionLost: it has ended within a message, or this is none.
        """
        header = self._take(_HEADER.size, may_end=True)
        if not header:
            return None
        kind, size, value = _HEADER.unpack(header)
        if kind not in (JOB, STREAM) or size > _LARGEST_REQUEST:
            raise ConnectionLost(f"message {kind} of {size} bytes starts no job")
        return Message(kind, value, self._take(size))

    def size(self, address: int) -> int:
        """Bytes of memory from an address on, 0 where there is none."""
        self._send(_SIZE, address)
        return int.from_bytes(self._answer(8), "little")

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory, all of which exist."""
        self._send(_READ, address, size.to_bytes(4, "little"))
        return self._answer(size)

    def write(self, address: int, data: bytes) -> None:
        """Writes to memory, all of which exists."""
        self._send(_WRITE, address, data)

    def end(self, outcome: Outcome) -> None:
        """Ends the job."""
        fixed = _OUTCOME.pack(outcome.status, outcome.read, outcome.cycles)
        self._send(_END, 0, fixed + outcome.words.encode())

    def _answer(self, size: int) -> bytes:
        kind, found, _ = _HEADER.unpack(self._take(_HEADER.size))
        if (kind, found) != (_DATA, size):
            raise ConnectionLost(f"message {kind} of {found} bytes is no answer of {size} bytes")
        return self._take(size)

    def _send(self, kind: int, value: int, content: bytes = b"") -> None:
        try:
            self._connection.sendall(_HEADER.pack(kind, len(content), value) + content)
        except OSError as error:
            raise ConnectionLost(str(error)) from error

    def _take(self, size: int, *, may_end: bool = False) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                part = self._connection.recv(min(size - len(data), 1 << 20))
            except OSError as error:
                raise ConnectionLost(str(error)) from error
            if not part:
                if may_end and not data:
                    return b""
                raise ConnectionLost("the emulator has ended within a message")
            data += part
        return bytes(data)
