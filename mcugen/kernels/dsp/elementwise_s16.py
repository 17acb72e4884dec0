"""Sums, differences, products, limits, tables and changes of scale from or to int16 on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN, multiply_by_quantized_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import AddRequantization, Sub, Sum
from mcugen.graph.ops.elementwise.mul import Mul
from mcugen.graph.ops.elementwise.requantize import Requantize
from mcugen.kernels.dsp.common import InWords
from mcugen.kernels.portable.common import AnotherFunction
from mcugen.kernels.portable.elementwise.int16 import AddInt16Portable, ClampInt16Portable, MulInt16Portable
from mcugen.kernels.portable.elementwise.requantize import RequantizeWidePortable
from mcugen.kernels.portable.functions.curves_s16 import TableInt16Portable
from mcugen.kernels.requantization import is_fast

_ENDS = np.array([-(1 << 15), (1 << 15) - 1])

_PRODUCTS = np.array([-(1 << 30), 1 << 30])

_MOST_EXPONENT = 30
"""What half a step before the last shift, and the magnitudes up to 2**30 that it is added to, fit 32 bits with."""

_SMLAW_BITS = 15
"""That SMLAW by a Q31 multiplier leaves behind the point."""


class AddInt16Dsp(AddInt16Portable):
    """mcugen_dsp_add_s16: two elements in a word; an exact term is one multiply-accumulate."""

    name: ClassVar[str] = "add_s16.dsp"
    library: ClassVar[str] = "dsp"
    own_function: ClassVar[str] = "mcugen_dsp_add_s16"
    source: ClassVar[str] = "dsp/elementwise/add_s16.c"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.dsp or not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, Sum)
        return _fits_32_bits(op.requantization(graph.input_tensors(op), graph.output_tensors(op)))

    def cost(self, op: Operator, graph: Graph) -> float:
        return 11.5 * graph.tensor(op.outputs[0]).elements


class SubInt16Dsp(AddInt16Dsp):
    """mcugen_dsp_add_s16 with a negative multiplier."""

    name: ClassVar[str] = "sub_s16.dsp"
    operator: ClassVar[type[Operator]] = Sub


class MulInt16Dsp(InWords, MulInt16Portable):
    """mcugen_dsp_mul_s16: two elements in a word."""

    name: ClassVar[str] = "mul_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_mul_s16"
    source: ClassVar[str] = "dsp/elementwise/mul_s16.c"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Mul)
        multiplier, shift = op.requantization(graph.input_tensors(op), graph.output_tensors(op))
        return super().fits(op, graph) and bool(
            is_fast(_PRODUCTS[:1], _PRODUCTS[1:], np.array([multiplier]), np.array([-shift]), 0)[0]
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 8.2 * graph.tensor(op.outputs[0]).elements


class ClampInt16Dsp(InWords, ClampInt16Portable):
    """mcugen_dsp_clamp_s16: two elements in a word."""

    name: ClassVar[str] = "clamp_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_clamp_s16"
    source: ClassVar[str] = "dsp/elementwise/clamp_s16.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return 3.3 * graph.tensor(op.outputs[0]).elements


class TableInt16Dsp(InWords, TableInt16Portable):
    """mcugen_dsp_interpolate_s16: neighbouring entries are a word."""

    name: ClassVar[str] = "table_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_interpolate_s16"
    source: ClassVar[str] = "dsp/elementwise/interpolate_s16.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return 9.0 * graph.tensor(op.outputs[0]).elements


class RequantizeWideDsp(AnotherFunction, RequantizeWidePortable):
    """mcugen_dsp_requantize_wide: between int8 and int16, and from int16 to int16."""

    name: ClassVar[str] = "requantize_wide.dsp"
    library: ClassVar[str] = "dsp"
    own_function: ClassVar[str] = "mcugen_dsp_requantize_wide"
    source: ClassVar[str] = "dsp/elementwise/requantize_wide.c"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.dsp or not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, Requantize)
        (x,), (out,) = graph.input_tensors(op), graph.output_tensors(op)
        low, high = (np.array([end - x.zero_point], np.int64) for end in x.integer_range)
        if "int32" in (x.dtype, out.dtype) or low < _ENDS[0] or high > _ENDS[1]:
            return False
        multiplier, shift = op.requantization([x], [out])
        if shift < 0:
            return bool(is_fast(low, high, np.array([multiplier]), np.array([-shift]), out.zero_point)[0])
        if shift >= _SMLAW_BITS:
            return False
        half = (2 * out.zero_point + 1) << (_SMLAW_BITS - 1 - shift)
        return all(INT32_MIN <= (multiplier * int(end[0]) >> 16) + half <= INT32_MAX for end in (low, high))

    def cost(self, op: Operator, graph: Graph) -> float:
        return 5.8 * graph.tensor(op.outputs[0]).elements


def _fits_32_bits(q: AddRequantization) -> bool:
    """True where all shifts are right ones that the kernel takes, and a doubled sum of any two int16 fits 32 bits."""
    shifts = (q.input1_shift, q.input2_shift, q.output_shift)
    if max(shifts) > 0 or min(shifts) < -_MOST_EXPONENT or q.output_shift == 0:
        return False
    first, second = (
        multiply_by_quantized_multiplier(_ENDS << q.left_shift, multiplier, shift)
        for multiplier, shift in ((q.input1_multiplier, q.input1_shift), (q.input2_multiplier, q.input2_shift))
    )
    low, high = int(first.min() + second.min()), int(first.max() + second.max())
    return 2 * low >= INT32_MIN and 2 * high <= INT32_MAX
