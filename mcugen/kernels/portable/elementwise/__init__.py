"""Element by element: sums, products, limits, choices, changes of scale and type, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.elementwise.add import AddPortable, AddTablePortable, SubPortable, SubTablePortable
from mcugen.kernels.portable.elementwise.clamp import ClampPortable
from mcugen.kernels.portable.elementwise.int16 import (
    AddInt16Portable,
    ClampInt16Portable,
    MulInt16Portable,
    SubInt16Portable,
)
from mcugen.kernels.portable.elementwise.integer import (
    CastPortable,
    CompareInt16Portable,
    FromIntegerPortable,
    IntegerPortable,
    MaximumPortable,
    MinimumPortable,
)
from mcugen.kernels.portable.elementwise.mul import MulPortable
from mcugen.kernels.portable.elementwise.pairs import ComparePortable, DivPortable, PreluPortable
from mcugen.kernels.portable.elementwise.pairs_s16 import CompareWidePortable, DivInt16Portable, PreluInt16Portable
from mcugen.kernels.portable.elementwise.quantize import DequantizePortable, QuantizePortable
from mcugen.kernels.portable.elementwise.requantize import (
    RequantizeLookupPortable,
    RequantizePortable,
    RequantizeUnsignedPortable,
    RequantizeWidePortable,
)
from mcugen.kernels.portable.elementwise.where import WherePortable
from mcugen.kernels.portable.elementwise.wide_sum import WideSumPortable

KERNELS: tuple[Kernel, ...] = (
    AddInt16Portable(),
    ClampInt16Portable(),
    CompareWidePortable(),
    DivInt16Portable(),
    MulInt16Portable(),
    PreluInt16Portable(),
    SubInt16Portable(),
    AddPortable(),
    AddTablePortable(),
    CastPortable(),
    ClampPortable(),
    CompareInt16Portable(),
    ComparePortable(),
    DequantizePortable(),
    DivPortable(),
    FromIntegerPortable(),
    IntegerPortable(),
    MaximumPortable(),
    MinimumPortable(),
    MulPortable(),
    PreluPortable(),
    QuantizePortable(),
    RequantizeLookupPortable(),
    RequantizePortable(),
    RequantizeUnsignedPortable(),
    RequantizeWidePortable(),
    SubPortable(),
    SubTablePortable(),
    WherePortable(),
    WideSumPortable(),
)
