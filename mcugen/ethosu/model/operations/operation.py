"""What all operations have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mcugen.ethosu.model.feature_map import FeatureMap, Shape, read_feature_map
from mcugen.ethosu.model.memory import Access, Memory
from mcugen.ethosu.model.operations.window import Window
from mcugen.ethosu.model.registers import Registers


@dataclass(frozen=True)
class Work:
    """What an operation has to do, for the trace and its estimate.

    Attributes:
        kind: "convolution", "depthwise", "pooling", "elementwise" or "dma".
        detail: its mode, in lower case.
        ifm, ofm: height, width, depth; None for a transfer.
        kernel: height and width.
        macs: multiply-accumulates of the mathematics, without padding of blocks.
    """

    kind: str
    detail: str
    ifm: Shape | None = None
    ofm: Shape | None = None
    kernel: tuple[int, int] = (1, 1)
    macs: int = 0


class Operation:
    """An operation, prepared: its registers are read, its accesses are within their regions.

    Attributes:
        accesses: everything that it reads and writes, with a word for what it is.
        feature_maps: inputs and output.
        table: the slots of SHRAM that it reads a table from, as (first byte, bytes), or None.
        window: how its kernel moves over the input; None: an output needs the element at its own place.
        input_slice: input channels that are taken at once where an output needs all of them; else None.
        keeps_axes: whether the output lies in memory as it is computed, no axes exchanged or reversed.
    """

    work: Work
    window: Window | None = None
    input_slice: int | None = None
    keeps_axes: bool = True

    def __init__(self, registers: Registers, memory: Memory) -> None:
        self.registers, self.memory = registers, memory
        self.command = registers.operation
        self.accesses: list[tuple[str, Access]] = []
        self.feature_maps: list[FeatureMap] = []
        self.table: tuple[int, int] | None = None

    def access(self, what: str, access: Access) -> None:
        """Checks and keeps an access.

        Raises:
            StreamError: it leaves its region.
        """
        self.memory.check(access, what, self.command)
        self.accesses.append((what, access))

    def feature_map(self, name: str, shape: Shape) -> FeatureMap:
        """The feature map of IFM, IFM2 or OFM, its accesses checked and kept."""
        if math.prod(shape) > self.memory.limits.elements:
            size = "×".join(map(str, shape))
            raise self.registers.wrong(f"has an {name} of {size} elements, more than the model takes on")
        fm = read_feature_map(self.registers, name, shape)
        self.memory.spend(fm.runs, self.command)
        for access in fm.accesses(writes=name == "OFM"):
            self.access(name, access)
        self.feature_maps.append(fm)
        return fm

    def seen(self, rows: slice, columns: slice, most: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the input in memory that outputs need; of a kernel beyond `most`, its first elements."""
        return (rows, columns) if self.window is None else self.window.seen(rows, columns, most)

    @property
    def ublock(self) -> Shape:
        """Height, width and depth of the outputs that a core works on at once."""
        return self.registers.configuration.ofm_ublock

    def ofm_shape(self) -> Shape:
        """Height, width and depth of the output."""
        height, width, depth = (self.registers[f"OFM_{axis}_M1"] + 1 for axis in ("HEIGHT", "WIDTH", "DEPTH"))
        return height, width, depth

    def warm(self) -> None:
        """Does ahead what every run would do alike, with the constants that memory holds now."""

    def run(self) -> None:
        """Executes it on the memory."""
        raise NotImplementedError
