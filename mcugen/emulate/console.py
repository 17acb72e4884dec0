"""The host's side of a verification image's console: samples in, outputs out, over any stream of bytes.

The image's side is `mcugen/firmware/zephyr/app`, the protocol is described in docs/zephyr/verify.md. Every line has a
checksum and is answered before the next one is sent: nothing waits for a clock, and no receive buffer of a UART can
overflow while the image is busy.
"""

from __future__ import annotations

import base64
import errno
import os
import select
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcugen.emit.manifest import Manifest
from mcugen.emulate.runner import FirmwareResult, Progress, ThreadStack
from mcugen.errors import CheckFailedError
from mcugen.firmware.elf import Elf
from mcugen.graph.tensor import DTYPES, IntArray

PROTOCOL = 1
_ATTEMPTS = 3
_KEPT_LINES = 12
_LONGEST_LINE = 1 << 20
_FINAL = ("ok", "again", "refused", "done")

# include/zephyr/fatal_types.h; numbers from 16 on belong to the architecture.
_STACK_CHECK = 2
_FATAL_REASONS = {
    0: "CPU exception",
    1: "unhandled interrupt",
    _STACK_CHECK: "stack overflow",
    3: "kernel oops",
    4: "kernel panic",
}


class Transport(Protocol):
    """A stream of bytes to and from the image's console: a pipe, a socket, a serial port."""

    def send(self, data: bytes) -> None: ...

    def receive(self, seconds: float) -> bytes:
        """What has arrived; waits for something at most that long and then returns nothing.

        Raises:
            EOFError: the other end is closed.
        """
        ...


