"""A `.tflite` with ethos-u custom operators, as Vela writes it.

The custom operator's inputs are stream, constants, scratch, fast scratch, then the feature maps; the first four but
for the stream are regions 0, 1 and 2. All tensors that are no constants lie in one arena, at the offsets of the
metadata `OfflineMemoryAllocation` (version, subgraph, count, then an offset a tensor, -1 for none). Field numbers are
those of TensorFlow Lite's schema.fbs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from mcugen.borders.files import Source
from mcugen.ethosu.model.containers.builtins import builtin_name
from mcugen.ethosu.model.containers.flatbuffer import DamagedError, Table, root
from mcugen.ethosu.model.containers.payload import read_payload
from mcugen.ethosu.model.network import Block, Copy, Invocation, Network, Port, Region

IDENTIFIER = b"TFL3"
_CUSTOM_CODE = b"ethos-u"
_ALLOCATION = b"OfflineMemoryAllocation"
_RESHAPE, _CUSTOM = 22, 32
_TYPES = {2: np.int32, 3: np.uint8, 4: np.int64, 6: np.bool_, 7: np.int16, 9: np.int8, 16: np.uint16}
_LARGEST = 2**28
_ARENA, _FAST = "arena", "fast scratch"
_PORTS = {3: "inputs", 4: "outputs"}
"""With separate ports: regions and the memory of their own that they get."""


def read_tflite(source: Source, data: bytes) -> Network:
    """The network in a `.tflite`.

    Raises:
        InputError: it is damaged, was not compiled by Vela, or has operators for the CPU.
    """
    try:
        return _Reader(source, root(data)).network()
    except DamagedError as error:
        raise source.error(f"is damaged: {error}") from error


def _named(ports: Iterable[Port]) -> tuple[Port, ...]:
    """Ports with a name each: where a file uses one again, a number tells them apart."""
    result: dict[str, Port] = {}
    for port in ports:
        name = port.name if port.name not in result else f"{port.name}_{len(result)}"
        result[name] = replace(port, name=name)
    return tuple(result.values())


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    type: int
    buffer: int


class _Reader:
    def __init__(self, source: Source, model: Table) -> None:
        self.source = source
        graphs = model.tables(2)
        if len(graphs) != 1:
            raise source.error(f"has {len(graphs)} subgraphs, must have one")
        self.graph = graphs[0]
        self.codes = [(max(c.number(0, "<b"), c.number(3, "<i")), c.bytes(1)) for c in model.tables(1)]
        self.buffers = model.tables(4)
        self.tensors = [
            _Tensor(t.bytes(3).decode("utf-8", "replace"), t.integers(0), t.number(1, "<b"), t.number(2, "<I"))
            for t in self.graph.tables(0)
        ]
        self.offsets = self._offsets(model)
        self.blocks: dict[str, Block] = {}
        self.separate: dict[int, str] = {}

    def _offsets(self, model: Table) -> tuple[int, ...]:
        for entry in model.tables(6):
            if entry.bytes(0) == _ALLOCATION:
                content = self._buffer(entry.number(1, "<I"))
                numbers = np.frombuffer(content[: len(content) & ~3], "<i4")
                if len(numbers) != 3 + len(self.tensors) or numbers[2] != len(self.tensors):
                    raise self.source.error("is damaged: it does not say where each tensor lies")
                return tuple(int(n) for n in numbers[3:])
        raise self.source.error("does not say where its tensors lie: it was not compiled by Vela")

    def _buffer(self, number: int) -> bytes:
        if number >= len(self.buffers):
            raise DamagedError(f"buffer {number} of {len(self.buffers)}")
        return self.buffers[number].bytes(0)

    def _tensor(self, number: int) -> _Tensor:
        if not 0 <= number < len(self.tensors):
            raise DamagedError(f"tensor {number} of {len(self.tensors)}")
        return self.tensors[number]

    def network(self) -> Network:
        others: list[str] = []
        steps: list[Invocation | Copy] = []
        for operator in self.graph.tables(3):
            index = operator.number(0, "<I")
            if index >= len(self.codes):
                raise DamagedError(f"operator code {index} of {len(self.codes)}")
            builtin, custom = self.codes[index]
            sources, targets = operator.integers(1), operator.integers(2)
            if builtin == _CUSTOM and custom == _CUSTOM_CODE:
                steps.append(self._invocation(sources, targets))
            elif builtin == _RESHAPE and sources and len(targets) == 1:
                steps.append(Copy(self._port(sources[0]), self._port(targets[0])))
            else:
                others.append(custom.decode("latin-1") or builtin_name(builtin))
        if not any(isinstance(step, Invocation) for step in steps):
            raise self.source.error("has no operator for an Ethos-U: it was not compiled by Vela")
        if others:
            names = ", ".join(sorted(set(others)))
            raise self.source.error(
                f"has {len(others)} operators for the CPU, which the NPU's model cannot run: {names}"
            )
        if self.separate and len(steps) > 1:
            raise self.source.error("has several operators with separate regions for inputs, one is understood")
        inputs, outputs = (_named(self._port(number) for number in self.graph.integers(field)) for field in (1, 2))
        # The last, for ports make memory grow.
        return Network(tuple(self.blocks.values()), tuple(steps), inputs, outputs)

    def _port(self, number: int) -> Port:
        """Where a tensor that is no constant lies; makes its memory reach as far."""
        tensor, offset = self._tensor(number), self.offsets[number]
        dtype = _TYPES.get(tensor.type)
        if dtype is None or any(n <= 0 for n in tensor.shape):
            raise self.source.error(f"has a tensor of unknown type or size {tensor.shape}", where=tensor.name)
        if not 0 <= offset < _LARGEST:
            raise self.source.error("does not say where a tensor lies", where=tensor.name)
        block = self.separate.get(number, _ARENA)
        port = Port(tensor.name, tensor.shape, np.dtype(dtype).itemsize, np.dtype(dtype), block, offset)
        self._grow(block, offset + port.size, tensor.name)
        return port

    def _grow(self, name: str, size: int, tensor: str) -> None:
        if size > _LARGEST:
            raise self.source.error(f"has a tensor that ends at byte {size:,}", where=tensor)
        size = max(size, self.blocks[name].size if name in self.blocks else 0)
        self.blocks[name] = Block(name, size)

    def _invocation(self, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Invocation:
        if len(inputs) < 4:
            raise self.source.error(f"has an ethos-u operator with {len(inputs)} inputs, four or more are needed")
        payload = read_payload(self._buffer(self._tensor(inputs[0]).buffer))
        regions = {0: self._constants(inputs[1]), 1: self._scratch(inputs[2], _ARENA)}
        if inputs[3] != inputs[2]:
            regions[2] = self._scratch(inputs[3], _FAST)
        for (region, block), numbers in zip(_PORTS.items(), (inputs[4:], outputs), strict=True):
            if payload.separate_ports:
                self.separate |= dict.fromkeys(numbers, block)
            ports = [self._port(number) for number in numbers]
            if payload.separate_ports:
                regions[region] = Region(block, 0, max((port.offset + port.size for port in ports), default=0))
        return Invocation(payload, regions)

    def _constants(self, number: int) -> Region:
        tensor = self._tensor(number)
        name = f"constants {tensor.buffer}"
        if name not in self.blocks:
            content = self._buffer(tensor.buffer)
            self.blocks[name] = Block(name, len(content), content)
        return Region(name, 0, self.blocks[name].size)

    def _scratch(self, number: int, block: str) -> Region:
        tensor, offset = self._tensor(number), max(0, self.offsets[number])
        if len(tensor.shape) != 1 or tensor.shape[0] < 0:
            raise self.source.error(f"has scratch memory of the shape {tensor.shape}", where=tensor.name)
        self._grow(block, offset + tensor.shape[0], tensor.name)
        return Region(block, offset, tensor.shape[0])
