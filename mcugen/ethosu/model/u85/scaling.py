"""Scaling and rounding on U85: sum · multiplier · 2^−shift.

Source: the modes are named in `ethos_u85_interface.hpp` of Arm's Vela 5, and computed for constants in its
`graphir_optimiser.cpp`; DOUBLE_SYMMETRIC, NATURAL and SYMMETRIC were compared with TensorFlow Lite's reference kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mcugen.ethosu.model.arithmetic import Integers, half_away, half_up, towards_zero
from mcugen.ethosu.model.registers import Registers

_LOW = 31
_ROUND = Callable[[Integers, Integers | int], Integers]


def _to_lower(value: Integers, shift: Integers | int) -> Integers:
    return value >> shift


SINGLE: Mapping[str, _ROUND] = {
    "NATURAL": half_up,
    "SYMMETRIC": half_away,
    "TRUNCATE_TO_LOWER": _to_lower,
    "TRUNCATE_TO_ZERO": towards_zero,
}
"""The modes that round once."""
_DOUBLE: Mapping[str, _ROUND] = {"DOUBLE_SYMMETRIC": half_away, "DOUBLE_ASYMMETRIC": half_up}
"""Those that round halves up first, and how they go on."""


class Scale:
    """A multiplier and a shift with their rounding.

    Attributes:
        left: bits by which the value would be shifted left before: the first of two roundings is as much earlier.
    """

    def __init__(self, registers: Registers, name: str) -> None:
        """Reads IFM_SCALE, IFM2_SCALE or OFM_SCALE."""
        self.multiplier, self.shift = registers.field(name, "scale"), registers.field(name, "shift")
        self.left = registers.field(name, "dbl_rnd")
        self.mode = registers.choice(name, "round_mode")

    def __call__(self, values: Integers) -> Integers:
        return self.scaled(values, self.multiplier, self.shift)

    def scaled(self, values: Integers, multiplier: Integers | int, shift: Integers | int) -> Integers:
        """Scales with other numbers, one for each entry of the last axis or of all."""
        most = max(int(values.max(initial=0)), -int(values.min(initial=0)))
        if most * int(np.max(multiplier)) >= 1 << 62:
            values = values.astype(object)
        product = values * multiplier
        if self.mode in SINGLE:
            return SINGLE[self.mode](product, shift)
        low = np.minimum(shift, _LOW - self.left)
        return _DOUBLE[self.mode](half_up(product, low), shift - low)
