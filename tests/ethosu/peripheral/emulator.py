"""The peripheral of an emulator, as far as its messages go: memory as pieces at addresses."""

from __future__ import annotations

import contextlib
import socket
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mcugen.ethosu.peripheral import Server
from mcugen.ethosu.peripheral.server import Handler

HEADER = struct.Struct("<IIQ")


class Emulator:
    """Memory, and a connection to the model."""

    def __init__(self, path: Path, memory: dict[int, bytearray]) -> None:
        self.memory = memory
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))

    def run_stream(
        self, stream: tuple[int, ...], place: int, bases: list[int], *, configuration: int, interfaces: int = 0
    ) -> tuple[int, int, int, str]:
        """Puts a stream into memory and runs it; status, bytes read, cycles and words."""
        self.write(place, np.array(stream, "<u4").tobytes())
        return self.run_registers(place, 4 * len(stream), bases, configuration=configuration, interfaces=interfaces)

    def run_registers(
        self, place: int, size: int, bases: list[int], *, configuration: int, interfaces: int = 0
    ) -> tuple[int, int, int, str]:
        """As the registers QBASE, QSIZE and BASEP say it."""
        bases = bases + [0] * (8 - len(bases))
        return self.run(2, 0, struct.pack("<4I9Q", configuration, 0x10060000, interfaces, size, place, *bases))

    def run(self, kind: int, value: int, content: bytes) -> tuple[int, int, int, str]:
        """Any job, answering what the model asks."""
        self.send(kind, value, content)
        while True:
            kind, size, address = HEADER.unpack(self.take(16))
            content = self.take(size)
            if kind == 16:
                start, data = self.piece(address)
                self.send(3, 0, max(0, start + len(data) - address).to_bytes(8, "little"))
            elif kind == 17:
                self.send(3, 0, self.read(address, int.from_bytes(content, "little")))
            elif kind == 18:
                self.write(address, content)
            else:
                assert kind == 19
                status, read, cycles = struct.unpack("<IIQ", content[:16])
                return status, read, cycles, content[16:].decode()

    def piece(self, address: int) -> tuple[int, bytearray]:
        found = [(start, data) for start, data in self.memory.items() if start <= address < start + len(data)]
        return found[0] if found else (address, bytearray())

    def read(self, address: int, size: int) -> bytes:
        start, data = self.piece(address)
        found = bytes(data[address - start : address - start + size])
        assert len(found) == size, "the model reads where there is no memory"
        return found

    def write(self, address: int, content: bytes) -> None:
        start, data = self.piece(address)
        assert address + len(content) <= start + len(data), "the model writes where there is no memory"
        data[address - start : address - start + len(content)] = content

    def send(self, kind: int, value: int, content: bytes = b"") -> None:
        self.socket.sendall(HEADER.pack(kind, len(content), value) + content)

    def take(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data


@contextlib.contextmanager
def served(handle: Handler) -> Iterator[Server]:
    """A server at a path that is short enough."""
    with tempfile.TemporaryDirectory(prefix="npu-", dir="/tmp") as folder, Server(Path(folder) / "s", handle) as server:
        yield server
