"""NPU_OP_RESIZE: bilinear or nearest, by a fraction along each axis.

Output row y stands at (y · step + offset) / n of the input. Bilinear weights are whole parts of n; the sum carries 16
more bits, which the shift of OFM_SCALE takes off.

Source: `GenerateResizeOp` of `ethos_u85_register_cs_generator.cpp` of Arm's Vela 5, and TOSA's definition of RESIZE.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.memory import Memory
from mcugen.ethosu.model.operations.operation import Work
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.u85.maps import Source
from mcugen.ethosu.model.u85.operation import OperationU85
from mcugen.ethosu.model.u85.output import Stage

_FRACTION = 16


class ResizeU85(OperationU85):
    """A resize. Its mode is the operation's parameter."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        super().__init__(registers, memory)
        names = registers.operation.definition.fields[0].values
        assert names is not None
        self.mode = names.get(registers.operation.parameter, "")
        if self.mode not in ("BILINEAR", "NEAREST"):
            raise registers.unknown(f"a resize by {self.mode or registers.operation.parameter} was not seen yet")
        height, width, depth = shape = self.ofm_shape()
        # The registers of the kernel say how much of the input is read.
        rows, columns = (registers[f"KERNEL_{side}_M1"] + 1 for side in ("HEIGHT", "WIDTH"))
        if registers["IFM_DEPTH_M1"] + 1 != depth:
            raise registers.wrong(f"resizes {registers['IFM_DEPTH_M1'] + 1} channels into {depth}")
        self.ifm = Source(self, "IFM", (rows, columns, depth))
        self.stage = Stage(self, shape)
        self.keeps_axes = self.stage.target.keeps_axes
        self.places = [self._places("Y", height, rows), self._places("X", width, columns)]
        self.work = Work("resize", self.mode.lower(), self.ifm.shape, shape)

    def _places(self, axis: str, count: int, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
        """For each output the element in front of it and its distance in parts of the last number."""
        registers = self.registers
        parts = registers[f"RESIZE_{axis}_SCALE_N_M1"] + 1
        step = registers.field(f"RESIZE_{axis}_STEP", "one_step_int") * parts
        step += registers.field(f"RESIZE_{axis}_STEP", "one_step_mod")
        offset = registers[f"RESIZE_{axis}_OFFSET"]
        offset -= (offset & 0x800) << 1
        at = np.arange(count) * step + offset
        return at // parts, at % parts, parts

    def seen(self, rows: slice, columns: slice, most: tuple[int, int]) -> tuple[slice, slice]:
        parts = []
        for (first, _, _), part, size in zip(self.places, (rows, columns), self.ifm.shape, strict=False):
            low, high = (int(np.clip(first[at] + n, 0, size - 1)) for at, n in ((part.start, 0), (part.stop - 1, 1)))
            parts.append(slice(low, high + 1))
        return parts[0], parts[1]

    def run(self) -> None:
        values = self.ifm.read()
        for axis, (first, distance, parts) in enumerate(self.places):
            most = values.shape[axis] - 1
            low, high = (np.take(values, np.clip(first + n, 0, most), axis) for n in (0, 1))
            shape = [1, 1, 1]
            shape[axis] = -1
            far = distance.reshape(shape)
            if self.mode == "BILINEAR":
                values = low * (parts - far) + high * far
            else:
                values = np.where(2 * far >= parts, high, low)
        scale = self.stage.scale
        self.stage.store(values << _FRACTION, scale.multiplier, scale.shift)
