"""LSTM: input, forget, cell and output gate around a 32-bit cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.recurrent.layer import (
    CELL_BITS,
    MOST_STATE_BITS,
    Int64Array,
    RecurrentLayer,
    rounded,
    rounding_shift,
)
from mcugen.graph.ops.recurrent.sigmoid import sigmoid


@dataclass(frozen=True, kw_only=True)
class Lstm(RecurrentLayer):
    """torch.nn.LSTM, one direction of one layer: gates i, f, g, o.

    c = f * c + i * g; h = o * tanh(c), projected if there are weights for it. Gates have 16 fractional bits, cells 16
    of 32: each is rounded once a step.
    """

    kind: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    has_cell: ClassVar[bool] = True
    projected: bool = False

    def step(
        self, x: Int64Array, h: Int64Array, bias: Int64Array, hidden: Int64Array, cell: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        gates = rounded(x + h, bias[0])
        i, f, o = (sigmoid(gates[:, gate], self.precision) + 32768 for gate in (0, 1, 3))
        g = sigmoid(gates[:, 2], self.precision - 1)
        cell = rounding_shift(f * cell + 2 * i * g, 16)
        value = rounding_shift(o * sigmoid(cell, CELL_BITS - 1), 16)
        return (value if self.projected else rounding_shift(value, MOST_STATE_BITS - self.state_bits)), cell
