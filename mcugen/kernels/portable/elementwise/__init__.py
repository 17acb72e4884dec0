"""Element by element: sums, products, limits, changes of scale, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.elementwise.add import AddPortable, AddTablePortable
from mcugen.kernels.portable.elementwise.clamp import ClampPortable
from mcugen.kernels.portable.elementwise.mul import MulPortable
from mcugen.kernels.portable.elementwise.requantize import RequantizeLookupPortable, RequantizePortable
from mcugen.kernels.portable.elementwise.table import TablePortable

KERNELS: tuple[Kernel, ...] = (
    AddPortable(),
    AddTablePortable(),
    ClampPortable(),
    MulPortable(),
    RequantizeLookupPortable(),
    RequantizePortable(),
    TablePortable(),
)
