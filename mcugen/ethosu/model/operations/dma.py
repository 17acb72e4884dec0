"""NPU_OP_DMA_START: copies between regions, or into SHRAM."""

from __future__ import annotations

import numpy as np

from mcugen.ethosu.model.memory import SHRAM, Access, Memory
from mcugen.ethosu.model.operations.operation import Operation, Work
from mcugen.ethosu.model.registers import Registers


class Transfer(Operation):
    """A copy of LEN bytes.

    Transfers of rows (SIZE0 and SIZE1 of them, with SKIP0 and SKIP1 in between) exist; Vela 5.2 writes none, so
    nothing shows what they do exactly, and the model refuses them.

    Attributes:
        loaded: (first byte, bytes) that it writes to SHRAM.
    """

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        length = registers["DMA0_LEN"]
        if length < 1:
            raise registers.wrong("transfers no bytes")
        ends = []
        for side in ("SRC", "DST"):
            register = f"DMA0_{side}_REGION"
            if (mode := registers.choice(register, "stride_mode")) != "D1":
                raise registers.unknown(f"a transfer with strides ({mode}) was not seen yet")
            is_inside = registers.choice(register, "region_mode") == "INTERNAL"
            region = SHRAM if is_inside else registers[register]
            start = registers[f"DMA0_{side}"]
            access = Access(region, np.array([start], np.int64), length, side == "DST")
            self.access("source" if side == "SRC" else "destination", access)
            ends.append(memory.regions[region][start : start + length])
        self.source, self.destination = ends
        self.loaded = [
            (access.bounds[0], length) for _, access in self.accesses if access.writes and access.region == SHRAM
        ]
        self.work = Work("dma", f"{length} bytes")

    def warm(self) -> None:
        self.run()

    def run(self) -> None:
        self.destination[:] = self.source
