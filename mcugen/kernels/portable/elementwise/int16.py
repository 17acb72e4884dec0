"""Sums, products and limits of int16, element by element, on any CPU: the parameters are those of int8."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Sub
from mcugen.kernels.portable.common import AnotherFunction
from mcugen.kernels.portable.elementwise.add import AddPortable
from mcugen.kernels.portable.elementwise.clamp import ClampPortable
from mcugen.kernels.portable.elementwise.mul import MulPortable
from mcugen.kernels.portable.int16 import OnInt16


class AddInt16Portable(OnInt16, AnotherFunction, AddPortable):
    """mcugen_add_s16."""

    name: ClassVar[str] = "add_s16.portable"
    own_function: ClassVar[str] = "mcugen_add_s16"
    source: ClassVar[str] = "portable/elementwise/add_s16.c"


class SubInt16Portable(AddInt16Portable):
    """mcugen_add_s16 with a negative multiplier."""

    name: ClassVar[str] = "sub_s16.portable"
    operator: ClassVar[type[Operator]] = Sub


class MulInt16Portable(OnInt16, AnotherFunction, MulPortable):
    """mcugen_mul_s16."""

    name: ClassVar[str] = "mul_s16.portable"
    own_function: ClassVar[str] = "mcugen_mul_s16"
    source: ClassVar[str] = "portable/elementwise/mul_s16.c"


class ClampInt16Portable(OnInt16, AnotherFunction, ClampPortable):
    """mcugen_clamp_s16."""

    name: ClassVar[str] = "clamp_s16.portable"
    own_function: ClassVar[str] = "mcugen_clamp_s16"
    source: ClassVar[str] = "portable/elementwise/clamp_s16.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return 7.0 * graph.tensor(op.outputs[0]).elements
