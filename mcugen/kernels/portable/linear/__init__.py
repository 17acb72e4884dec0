"""Products of matrices, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.linear.batch_matmul import BatchMatMulPortable
from mcugen.kernels.portable.linear.batch_matmul_s16 import BatchMatMulInt16Portable
from mcugen.kernels.portable.linear.fully_connected import FullyConnectedPortable, FullyConnectedS4Portable
from mcugen.kernels.portable.linear.fully_connected_s16 import FullyConnectedInt16Portable

KERNELS: tuple[Kernel, ...] = (
    BatchMatMulInt16Portable(),
    BatchMatMulPortable(),
    FullyConnectedInt16Portable(),
    FullyConnectedPortable(),
    FullyConnectedS4Portable(),
)
