"""What all operations of a U85 have in common."""

from __future__ import annotations

from mcugen.ethosu.model.feature_map import Shape
from mcugen.ethosu.model.operations.operation import Operation

_UBLOCKS = {"U1X1": (1, 1), "U1X2": (1, 2), "U1X4": (1, 4), "U2X2": (2, 2), "U2X4": (2, 4), "U4X4": (4, 4)}


class OperationU85(Operation):
    """An operation, prepared."""

    @property
    def ublock(self) -> Shape:
        """Height, width and depth of the outputs that the NPU works on at once: as many for each height and width."""
        height, width = _UBLOCKS[self.registers.choice("ACC_FORMAT", "microblock")]
        return height, width, self.registers.configuration.macs // 8 // (height * width)
