"""Functions of one value: by table, by interpolation, and the sigmoid in its forms, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.functions.curves_s16 import LogisticPortable, TableInt16Portable, TanhPortable
from mcugen.kernels.portable.functions.table import TablePortable

KERNELS: tuple[Kernel, ...] = (LogisticPortable(), TableInt16Portable(), TablePortable(), TanhPortable())
