"""Element-wise operators on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Sub
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.mve.common import AlongAll, AlongRows
from mcugen.kernels.portable.elementwise.add import AddPortable
from mcugen.kernels.portable.elementwise.clamp import ClampPortable
from mcugen.kernels.portable.elementwise.integer import MaximumPortable, MinimumPortable
from mcugen.kernels.portable.elementwise.mul import MulPortable
from mcugen.kernels.portable.elementwise.pairs import ComparePortable, DivPortable, PreluPortable
from mcugen.kernels.portable.elementwise.requantize import (
    RequantizeLookupPortable,
    RequantizePortable,
    RequantizeWidePortable,
)
from mcugen.kernels.portable.elementwise.where import WherePortable
from mcugen.kernels.portable.functions.table import TablePortable


class AddMve(AlongRows, AddPortable):
    """mcugen_mve_add_s8: four elements at a time, without tables."""

    name: ClassVar[str] = "add_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_add_s8"
    source: ClassVar[str] = "mve/elementwise/add_s8.c"
    vector: ClassVar[float] = 17


class SubMve(AddMve):
    """mcugen_mve_add_s8 with a negative multiplier."""

    name: ClassVar[str] = "sub_s8.mve"
    operator: ClassVar[type[Operator]] = Sub


class MulMve(AlongRows, MulPortable):
    """mcugen_mve_mul_s8: four elements at a time."""

    name: ClassVar[str] = "mul_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_mul_s8"
    source: ClassVar[str] = "mve/elementwise/mul_s8.c"
    vector: ClassVar[float] = 14


class RequantizeMve(AlongAll, RequantizePortable):
    """mcugen_mve_requantize_s8: four elements at a time."""

    name: ClassVar[str] = "requantize_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_requantize_s8"
    source: ClassVar[str] = "mve/elementwise/requantize_s8.c"
    vector: ClassVar[float] = 10


class RequantizeWideMve(AlongAll, RequantizeWidePortable):
    """mcugen_mve_requantize_wide: four elements at a time."""

    name: ClassVar[str] = "requantize_wide.mve"
    own_function: ClassVar[str] = "mcugen_mve_requantize_wide"
    source: ClassVar[str] = "mve/elementwise/requantize_wide.c"
    vector: ClassVar[float] = 12


class PreluMve(AlongRows, PreluPortable):
    """mcugen_mve_prelu_s8: four elements at a time."""

    name: ClassVar[str] = "prelu_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_prelu_s8"
    source: ClassVar[str] = "mve/elementwise/prelu_s8.c"
    vector: ClassVar[float] = 26


class DivMve(AlongRows, DivPortable):
    """mcugen_mve_div_s8: four elements at a time, their reciprocals gathered from a kilobyte."""

    name: ClassVar[str] = "div_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_div_s8"
    source: ClassVar[str] = "mve/elementwise/div_s8.c"
    vector: ClassVar[float] = 13


class CompareMve(AlongRows, ComparePortable):
    """mcugen_mve_compare_s8: eight elements at a time, their ranks gathered from a kilobyte."""

    name: ClassVar[str] = "compare_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_compare_s8"
    source: ClassVar[str] = "mve/elementwise/compare_s8.c"
    vector: ClassVar[float] = 9
    lanes: ClassVar[int] = 8


class _Bytes(AlongRows):
    """Of elements of one byte; `vector`: instructions for sixteen of them."""

    vector: ClassVar[float] = 10
    lanes: ClassVar[int] = 16
    limits: ClassVar[str] = "elements of one byte"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and DTYPES[graph.tensor(op.outputs[0]).dtype].itemsize == 1


class WhereMve(_Bytes, WherePortable):
    """mcugen_mve_where_s8: sixteen elements at a time."""

    name: ClassVar[str] = "where_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_where_s8"
    source: ClassVar[str] = "mve/elementwise/where_s8.c"


class _Signed(_Bytes):
    """Of signed bytes."""

    source: ClassVar[str] = "mve/elementwise/extremum_s8.c"
    limits: ClassVar[str] = "int8"
    vector: ClassVar[float] = 5

    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and graph.tensor(op.outputs[0]).dtype == "int8"


class MaximumMve(_Signed, MaximumPortable):
    """mcugen_mve_maximum_s8: sixteen elements at a time."""

    name: ClassVar[str] = "maximum_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_maximum_s8"


class MinimumMve(_Signed, MinimumPortable):
    """mcugen_mve_minimum_s8: sixteen elements at a time."""

    name: ClassVar[str] = "minimum_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_minimum_s8"


class _Lookup(AlongAll):
    own_function: ClassVar[str] = "mcugen_mve_lookup_s8"
    source: ClassVar[str] = "mve/elementwise/lookup_s8.c"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and DTYPES[graph.tensor(op.outputs[0]).dtype].itemsize == 1

    vector: ClassVar[float] = 4
    lanes: ClassVar[int] = 16
    once: ClassVar[float] = 20


class TableMve(_Lookup, TablePortable):
    """mcugen_mve_lookup_s8: sixteen elements at a time."""

    name: ClassVar[str] = "table_s8.mve"


class RequantizeLookupMve(_Lookup, RequantizeLookupPortable):
    """mcugen_mve_lookup_s8 with the requantization of all 256 elements as its table."""

    name: ClassVar[str] = "lookup_s8.mve"


class ClampMve(AlongAll, ClampPortable):
    """mcugen_mve_clamp_s8: sixteen elements at a time."""

    name: ClassVar[str] = "clamp_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_clamp_s8"
    source: ClassVar[str] = "mve/elementwise/clamp_s8.c"
    vector: ClassVar[float] = 5
    lanes: ClassVar[int] = 16
    once: ClassVar[float] = 20
