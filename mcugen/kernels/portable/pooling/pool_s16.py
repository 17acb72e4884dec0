"""Average and maximum pooling of int16 on any CPU: the parameters are those of int8."""

from __future__ import annotations

from typing import ClassVar

from mcugen.kernels.portable.common import AnotherFunction
from mcugen.kernels.portable.int16 import OnInt16
from mcugen.kernels.portable.pooling.pool import AveragePool2dPortable, MaxPool2dPortable


class AveragePool2dInt16Portable(OnInt16, AnotherFunction, AveragePool2dPortable):
    """mcugen_average_pool2d_s16."""

    name: ClassVar[str] = "average_pool2d_s16.portable"
    own_function: ClassVar[str] = "mcugen_average_pool2d_s16"
    source: ClassVar[str] = "portable/pooling/average_pool2d_s16.c"


class MaxPool2dInt16Portable(OnInt16, AnotherFunction, MaxPool2dPortable):
    """mcugen_max_pool2d_s16."""

    name: ClassVar[str] = "max_pool2d_s16.portable"
    own_function: ClassVar[str] = "mcugen_max_pool2d_s16"
    source: ClassVar[str] = "portable/pooling/max_pool2d_s16.c"
