"""The functional model of the NPU: prepares a network once, runs it as often as wanted."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.errors import InputError
from mcugen.ethosu.model.errors import HazardError, StreamError, UnknownBehaviourError
from mcugen.ethosu.model.hazards import Hazards
from mcugen.ethosu.model.memory import SHRAM, Bytes, Limits, Memory
from mcugen.ethosu.model.network import Copy, Invocation, Network, Payload, Port
from mcugen.ethosu.model.operations import OPERATIONS, Operation
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.stream import Command, decode
from mcugen.ethosu.model.u85 import OPERATIONS_U85

_WAITS = ("NPU_OP_DMA_WAIT", "NPU_OP_KERNEL_WAIT")
_IGNORED = ("NPU_OP_STOP", "NPU_OP_IRQ", "NPU_OP_PMU_MASK")
_BY_SIZE = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}

Observer = Callable[[Operation], object]


@dataclass(frozen=True)
class Program:
    """A command stream, prepared for the memory that it works on.

    Attributes:
        steps: operations, and the commands that wait.
    """

    payload: Payload
    steps: tuple[Operation | Command, ...]
    hazards: tuple[HazardError, ...]

    @functools.cached_property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(step for step in self.steps if isinstance(step, Operation))


class Npu:
    """A network on the functional model.

    Preparing it reads every register of every operation, checks every access and every wait, and decodes the weights,
    so that a stream that cannot be right is refused before anything runs.

    Attributes:
        programs: its command streams, prepared.
        hazards: operations that start before their data is there.
        inputs, outputs: with the types of their elements.
    """

    def __init__(self, network: Network, *, allow_hazards: bool = False, limits: Limits | None = None) -> None:
        """Prepares a network.

        Args:
            allow_hazards: only collect hazards; the default is to refuse a stream that has one.
            limits: of each stream; None: the model's own.

        Raises:
            InputError: an operation or the memory is wrong, or a stream is for an NPU that the model does not execute.
            StreamError: the same, with its command: also what the model does not know, and hazards.
        """
        self.network, self._limits = network, limits or Limits()
        self._blocks = {
            block.name: np.zeros(block.size, np.uint8)
            if block.content is None
            else np.frombuffer(block.content, np.uint8)
            for block in network.blocks
        }
        self._steps = [
            step if isinstance(step, Copy) else prepare(step.payload, self._memory(step)) for step in network.steps
        ]
        self.programs = tuple(step for step in self._steps if isinstance(step, Program))
        self.hazards = tuple(hazard for program in self.programs for hazard in program.hazards)
        if self.hazards and not allow_hazards:
            raise self.hazards[0]
        for program in self.programs:
            for operation in program.operations:
                operation.warm()
        self.inputs = tuple(self._typed(port, "IFM") for port in network.inputs)
        self.outputs = tuple(self._typed(port, "OFM") for port in network.outputs)

    def run(
        self, inputs: Mapping[str, npt.NDArray[Any]], observe: Observer | None = None, *, before: int = 0
    ) -> dict[str, npt.NDArray[Any]]:
        """Runs the network once.

        Args:
            inputs: an array for each input, in its shape and type.
            observe: called after each operation, when its output lies in memory.
            before: what every byte of memory but the constants holds at first.

        Returns:
            An array for each output.

        Raises:
            InputError: inputs are missing, too many, or of another shape or type.
            UnknownBehaviourError: a sum overflows.
        """
        if set(inputs) != {port.name for port in self.inputs}:
            wanted = ", ".join(port.name for port in self.inputs)
            raise InputError(f"the inputs are {', '.join(map(str, inputs))}, must be {wanted}")
        for block in self.network.blocks:
            if block.content is None:
                self._blocks[block.name][:] = before
        for port in self.inputs:
            _check_input(port, inputs[port.name])
            self._bytes(port)[:] = np.ascontiguousarray(inputs[port.name]).reshape(-1).view(np.uint8)
        for step in self._steps:
            if isinstance(step, Copy):
                self._bytes(step.target)[:] = self._bytes(step.source).copy()
                continue
            for operation in step.operations:
                operation.run()
                if observe is not None:
                    observe(operation)
        return {port.name: self._bytes(port).copy().view(_dtype(port)).reshape(port.shape) for port in self.outputs}

    def _bytes(self, port: Port) -> Bytes:
        return self._blocks[port.block][port.offset : port.offset + port.size]

    def _memory(self, invocation: Invocation) -> Memory:
        regions: dict[int, Bytes] = {SHRAM: np.zeros(invocation.payload.configuration.shram, np.uint8)}
        constant = set()
        for number, region in invocation.regions.items():
            regions[number] = self._blocks[region.block][region.offset : region.offset + region.size]
            if not self._blocks[region.block].flags.writeable:
                constant.add(number)
        return Memory(regions, frozenset(constant), limits=self._limits)

    def _typed(self, port: Port, name: str) -> Port:
        """A port with its type: where the file does not say it, that of the feature map at the same place."""
        if port.dtype is not None:
            return port
        types = [np.dtype(_BY_SIZE[port.item])]
        for invocation, program in zip(self.network.invocations, self.programs, strict=True):
            numbers = {n: r for n, r in invocation.regions.items() if r.block == port.block}
            for operation in program.operations:
                for fm in operation.feature_maps:
                    region = numbers.get(fm.region)
                    if region is not None and fm.name.startswith(name) and fm.dtype.itemsize == port.item:
                        start = region.offset + min(part.base for part in fm.parts)
                        if port.offset <= start < port.offset + port.size:
                            types.append(fm.dtype)
        # The first that reads an input; the last that writes an output.
        dtype = types[min(1, len(types) - 1)] if name == "IFM" else types[-1]
        return Port(port.name, port.shape, port.item, dtype, port.block, port.offset)


def _dtype(port: Port) -> np.dtype[Any]:
    assert port.dtype is not None, "every port has got a type"
    return port.dtype


def _check_input(port: Port, values: npt.NDArray[Any]) -> None:
    if values.shape != port.shape or values.dtype != port.dtype:
        raise InputError(f"the input {port.name} is {values.dtype} {values.shape}, must be {port.dtype} {port.shape}")


def prepare(payload: Payload, memory: Memory) -> Program:
    """Reads, checks and prepares every operation of a stream; only collects hazards.

    Raises:
        InputError: a command is damaged, or the stream is for an NPU that the model does not execute.
        StreamError: an operation is wrong, or not known to the model.
    """
    configuration = payload.configuration
    make = OPERATIONS_U85 if configuration.product == "U85" else OPERATIONS
    hazards, found = Hazards(configuration), []
    steps: list[Operation | Command] = []
    for command, registers in _operations(payload):
        if command.name in _WAITS:
            hazards.wait(command)
            steps.append(command)
        elif command.name not in _IGNORED:
            if command.name not in make:
                raise UnknownBehaviourError("the command is not executed yet", command)
            operation = make[command.name](Registers(command, registers, configuration), memory)
            steps.append(operation)
            found += hazards.start(operation)
    return Program(payload, tuple(steps), tuple(found))


def _operations(payload: Payload) -> Iterator[tuple[Command, dict[str, Command]]]:
    """The NPU_OP_* commands with the registers that each finds."""
    registers: dict[str, Command] = {}
    for command in decode(payload.words, payload.configuration.isa):
        if unknown := command.undefined_bits():
            raise StreamError(f"sets the bits {unknown:#x}, which mean nothing", command)
        if command.definition.is_operation:
            yield command, dict(registers)
        else:
            registers[command.definition.name.removeprefix("SET_")] = command
