"""Arm's CMSIS-NN as a kernel library: thin wrappers, offered only where they give the reference's bits."""

from __future__ import annotations

from mcugen.boards.board import Cpu
from mcugen.kernels.base import Kernel
from mcugen.kernels.cmsis_nn.activation import SigmoidS16, TanhS16
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel
from mcugen.kernels.cmsis_nn.concatenation import ConcatenationS8
from mcugen.kernels.cmsis_nn.convolve import Convolve, Convolve1x1, Convolve1x1Fast
from mcugen.kernels.cmsis_nn.convolve_s16 import (
    ConvolveFastS16,
    ConvolveS16,
    FullyConnectedAsConvolveS16,
    FullyConnectedS16,
)
from mcugen.kernels.cmsis_nn.core import CoreClass, core_class
from mcugen.kernels.cmsis_nn.depthwise import Depthwise, Depthwise3x3, DepthwiseAsConvolve, DepthwiseOpt
from mcugen.kernels.cmsis_nn.depthwise_s16 import DepthwiseFastS16, DepthwiseS16
from mcugen.kernels.cmsis_nn.elementwise import (
    ElementwiseAdd,
    ElementwiseAddS16,
    ElementwiseMul,
    ElementwiseMulS16,
    ElementwiseSub,
    ElementwiseSubS16,
)
from mcugen.kernels.cmsis_nn.fully_connected import FullyConnectedPerChannel, FullyConnectedPerTensor
from mcugen.kernels.cmsis_nn.int4 import (
    Convolve1x1FastS4,
    Convolve1x1S4,
    ConvolveS4,
    DepthwiseOptS4,
    DepthwiseS4,
    FullyConnectedS4,
)
from mcugen.kernels.cmsis_nn.interface import INTERFACES, Interface
from mcugen.kernels.cmsis_nn.locate import CmsisNn, locate
from mcugen.kernels.cmsis_nn.pad import PadS8
from mcugen.kernels.cmsis_nn.pool import AvgPool, AvgPoolS16, MaxPool, MaxPoolS16
from mcugen.kernels.cmsis_nn.softmax import SoftmaxS8, SoftmaxS16
from mcugen.kernels.cmsis_nn.transpose import TransposeS8

KERNELS: tuple[type[CmsisNnKernel], ...] = (
    Convolve1x1Fast,
    Convolve1x1,
    Convolve,
    Depthwise3x3,
    DepthwiseOpt,
    DepthwiseAsConvolve,
    Depthwise,
    FullyConnectedPerTensor,
    FullyConnectedPerChannel,
    Convolve1x1FastS4,
    Convolve1x1S4,
    ConvolveS4,
    DepthwiseOptS4,
    DepthwiseS4,
    FullyConnectedS4,
    ConvolveS16,
    ConvolveFastS16,
    DepthwiseFastS16,
    DepthwiseS16,
    FullyConnectedS16,
    FullyConnectedAsConvolveS16,
    ElementwiseAdd,
    ElementwiseSub,
    ElementwiseMul,
    ElementwiseAddS16,
    ElementwiseSubS16,
    ElementwiseMulS16,
    MaxPool,
    AvgPool,
    MaxPoolS16,
    AvgPoolS16,
    SoftmaxS8,
    SoftmaxS16,
    SigmoidS16,
    TanhS16,
    PadS8,
    ConcatenationS8,
    TransposeS8,
)


def kernels(cpu: Cpu, release: CmsisNn) -> tuple[Kernel, ...]:
    """The kernels that a CMSIS-NN release has for a CPU."""
    core, interface = core_class(cpu), INTERFACES[release.major]
    return tuple(
        kernel(core, interface) for kernel in KERNELS if core in kernel.cores and kernel.arm not in interface.absent
    )


__all__ = [
    "INTERFACES",
    "KERNELS",
    "CmsisNn",
    "CmsisNnKernel",
    "CoreClass",
    "Interface",
    "core_class",
    "kernels",
    "locate",
]
