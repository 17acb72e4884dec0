"""The watcher's side of bare-metal firmware: what it says in its mailbox, and what is done about it.

The firmware's side is `mcugen/firmware/harness/exchange.h`. All that the firmware can bring about is that samples are
written into its memory, and that bytes of its memory are taken as outputs, as many as the manifest says.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcugen.emit.manifest import PortEntry
from mcugen.emulate.faults import STACK_PATTERN, stack_overflow
from mcugen.emulate.npu import EmulatedNpu
from mcugen.emulate.runner import FirmwareResult, Progress
from mcugen.errors import CheckFailedError
from mcugen.firmware.build import Firmware
from mcugen.firmware.elf import Elf
from mcugen.graph.tensor import DTYPES, IntArray

MAILBOX = "harness_mailbox"
BELL, POINT = "harness_bell", "harness_exchange_point"
"""The firmware writes the first one when it wants something, and goes on at the second one."""

_STACK_BOTTOM = "linker_stack_bottom"
_SAMPLE, _LAYER, _END, _NPU = 1, 2, 3, 4
_ANSWER_OFFSET = 16
_MOST_FACTS, _LONGEST_KEY = 16, 24


class Memory(Protocol):
    """The memory of a stopped core."""

    def read(self, address: int, size: int) -> bytes: ...

    def write(self, address: int, data: bytes) -> None: ...


@dataclass(frozen=True)
class Ending:
    """What the firmware said at its end.

    Attributes:
        code: as `enum harness_exit`; 0 when all is well.
        report: values by name.
    """

    code: int
    report: dict[str, int]


class Mailbox:
    """One run of a firmware over all samples.

    Args:
        inputs: one integer array per input, (samples, *device shape).
        reset_every: samples after which the state starts again.
    """

    def __init__(
        self,
        firmware: Firmware,
        elf: Elf,
        inputs: Sequence[IntArray],
        progress: Progress | None,
        reset_every: int | None = None,
    ) -> None:
        manifest = firmware.manifest
        self._manifest = manifest
        self._samples = len(inputs[0])
        self._progress = progress
        self._mailbox = symbol(elf, MAILBOX)
        self._stack_bottom = elf.address(_STACK_BOTTOM) if _STACK_BOTTOM in elf.symbols else None
        self._inputs = inputs
        self._reset_every = reset_every
        self._found: list[list[bytes]] = [[] for _ in manifest.outputs]
        self._traces = firmware.mode == "trace"
        self._npu = EmulatedNpu((firmware.machine.code, firmware.machine.data)) if manifest.npu is not None else None
        self._layers: list[bytes] = []
        self._ports: dict[int, list[tuple[int, int]]] = {}

    @property
    def done(self) -> int:
        """Samples whose outputs have been read."""
        return len(self._found[0])

    def answer(self, memory: Memory) -> Ending | None:
        """To be called whenever the core has rung the bell; None: it is to go on.

        Raises:
            CheckFailedError: the firmware says what it cannot mean.
        """
        command, first, second, third = struct.unpack("<4I", memory.read(self._mailbox, 16))
        if command == _SAMPLE:
            self._exchange_sample(memory, first, second, third)
        elif command == _LAYER and self._traces:
            self._take_layer(memory, first, second, third)
        elif command == _NPU and self._npu is not None:
            self._npu.run(memory.read, memory.write, first)
            memory.write(self._mailbox + _ANSWER_OFFSET, struct.pack("<I", 1))
        elif command == _END:
            return _read_ending(memory, first, second, third)
        else:
            raise self._explain_nonsense(memory, command)
        return None

    def _explain_nonsense(self, memory: Memory, command: int) -> CheckFailedError:
        """The bell rings too when a stack grows down into it."""
        if self._stack_bottom is not None:
            lowest = int.from_bytes(memory.read(self._stack_bottom, 4), "little")
            if lowest != STACK_PATTERN:
                return stack_overflow()
        return CheckFailedError(f"the firmware said {command} in its mailbox, which means nothing")

    def result(self, ending: Ending) -> FirmwareResult:
        """After a run that ended well.

        Raises:
            CheckFailedError: the firmware left samples or layers out.
        """
        manifest, samples = self._manifest, self._samples
        if self.done != samples or "stack_bytes" not in ending.report:
            raise CheckFailedError(f"the firmware ran {self.done} of {samples} samples")
        outputs = tuple(
            np.frombuffer(b"".join(parts), DTYPES[port.dtype]).reshape(samples, *port.device_shape)
            for parts, port in zip(self._found, manifest.outputs, strict=True)
        )
        return FirmwareResult(
            outputs, self._layer_outputs() if self._traces else None, ending.report["stack_bytes"], ()
        )

    def _exchange_sample(self, memory: Memory, done: int, inputs: int, outputs: int) -> None:
        expected = self.done if done == 0 else self.done + 1
        if done != expected or done > self._samples:
            raise CheckFailedError(f"the firmware says it ran {done} samples, it was given {expected}")
        if done:
            self._check_layers(done)
            for parts, (address, size) in zip(
                self._found, self._places(memory, outputs, self._manifest.outputs), strict=True
            ):
                parts.append(memory.read(address, size))
            if self._progress is not None:
                self._progress(done, self._samples)
        if done == self._samples:
            return
        for (address, _), values in zip(self._places(memory, inputs, self._manifest.inputs), self._inputs, strict=True):
            memory.write(address, np.ascontiguousarray(values[done]).tobytes())
        memory.write(self._mailbox + _ANSWER_OFFSET, struct.pack("<I", 2 if self._is_first(done) else 1))

    def _is_first(self, sample: int) -> bool:
        return sample == 0 or (self._reset_every is not None and sample % self._reset_every == 0)

    def _places(self, memory: Memory, address: int, ports: Sequence[PortEntry]) -> list[tuple[int, int]]:
        """(address, bytes) of the buffers, which are constants of the firmware."""
        if address not in self._ports:
            self._ports[address] = _read_places(memory, address, ports)
        return self._ports[address]

    def _take_layer(self, memory: Memory, index: int, address: int, size: int) -> None:
        results = self._manifest.results
        expected = len(self._layers) - self.done * len(results)
        if index != expected or index >= len(results) or size != results[index][1].bytes:
            raise self._wrong_trace(min(expected, len(results) - 1))
        self._layers.append(memory.read(address, size))

    def _check_layers(self, done: int) -> None:
        missing = done * len(self._manifest.results) - len(self._layers)
        if self._traces and missing:
            raise self._wrong_trace(len(self._manifest.results) - missing)

    def _wrong_trace(self, index: int) -> CheckFailedError:
        name = self._manifest.results[index][0].name if self._manifest.results else "none"
        return CheckFailedError(
            f"the firmware's trace does not match its manifest at layer {name}", hint="emit the model again"
        )

    def _layer_outputs(self) -> tuple[IntArray, ...]:
        count = len(self._manifest.results)
        return tuple(
            np.stack([np.frombuffer(data, np.int8) for data in self._layers[index::count]]) for index in range(count)
        )


def symbol(elf: Elf, name: str) -> int:
    """Address of one of the harness's symbols."""
    if name not in elf.symbols:
        raise CheckFailedError(f"the firmware has no label {name}", hint="build it again")
    return elf.address(name)


def _read_places(memory: Memory, address: int, ports: Sequence[PortEntry]) -> list[tuple[int, int]]:
    """(address, bytes) of the buffers, from an array of struct harness_port."""
    data = memory.read(address, 8 * len(ports))
    places = [struct.unpack_from("<2I", data, 8 * i) for i in range(len(data) // 8)]
    if [size for _, size in places] != [port.size_bytes for port in ports]:
        raise CheckFailedError("the firmware's buffers do not match its manifest", hint="build it again")
    return [(int(start), int(size)) for start, size in places]


def _read_ending(memory: Memory, code: int, facts: int, count: int) -> Ending:
    report = {}
    for index in range(min(count, _MOST_FACTS)):
        key, value = struct.unpack("<2I", memory.read(facts + 8 * index, 8))
        report[_read_text(memory, key)] = value
    return Ending(code, report)


def _read_text(memory: Memory, address: int) -> str:
    text = b""
    while len(text) < _LONGEST_KEY and (byte := memory.read(address + len(text), 1)) != b"\0":
        text += byte
    return text.decode("ascii", errors="replace")
