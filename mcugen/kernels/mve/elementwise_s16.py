"""Element-wise operators of int16 on Helium."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Sub
from mcugen.graph.ops.elementwise.logistic import SIGMOIDS, Tanh
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.mve.common import AlongAll, AlongRows
from mcugen.kernels.portable.elementwise.int16 import AddInt16Portable, ClampInt16Portable, MulInt16Portable
from mcugen.kernels.portable.functions.curves_s16 import LogisticPortable, TableInt16Portable


class AddInt16Mve(AlongRows, AddInt16Portable):
    """mcugen_mve_add_s16: four elements at a time."""

    name: ClassVar[str] = "add_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_add_s16"
    source: ClassVar[str] = "mve/elementwise/add_s16.c"
    vector: ClassVar[float] = 18


class SubInt16Mve(AddInt16Mve):
    """mcugen_mve_add_s16 with a negative multiplier."""

    name: ClassVar[str] = "sub_s16.mve"
    operator: ClassVar[type[Operator]] = Sub


class MulInt16Mve(AlongRows, MulInt16Portable):
    """mcugen_mve_mul_s16: four elements at a time."""

    name: ClassVar[str] = "mul_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_mul_s16"
    source: ClassVar[str] = "mve/elementwise/mul_s16.c"
    vector: ClassVar[float] = 13


class ClampInt16Mve(AlongAll, ClampInt16Portable):
    """mcugen_mve_clamp_s16: eight elements at a time."""

    name: ClassVar[str] = "clamp_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_clamp_s16"
    source: ClassVar[str] = "mve/elementwise/clamp_s16.c"
    vector: ClassVar[float] = 5
    lanes: ClassVar[int] = 8
    once: ClassVar[float] = 20


class TableInt16Mve(AlongAll, TableInt16Portable):
    """mcugen_mve_interpolate_s16: four elements at a time, between gathered entries."""

    name: ClassVar[str] = "table_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_interpolate_s16"
    source: ClassVar[str] = "mve/elementwise/interpolate_s16.c"
    vector: ClassVar[float] = 13


class LogisticMve(AlongAll, LogisticPortable):
    """mcugen_mve_sigmoid_s16: four elements at a time, between gathered entries; the last one is there twice."""

    name: ClassVar[str] = "logistic_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_sigmoid_s16"
    source: ClassVar[str] = "mve/elementwise/sigmoid_s16.c"

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        entries = np.append(SIGMOIDS, SIGMOIDS[-1]).astype(np.uint16)
        return replace(super().invoke(op, graph), constants=(Constant("table", entries, 2),))

    vector: ClassVar[float] = 27


class TanhMve(LogisticMve):
    """mcugen_mve_sigmoid_s16."""

    name: ClassVar[str] = "tanh_s16.mve"
    operator: ClassVar[type[Operator]] = Tanh
    tangent: ClassVar[int] = 1
