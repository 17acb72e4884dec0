"""Kernels in plain C11 for every operator and every CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.add import AddPortable, AddTablePortable
from mcugen.kernels.portable.clamp import ClampPortable
from mcugen.kernels.portable.concatenation import ConcatenationPortable
from mcugen.kernels.portable.conv2d import Conv2dDirectPortable, Conv2dPortable
from mcugen.kernels.portable.depthwise_conv2d import DepthwiseConv2dPortable
from mcugen.kernels.portable.fully_connected import FullyConnectedPortable
from mcugen.kernels.portable.mean import MeanPortable
from mcugen.kernels.portable.mul import MulPortable
from mcugen.kernels.portable.pad import PadPortable
from mcugen.kernels.portable.pool import AveragePool2dPortable, MaxPool2dPortable
from mcugen.kernels.portable.requantize import RequantizeLookupPortable, RequantizePortable
from mcugen.kernels.portable.reshape import ReshapePortable
from mcugen.kernels.portable.softmax import SoftmaxPortable
from mcugen.kernels.portable.transpose import TransposePortable

KERNELS: tuple[Kernel, ...] = (
    AddPortable(),
    AddTablePortable(),
    AveragePool2dPortable(),
    ClampPortable(),
    ConcatenationPortable(),
    Conv2dDirectPortable(),
    Conv2dPortable(),
    DepthwiseConv2dPortable(),
    FullyConnectedPortable(),
    MaxPool2dPortable(),
    MeanPortable(),
    MulPortable(),
    PadPortable(),
    RequantizeLookupPortable(),
    RequantizePortable(),
    ReshapePortable(),
    SoftmaxPortable(),
    TransposePortable(),
)
