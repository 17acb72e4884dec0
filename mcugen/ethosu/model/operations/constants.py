"""Weights and scales of an operation, read from memory; decoded again only when the bytes have changed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.errors import WeightError
from mcugen.ethosu.model.memory import Bytes, contiguous
from mcugen.ethosu.model.operations.operation import Operation
from mcugen.ethosu.model.weights.order import Layout, arrange
from mcugen.ethosu.model.weights.scales import ENTRY, Scales, interleave, read_scales
from mcugen.ethosu.model.weights.stream import WeightStreamError, decode

T = TypeVar("T")


class Constants(Generic[T]):
    """Bytes of each core, and what is made of them."""

    def __init__(self, parts: list[Bytes], make: Callable[[list[bytes]], T]) -> None:
        self._parts, self._make = parts, make
        self._seen: list[bytes] | None = None
        self._made: T | None = None

    def get(self) -> T:
        """The values that memory holds now."""
        content = [part.tobytes() for part in self._parts]
        if self._made is None or content != self._seen:
            self._made, self._seen = self._make(content), content
        return self._made


def _cores(operation: Operation) -> list[str]:
    """What the registers of each core that takes part have in their names."""
    mode = operation.registers["PARALLEL_MODE"]
    cores = operation.registers.configuration.cores
    if mode + 1 > cores:
        raise operation.registers.wrong(f"uses {mode + 1} cores of an NPU with {cores}")
    return ["", "1"][: mode + 1]


def _parts(operation: Operation, what: str, counts: list[int], least: int) -> list[Bytes]:
    """The bytes of each core with output channels.

    Args:
        what: "WEIGHT" or "SCALE".
        least: bytes that each output channel needs at least.
    """
    registers, parts = operation.registers, []
    region = registers[f"{what}_REGION"]
    for core, count in zip(_cores(operation), counts, strict=True):
        if not count:
            continue
        start, length = registers[f"{what}{core}_BASE"], registers[f"{what}{core}_LENGTH"]
        if length < max(1, least * count):
            raise registers.wrong(
                f"has {count} output channels and {length} bytes of {what.lower()}s, which are not enough"
            )
        operation.access(f"{what.lower()}s", contiguous(region, start, length))
        parts.append(operation.memory.regions[region][start : start + length])
    return parts


def read_weights(operation: Operation, layouts: list[Layout]) -> Constants[npt.NDArray[np.int16]]:
    """Weights (outputs, kernel height, kernel width, inputs).

    Args:
        layouts: of each core, which take turns with the output channels.
    """
    parts = _parts(operation, "WEIGHT", [layout.outputs for layout in layouts], 0)
    layouts = [layout for layout in layouts if layout.outputs]

    def make(content: list[bytes]) -> npt.NDArray[np.int16]:
        first = layouts[0]
        result = np.zeros((sum(x.outputs for x in layouts), *first.kernel, first.inputs), np.int16)
        for core, (data, layout) in enumerate(zip(content, layouts, strict=True)):
            try:
                result[core :: len(layouts)] = _decoded(data, layout)
            except WeightStreamError as error:
                raise WeightError(str(error), operation.command) from error
            except ValueError as error:
                raise WeightError(f"the weight stream {error}", operation.command) from error
        return result

    return Constants(parts, make)


@functools.lru_cache(512)
def _decoded(data: bytes, layout: Layout) -> npt.NDArray[np.int16]:
    """Kept by the bytes: decoding takes most of the time of a first run, and memory comes and goes."""
    return arrange(decode(data), layout)


def read_scale_stream(operation: Operation, outputs: int) -> Constants[Scales]:
    """Biases and scales of all output channels."""
    counts = channels_of_cores(operation, outputs)
    parts = [
        part[: count * ENTRY]
        for part, count in zip(_parts(operation, "SCALE", counts, ENTRY), filter(None, counts), strict=True)
    ]
    return Constants(parts, lambda content: interleave([read_scales(data) for data in content]))


def channels_of_cores(operation: Operation, outputs: int) -> list[int]:
    """How many output channels each core has."""
    count = len(_cores(operation))
    return [len(range(core, outputs, count)) for core in range(count)]
