"""Kernels in plain C11 for every operator and every CPU: a folder for each family of operators.

A family's `__init__.py` lists its kernels in `KERNELS`; a new family is one more name in `FAMILIES`.
"""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable import (
    convolution,
    elementwise,
    functions,
    linear,
    movement,
    normalization,
    pooling,
    recurrent,
    reduction,
    resizing,
    tflm,
)

FAMILIES = (
    convolution,
    elementwise,
    functions,
    linear,
    movement,
    normalization,
    pooling,
    recurrent,
    reduction,
    resizing,
    tflm,
)

KERNELS: tuple[Kernel, ...] = tuple(kernel for family in FAMILIES for kernel in family.KERNELS)
