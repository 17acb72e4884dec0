"""GRU: reset and update gate, and a candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.recurrent.layer import MOST_STATE_BITS, Int64Array, RecurrentLayer, rounded, rounding_shift
from mcugen.graph.ops.recurrent.sigmoid import sigmoid


@dataclass(frozen=True, kw_only=True)
class Gru(RecurrentLayer):
    """torch.nn.GRU, one direction of one layer: gates r, z, n.

    n = tanh(x part + r * (h part)), h = (1 - z) * n + z * h. The first row of the bias belongs to the sum of r and z
    and to the x part of n, the second to the h part of n (zero for r and z).
    """

    kind: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    bias_rows: ClassVar[int] = 2

    def step(
        self, x: Int64Array, h: Int64Array, bias: Int64Array, hidden: Int64Array, cell: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        reset, update = (
            sigmoid(rounded(x[:, gate] + h[:, gate], bias[0, gate]), self.precision) + 32768 for gate in (0, 1)
        )
        part = rounding_shift(reset * rounded(h[:, 2], bias[1, 2]), 16)
        candidate = sigmoid(rounded(x[:, 2], bias[0, 2]) + part, self.precision - 1)
        candidate = rounding_shift(candidate, MOST_STATE_BITS - self.state_bits)
        return rounding_shift((65536 - update) * candidate + update * hidden, 16), cell
