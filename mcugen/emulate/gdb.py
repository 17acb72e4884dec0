"""A client of GDB's remote serial protocol, as far as a core is to be stopped at a point and its memory exchanged.

GDB manual, appendix "GDB Remote Serial Protocol". QEMU answers it for every machine.
"""

from __future__ import annotations

import re
import time

from mcugen.emulate.console import Transport

_ANSWER_SECONDS = 60.0
_PC = 15
# QEMU's packets hold 4096 characters, two for a byte, and there is a head.
_LARGEST = 2000
_PACKET = re.compile(rb"\$([^#]*)#([0-9a-fA-F]{2})", re.DOTALL)


class GdbError(Exception):
    """The emulator refused a request, or does not speak the protocol."""


class GdbStub:
    """A conversation with an emulator whose core is stopped.

    Every method may raise EOFError when the emulator has gone.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._pending = b""

    def read(self, address: int, size: int) -> bytes:
        """Raises GdbError where there is no memory."""
        data = b""
        for offset in range(0, size, _LARGEST):
            part = min(_LARGEST, size - offset)
            answer = self._request(f"m{address + offset:x},{part:x}")
            if len(answer) != 2 * part:
                raise GdbError(f"no memory at {address + offset:#010x}")
            data += bytes.fromhex(answer)
        return data

    def write(self, address: int, data: bytes) -> None:
        """Raises GdbError where there is no memory."""
        for offset in range(0, len(data), _LARGEST):
            part = data[offset : offset + _LARGEST]
            if self._request(f"M{address + offset:x},{len(part):x}:{part.hex()}") != "OK":
                raise GdbError(f"no memory at {address + offset:#010x}")

    def program_counter(self) -> int:
        answer = self._request("g")
        if not re.fullmatch("[0-9a-fx]+", answer) or len(answer) < 8 * _PC + 8:
            raise GdbError("no registers")
        return int.from_bytes(bytes.fromhex(answer[8 * _PC : 8 * _PC + 8]), "little")

    def watch(self, address: int) -> None:
        """The core stops before an instruction that writes the word at the address."""
        if self._request(f"Z2,{address:x},4") != "OK":
            raise GdbError("no watchpoints")

    def resume(self, address: int | None = None) -> None:
        """Lets the core run, from the address of a Thumb instruction or from where it is; `wait` is to follow."""
        self._send("c" if address is None else f"c{address | 1:x}")

    def wait(self, seconds: float) -> bool:
        """True when the core has stopped; False after that time without."""
        return self._receive(seconds) is not None

    def interrupt(self) -> None:
        """Stops a running core."""
        self._transport.send(b"\x03")
        self._answer()

    def kill(self) -> None:
        """Ends the emulator."""
        self._send("k")

    def _request(self, text: str) -> str:
        self._send(text)
        return self._answer()

    def _send(self, text: str) -> None:
        data = text.encode()
        # The acknowledgement of the answer before comes with the next request.
        self._transport.send(b"+$%b#%02x" % (data, sum(data) % 256))

    def _answer(self) -> str:
        answer = self._receive(_ANSWER_SECONDS)
        if answer is None:
            raise GdbError("the emulator does not answer")
        return answer

    def _receive(self, seconds: float) -> str | None:
        deadline = time.monotonic() + seconds
        while (found := _PACKET.search(self._pending)) is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            self._pending += self._transport.receive(remaining)
        self._pending = self._pending[found.end() :]
        if sum(found[1]) % 256 != int(found[2], 16):
            raise GdbError("a damaged answer")
        return found[1].decode("ascii", errors="replace")
