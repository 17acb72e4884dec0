"""What the DSP kernels of int16 activations share: the form of an accumulator, and the weight stream."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Constant
from mcugen.kernels.dsp import gemm
from mcugen.kernels.portable.int16 import SUMS_OF_64_BITS, Weighted, WeightedInt16, bias_words, finish_of
from mcugen.kernels.requantization import PackedChannels

_ORDER = [0, 2, 1, 3]
"""Of the weights in a word: what SXTB16 takes at once are neighbours."""


class WeightedInt16Dsp(WeightedInt16):
    """Adds up in 32 bits, where it is proven that they hold every sum."""

    library: ClassVar[str] = "dsp"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.dsp or not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, Weighted)
        return finish_of(op, graph).form != SUMS_OF_64_BITS


def weight_stream(op: Weighted, graph: Graph, columns: int) -> tuple[Constant, int]:
    """What the matrix product of gemm.h reads, and the form of its requantization; channels on the weights' axis 0."""
    finish, weights = finish_of(op, graph), graph.tensor(op.inputs[1]).data
    assert weights is not None
    rows = weights.reshape(len(weights), -1)
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    ordered = padded.reshape(len(rows), -1, 4)[:, :, _ORDER].reshape(padded.shape)
    channels = PackedChannels(
        ordered,
        bias_words(op, graph, finish.form).astype(np.int64),
        finish.multiplier.astype(np.int64),
        finish.shift.astype(np.int64),
        general=False,
    )
    return gemm.weight_stream(channels, columns), finish.form
