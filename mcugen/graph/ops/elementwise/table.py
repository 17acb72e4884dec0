"""A function of one element: all 256 values of int8, 513 of int16 and lines between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.interpolation import ENTRIES, entries_of, look_up
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_arity, require_shape
from mcugen.graph.tensor import DTYPES, IntArray, Quantization, Tensor

ELEMENTS = np.arange(-128, 128).astype(np.int8)
"""Every int8, in the order of a table's entries."""

# Results are first rounded to this many fractional bits of an output step, so that the last bits of float64 arithmetic,
# which differ between mathematics libraries, decide no tie.
_FRACTIONAL_BITS = 20

_BESIDE_ZERO = 2.0**-30
"""Input steps from 0 at which a limit is taken."""


@dataclass(frozen=True, kw_only=True)
class Table(Operator):
    """A function of activations of any shape.

    Of int8: output = values[input + 128]; the output is int8 with a scale, or plain integers or booleans. Of int16, as
    int16: lines between the values of every 128th integer (`mcugen.graph.interpolation`).

    Attributes:
        values: 256 output integers, for the inputs -128 ... 127; or 513, for the inputs -32768, -32640 ... 32768.
    """

    kind: ClassVar[str] = "table"
    pointwise: ClassVar[bool] = True
    values: tuple[int, ...]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_activations(self, inputs[0], *(t for t in outputs if t.quantization is not None))
        wide = inputs[0].dtype == "int16"
        require(not wide or outputs[0].dtype == "int16", self, f"a function of int16 is int16, not {outputs[0].dtype}")
        require_shape(self, outputs[0], inputs[0].shape)
        wanted = ENTRIES if wide else len(ELEMENTS)
        require(len(self.values) == wanted, self, f"has {len(self.values)} values, must be {wanted}")
        low, high = outputs[0].integer_range
        require(low <= min(self.values) and max(self.values) <= high, self, f"a value is no {outputs[0].dtype}")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        values = np.array(self.values, np.int64).astype(DTYPES[tensors_out[0].dtype])
        if tensors_in[0].dtype == "int16":
            return [look_up(inputs[0].astype(np.int64), values.astype(np.int64)).astype(np.int16)]
        return [values[inputs[0].astype(np.int64) + 128]]


def tabulate(
    function: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]], x: Quantization, out: Quantization
) -> tuple[int, ...]:
    """The values of a real function between two per-tensor quantizations: 256 of int8; of int16, `entries_of`.

    Args:
        function: element-wise, float64; may give infinities, which saturate.
        x, out: quantization of the input and of the output.

    Returns:
        `Table.values`: function((q - zero point) * scale) / output scale in float64, rounded to nearest (ties away
        from zero), plus the output's zero point, saturated.

        Where the function has no value at 0 (x / x, x log x), the entry of 0 is its limit, from above or from below.
        The first and the last entry, which rounding of the zero point may move past the range that was asked for, take
        their neighbour's value where it has none.

    Raises:
        ValueError: the function has no value (NaN) at an input that the table must hold; names the input.
    """
    if x.bits == 16:
        return entries_of(function, x, out)
    real = (ELEMENTS.astype(np.float64) - x.zero_point) * x.scale
    values = np.asarray(function(real), dtype=np.float64).copy()
    for beside in (_BESIDE_ZERO, -_BESIDE_ZERO):
        gaps = np.isnan(values) & (real == 0)
        values = np.where(gaps, function(np.where(gaps, beside * x.scale, real)), values)
    for end, neighbour in ((0, 1), (-1, -2)):
        values[end] = values[neighbour] if np.isnan(values[end]) else values[end]
    if np.isnan(values).any():
        raise ValueError(f"it has no value at {real[np.isnan(values)][0]:g}, which its input can take")
    # Far beyond the output's range is as good as infinite, and keeps the products below exact.
    steps = np.clip(values / out.scale, -1024.0, 1024.0)
    steps = np.rint(steps * 2.0**_FRACTIONAL_BITS) / 2.0**_FRACTIONAL_BITS
    rounded = np.trunc(steps + np.copysign(0.5, steps))
    return tuple(int(v) for v in np.clip(rounded + out.zero_point, -128, 127))
