"""What the Helium kernels of int16 activations share: the way out of their sums, and their channels."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Invocation, Kernel
from mcugen.kernels.mve import gemm
from mcugen.kernels.mve.channels import LaneChannels
from mcugen.kernels.mve.common import has_vectors
from mcugen.kernels.portable.int16 import (
    INT16_BYTES,
    ONE_ROUNDING,
    TWO_ROUNDINGS,
    TWO_ROUNDINGS_WIDE,
    Weighted,
    bias_words,
    finish_of,
)

FORMS = (TWO_ROUNDINGS, TWO_ROUNDINGS_WIDE, ONE_ROUNDING)
"""Those with sums of 32 bits and lanes of 32 bits behind them."""


class Int16Mve(Kernel):
    """Multiplies int16 activations with constant int8 weights, in sums of 32 bits."""

    library: ClassVar[str] = "mve"
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Weighted) or not has_vectors(cpu) or graph.tensor(op.inputs[0]).dtype != "int16":
            return False
        return finish_of(op, graph).form in FORMS and self.fits(op, graph)

    def fits(self, op: Operator, graph: Graph) -> bool:
        """True when shapes and attributes are among those that the C function takes."""
        return True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        counted = self.in_elements(op, graph)
        return replace(counted, overlaps=tuple(replace(o, distance=INT16_BYTES * o.distance) for o in counted.overlaps))

    @abstractmethod
    def in_elements(self, op: Operator, graph: Graph) -> Invocation:
        """As `invoke`, with overlaps counted in elements, as those of several images are derived from one's."""


def int16_channels(op: Weighted, graph: Graph, rows: IntArray) -> tuple[LaneChannels, int]:
    """The channels with `rows` of weights, and the form for all of them: `general` of the channels, or one rounding."""
    finish = finish_of(op, graph)
    requantization = op.requantization(graph.input_tensors(op), graph.output_tensors(op))
    multiplier, shift = (np.asarray(a, np.int64) for a in requantization)
    form = finish.form
    if form == ONE_ROUNDING:
        multiplier, shift = finish.multiplier.astype(np.int64), -finish.shift.astype(np.int64)
    else:
        form = TWO_ROUNDINGS_WIDE if bool((shift > -1).any()) else TWO_ROUNDINGS
    bias = bias_words(op, graph, finish.form).astype(np.int64)
    return LaneChannels(rows.astype(np.int8), bias, multiplier, shift), form


def cost(pairs: int, singles: int, depth: int, output_c: int) -> float:
    """Instructions of the matrix product: chunks of eight inputs instead of sixteen."""
    return gemm.instructions(pairs, singles, 2 * depth, output_c)
