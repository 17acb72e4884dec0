"""NPU_OP_DMA_START of a U85: rows with strides on both sides, of which one may take its rows by indices from memory.

Source: `ethos_u85_register_cs_generator.cpp` of Arm's Vela 5, which gathers and scatters with it.
"""

from __future__ import annotations

import numpy as np

from mcugen.ethosu.model.memory import Access
from mcugen.ethosu.model.operations.dma import Numbers, Side, Transfer

_INDEX_BYTES = 4


class TransferU85(Transfer):
    """A copy of rows, one side of it by indices perhaps."""

    def _sizes(self) -> tuple[int, int]:
        registers = self.registers
        mode = registers.choice("DMA0_SRC_REGION", "stride_mode")
        self.indexed = [
            side for side in ("SRC", "DST") if registers.choice(f"DMA0_{side}_REGION", "idx_mode") == "ENABLED"
        ]
        if len(self.indexed) == 2:
            raise registers.wrong("transfers by indices on both sides")
        rows = registers["DMA0_SIZE0"] if mode != "D1" or self.indexed else 1
        planes = registers["DMA0_SIZE1"] if mode == "D3" else 1
        self._read_indices(planes, rows, mode)
        return planes, rows

    def _read_indices(self, planes: int, rows: int, mode: str) -> None:
        if not self.indexed:
            return
        registers = self.registers
        # An index for each row, and every row that an index may name.
        self.memory.spend(planes * (rows + registers["DMA0_IDX_MAX"] + 1), self.command)
        skip = registers.signed_address("DMA0_IDX_SKIP1") if mode == "D3" else 0
        places = np.arange(planes)[:, None] * (_INDEX_BYTES * rows + skip) + np.arange(rows) * _INDEX_BYTES
        self.places = (registers["DMA0_IDX"] + places).ravel()
        self.region = registers["DMA0_IDX_REGION"]
        self.most = registers["DMA0_IDX_MAX"]
        self.access("indices", Access(self.region, self.places, _INDEX_BYTES, writes=False))

    def _starts(self, side: str) -> Numbers:
        registers, (planes, rows) = self.registers, self.sizes
        if planes * rows == 1 and side not in self.indexed:
            return np.zeros((1, 1), np.int64)
        row = registers.signed_address(f"DMA0_{side}_STRIDE0")
        plane = registers.signed_address(f"DMA0_{side}_STRIDE1") if planes > 1 else 0
        if side in self.indexed:
            # Every row that an index may name: what is checked, and what may be touched.
            return np.arange(planes)[:, None] * plane + np.arange(self.most + 1) * row
        return np.arange(planes)[:, None] * plane + np.arange(rows) * row

    def warm(self) -> None:
        if not self.indexed:
            self.run()

    def _rows(self, side: Side, name: str) -> Numbers:
        if name not in self.indexed:
            return side.starts.ravel()
        memory = self.memory.regions[self.region]
        content = memory[self.places[:, None] + np.arange(_INDEX_BYTES)]
        indices = np.ascontiguousarray(content).view("<i4").ravel().astype(np.int64)
        if indices.size and not (indices.min() >= 0 and indices.max() <= self.most):
            raise self.registers.unknown(f"an index beyond 0 to {self.most} was not seen yet")
        planes, rows = self.sizes
        return side.starts[np.repeat(np.arange(planes), rows), indices]
