"""NPU_OP_DMA_START: copies between regions, or into SHRAM; of one run of bytes, or of rows.

On U65 the destination alone may have rows: SIZE0 of them with SKIP0 bytes in between (2D), SIZE1 times with SKIP1 in
between (3D). On U85 both sides have strides, and one of them may take its rows by indices of 32 bits from memory.

Sources: `ethos_u65_register_cs_generator.cpp` and `ethos_u85_register_cs_generator.cpp` of Arm's Vela 5. Rows without
indices have not been seen in a stream of Vela's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.memory import SHRAM, Access, Bytes, Memory
from mcugen.ethosu.model.operations.operation import Operation, Work
from mcugen.ethosu.model.registers import Registers

Numbers = npt.NDArray[np.int64]
_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Side:
    """Where rows start: (planes, rows), from the base."""

    memory: Bytes
    starts: Numbers


class Transfer(Operation):
    """A copy of rows of LEN bytes.

    Attributes:
        loaded: (first byte, bytes) that it writes to SHRAM.
    """

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        self.length = registers["DMA0_LEN"]
        if self.length < 1:
            raise registers.wrong("transfers no bytes")
        self.sizes = self._sizes()
        if self.length * self.sizes[0] * self.sizes[1] > _MOST_BYTES:
            raise registers.wrong("transfers more than the model takes on")
        memory.spend(2 * self.sizes[0] * self.sizes[1], self.command)
        self.source, self.destination = self._side("SRC"), self._side("DST")
        self.loaded = [
            (access.bounds[0], access.bytes) for _, access in self.accesses if access.writes and access.region == SHRAM
        ]
        rows = self.sizes[0] * self.sizes[1]
        self.work = Work("dma", f"{rows} × {self.length} bytes" if rows > 1 else f"{self.length} bytes")

    def _modes(self) -> dict[str, str]:
        """The mode of each side by SRC and DST."""
        return {side: self.registers.choice(f"DMA0_{side}_REGION", "stride_mode") for side in ("SRC", "DST")}

    def _sizes(self) -> tuple[int, int]:
        """Planes and rows."""
        registers, modes = self.registers, self._modes()
        if modes["SRC"] != "D1" or (modes["DST"] != "D1" and registers.configuration.product == "U55"):
            raise registers.unknown(f"a transfer with strides ({', '.join(modes.values())}) was not seen yet")
        if modes["DST"] == "D1":
            return 1, 1
        return registers["DMA0_SIZE1"] if modes["DST"] == "D3" else 1, registers["DMA0_SIZE0"]

    def _starts(self, side: str) -> Numbers:
        """Where the rows of a side start, from its base."""
        registers, (planes, rows) = self.registers, self.sizes
        plane, row = self.length * rows, self.length
        if side == "DST" and planes * rows > 1:
            row += registers.signed_address("DMA0_SKIP0")
            if planes > 1:
                if row != self.length:
                    raise registers.unknown("a transfer in three dimensions with SKIP0 was not seen yet")
                plane += registers.signed_address("DMA0_SKIP1")
        return np.arange(planes)[:, None] * plane + np.arange(rows) * row

    def _side(self, side: str) -> Side:
        registers, register = self.registers, f"DMA0_{side}_REGION"
        is_inside = registers.choice(register, "region_mode") == "INTERNAL"
        region = SHRAM if is_inside else registers[register]
        starts = registers[f"DMA0_{side}"] + self._starts(side)
        first, length = starts.ravel(), self.length
        if len(first) > 1 and np.all(np.diff(first) == length):
            first, length = first[:1], length * len(first)
        name = "source" if side == "SRC" else "destination"
        self.access(name, Access(region, first, length, side == "DST"))
        return Side(self.memory.regions[region], starts)

    def warm(self) -> None:
        self.run()

    def run(self) -> None:
        source, destination = self._rows(self.source, "SRC"), self._rows(self.destination, "DST")
        if len(source) == 1:
            start, target = int(source[0]), int(destination[0])
            self.destination.memory[target : target + self.length] = self.source.memory[start : start + self.length]
            return
        within = np.arange(self.length)
        self.destination.memory[destination[:, None] + within] = self.source.memory[source[:, None] + within]

    def _rows(self, side: Side, name: str) -> Numbers:
        """Where each row starts in memory."""
        return side.starts.ravel()
