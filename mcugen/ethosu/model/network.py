"""A compiled network as a file holds it: command streams, memory, and where inputs and outputs lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcugen.ethosu.model.configuration import Configuration


@dataclass(frozen=True)
class Payload:
    """What the driver gets: the words of a command stream and the NPU that they are for.

    Attributes:
        separate_ports: whether inputs are addressed in region 3 and outputs in region 4 (COP2's local addressing).
    """

    configuration: Configuration
    words: tuple[int, ...]
    separate_ports: bool = False


@dataclass(frozen=True)
class Block:
    """A piece of memory that regions point into.

    Attributes:
        size: in bytes.
        content: of memory that holds constants; None: memory to write to, zero at first.
    """

    name: str
    size: int
    content: bytes | None = None


@dataclass(frozen=True)
class Region:
    """What one of the NPU's eight base addresses points to: bytes `offset` to `offset + size` of a block."""

    block: str
    offset: int
    size: int


@dataclass(frozen=True)
class Port:
    """An input or output.

    Attributes:
        item: bytes of an element.
        dtype: of its elements; None where the file says no more than their size.
        block: the memory that it lies in, at `offset`.
    """

    name: str
    shape: tuple[int, ...]
    item: int
    dtype: np.dtype | None
    block: str
    offset: int

    @property
    def size(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * self.item


@dataclass(frozen=True)
class Invocation:
    """One run of the NPU."""

    payload: Payload
    regions: Mapping[int, Region]


@dataclass(frozen=True)
class Copy:
    """What is left for the CPU between runs of the NPU and needs no arithmetic: a tensor with another shape."""

    source: Port
    target: Port


@dataclass(frozen=True)
class Network:
    """A compiled network: `steps` in the order of execution, on the memory of `blocks`."""

    blocks: tuple[Block, ...]
    steps: tuple[Invocation | Copy, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def invocations(self) -> tuple[Invocation, ...]:
        return tuple(step for step in self.steps if isinstance(step, Invocation))
