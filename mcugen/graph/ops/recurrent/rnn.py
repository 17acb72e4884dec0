"""The plain recurrent layer, with tanh or ReLU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.recurrent.layer import MOST_STATE_BITS, Int64Array, RecurrentLayer, rounded, rounding_shift
from mcugen.graph.ops.recurrent.sigmoid import sigmoid


@dataclass(frozen=True, kw_only=True)
class Rnn(RecurrentLayer):
    """torch.nn.RNN, one direction of one layer: h = f(x part + h part).

    Attributes:
        relu: f is ReLU, whose results saturate at the hidden state's range; else tanh.
    """

    kind: ClassVar[str] = "rnn"
    gates: ClassVar[int] = 1
    relu: bool = False

    def step(
        self, x: Int64Array, h: Int64Array, bias: Int64Array, hidden: Int64Array, cell: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        value = rounded(x[:, 0] + h[:, 0], bias[0, 0])
        if not self.relu:
            return rounding_shift(sigmoid(value, self.precision - 1), MOST_STATE_BITS - self.state_bits), cell
        finer = self.precision - self.state_bits
        value = rounding_shift(value, finer) if finer >= 0 else value << -finer
        return np.clip(value, 0, 32767), cell