class DescriptorTransport:
    """A transport over file descriptors: the two pipes of a child process, or that of a terminal, twice."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing

    def send(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._writing, data) :]
        except BrokenPipeError as error:
            raise EOFError from error
        except OSError as error:
            raise _end_of_terminal(error) from error

    def receive(self, seconds: float) -> bytes:
        if not select.select([self._reading], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._reading, 65536)
        except OSError as error:
            raise _end_of_terminal(error) from error
        if not data:
            raise EOFError
        return data


def _end_of_terminal(error: OSError) -> Exception:
    """What Linux says of a pseudoterminal whose other end is closed is an input/output error."""
    return EOFError() if error.errno == errno.EIO else error


class Console:
    """One conversation with an image that has just been started.

    Args:
        elf: the image, to give names to addresses.
        stall_seconds: longest time without a line.
        on_silence: says where the core is when that time has passed.
    """

    def __init__(self, transport: Transport, elf: Elf, *, stall_seconds: float, on_silence: Callable[[], str]) -> None:
        self._transport = transport
        self._elf = elf
        self._stall_seconds = stall_seconds
        self._on_silence = on_silence
        self._pending = b""
        self._noise: deque[str] = deque(maxlen=_KEPT_LINES)
        self._chunk = 0
        self._stack_size = 0

    @property
    def words(self) -> str:
        """The last lines that are not part of the protocol, such as the kernel's own error messages."""
        return "\n".join(self._noise)

    def run(
        self,
        manifest: Manifest,
        inputs: Sequence[IntArray],
        *,
        trace: bool,
        progress: Progress | None,
        reset_every: int | None = None,
    ) -> FirmwareResult:
        """All samples.

        Args:
            inputs: one array per input, (samples, *device shape).
            trace: the image hands out the results of every layer.
            reset_every: samples after which the state starts again.

        Raises:
            CheckFailedError: the image is another module's, the module returned an error, or the image faulted or hung.
            EOFError: the transport was closed.
        """
        try:
            return self._converse(manifest, inputs, trace, progress, reset_every)
        except (ValueError, IndexError) as error:
            raise CheckFailedError(f"the image does not speak protocol {PROTOCOL}: {error}") from error

    def _converse(
        self,
        manifest: Manifest,
        inputs: Sequence[IntArray],
        trace: bool,
        progress: Progress | None,
        reset_every: int | None,
    ) -> FirmwareResult:
        self._greet(manifest)
        samples = len(inputs[0])
        results = []
        for sample in range(samples):
            if sample and reset_every is not None and sample % reset_every == 0:
                self._request("reset")
            self._send_inputs([values[sample] for values in inputs])
            results.append(self._infer(manifest, sample, trace))
            if progress is not None:
                progress(sample + 1, samples)
        outputs = tuple(
            np.stack([np.frombuffer(r.outputs[i], DTYPES[port.dtype]).reshape(port.device_shape) for r in results])
            for i, port in enumerate(manifest.outputs)
        )
        layers = tuple(
            np.stack([np.frombuffer(r.layers[i], np.int8) for r in results])
            for i in range(len(manifest.results) if trace else 0)
        )
        return FirmwareResult(outputs, layers if trace else None, results[0].stack_bytes, self._threads())

    def _greet(self, manifest: Manifest) -> None:
        word, *fields = self._next()
        if word != "hello" or len(fields) != 5 or fields[0] != str(PROTOCOL):
            raise CheckFailedError(f"the image does not speak protocol {PROTOCOL}: {' '.join([word, *fields])}")
        if fields[1] != manifest.name:
            raise CheckFailedError(f"the image holds module {fields[1]}, not {manifest.name}")
        self._chunk, self._stack_size = int(fields[2]), int(fields[4])

    def _send_inputs(self, sample: Sequence[IntArray]) -> None:
        for port, values in enumerate(sample):
            data = np.ascontiguousarray(values).tobytes()
            for offset in range(0, len(data), self._chunk):
                payload = base64.b64encode(data[offset : offset + self._chunk]).decode()
                self._request(f"input {port} {offset} {payload}")

    def _infer(self, manifest: Manifest, sample: int, trace: bool) -> _Inference:
        lines, (status, stack_bytes) = self._request("run")
        if int(status):
            raise CheckFailedError(f"the module returned error {status} for sample {sample}")
        if int(stack_bytes) >= self._stack_size:
            raise self._stack_overflow()
        outputs = _assemble(lines, "output", [port.size_bytes for port in manifest.outputs])
        layers = _assemble(lines, "layer", [result.bytes for _, result in manifest.results] if trace else [])
        return _Inference(outputs, layers, int(stack_bytes))

    def _threads(self) -> tuple[ThreadStack, ...]:
        lines, _ = self._request("threads")
        return tuple(ThreadStack(" ".join(name), int(used), int(size)) for _, used, size, *name in lines)

    def _request(self, text: str) -> tuple[list[list[str]], list[str]]:
        """The data lines of the answer, and the arguments of its last line."""
        for _ in range(_ATTEMPTS):
            self._transport.send(f"{text}*{zlib.crc32(text.encode()):08x}\n".encode())
            lines: list[list[str]] = []
            while not lines or lines[-1][0] not in _FINAL:
                lines.append(self._next())
            *data, (verdict, *arguments) = lines
            if verdict == "refused":
                raise CheckFailedError(f"the image refused the line {text[:40]!r}")
            if verdict != "again":
                return data, arguments
        raise CheckFailedError(f"the console damaged the same line {_ATTEMPTS} times: {text[:40]!r}")

    def _next(self) -> list[str]:
        """Words of the next line of the protocol."""
        deadline = time.monotonic() + self._stall_seconds
        while True:
            # The kernel's own messages may stand before it, on the same line too.
            noise, mark, line = self._line(deadline).rpartition("@")
            self._noise.extend([(noise if mark else line).strip()] if (noise if mark else line).strip() else [])
            if not mark:
                continue
            text, _, checksum = line.rpartition("*")
            if checksum != f"{zlib.crc32(text.encode()):08x}":
                raise CheckFailedError(f"the console damaged a line of the image: {line[:80]!r}")
            word, *fields = text.split(" ")
            if word == "fault":
                raise self._explain_fault(*fields)
            return [word, *fields]

    def _line(self, deadline: float) -> str:
        while b"\n" not in self._pending:
            if len(self._pending) > _LONGEST_LINE:
                raise CheckFailedError("the image does not end its line")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                words = f", its last words:\n{self.words}" if self._noise else ""
                raise CheckFailedError(
                    f"the image hung: it said nothing for {self._stall_seconds:g} s{words}", where=self._on_silence()
                )
            self._pending += self._transport.receive(remaining)
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("ascii", errors="replace").strip("\r")

    def _explain_fault(self, reason: str, pc: str, lr: str) -> CheckFailedError:
        number = int(reason)
        if number == _STACK_CHECK:
            return self._stack_overflow()
        cause = _FATAL_REASONS.get(number, f"architecture's reason {number}")
        words = f"; Zephyr's words:\n{self.words}" if self._noise else ""
        return CheckFailedError(
            f"the image faulted: {cause}{words}",
            where=f"pc {self._elf.describe(int(pc, 16))}, called from {self._elf.describe(int(lr, 16))}",
        )

    def _stack_overflow(self) -> CheckFailedError:
        return CheckFailedError(
            f"the inference used all of its thread's stack, {self._stack_size} bytes", where="thread inference"
        )


@dataclass(frozen=True)
class _Inference:
    outputs: list[bytes]
    layers: list[bytes]
    stack_bytes: int


def _assemble(lines: Sequence[Sequence[str]], word: str, sizes: Sequence[int]) -> list[bytes]:
    """Data of lines "<word> <index> <size> <offset> <base64>", which come in order and without gaps."""
    parts = [bytearray() for _ in sizes]
    for line in lines:
        if line[0] != word:
            continue
        index, size, offset = (int(field) for field in line[1:4])
        if index >= len(parts) or size != sizes[index] or offset != len(parts[index]):
            raise CheckFailedError(
                f"the image's {word} {index} does not match the module's manifest: {size} bytes at {offset}",
                hint="emit the model again",
            )
        parts[index] += base64.b64decode(line[4])
    for index, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        if len(part) != size:
            raise CheckFailedError(
                f"the image gave {len(part)} of {size} bytes of {word} {index}", hint="emit the model again"
            )
    return [bytes(part) for part in parts]
