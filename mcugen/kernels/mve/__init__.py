"""Kernels for cores with Helium, the vector extension of Armv8.1-M (Cortex-M52, M55, M85); integers suffice."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.mve.batch_matmul import BatchMatMulMve
from mcugen.kernels.mve.conv2d import Conv2dMve
from mcugen.kernels.mve.conv2d_1x1 import Conv2d1x1Mve
from mcugen.kernels.mve.depthwise_conv2d import DepthwiseConv2dLittleScratchMve, DepthwiseConv2dMve
from mcugen.kernels.mve.elementwise import (
    AddMve,
    ClampMve,
    CompareMve,
    DivMve,
    MaximumMve,
    MinimumMve,
    MulMve,
    PreluMve,
    RequantizeLookupMve,
    RequantizeMve,
    RequantizeWideMve,
    SubMve,
    TableMve,
    WhereMve,
)
from mcugen.kernels.mve.fully_connected import FullyConnectedMve, FullyConnectedVectorMve
from mcugen.kernels.mve.pooling import AveragePool2dMve, MaxPool2dMve, MeanMve, ReduceSumMve
from mcugen.kernels.mve.recurrent import GruMve, LstmMve, RnnMve
from mcugen.kernels.mve.softmax import SoftmaxMve, SoftmaxTableMve
from mcugen.kernels.mve.transpose import TransposeMve
from mcugen.kernels.mve.transposed_conv2d import TransposedConv2dMve

KERNELS: tuple[Kernel, ...] = (
    AddMve(),
    AveragePool2dMve(),
    BatchMatMulMve(),
    ClampMve(),
    CompareMve(),
    Conv2d1x1Mve(),
    Conv2dMve(),
    DepthwiseConv2dLittleScratchMve(),
    DepthwiseConv2dMve(),
    DivMve(),
    FullyConnectedMve(),
    FullyConnectedVectorMve(),
    GruMve(),
    LstmMve(),
    MaxPool2dMve(),
    MaximumMve(),
    MeanMve(),
    MinimumMve(),
    MulMve(),
    PreluMve(),
    ReduceSumMve(),
    RequantizeLookupMve(),
    RequantizeMve(),
    RequantizeWideMve(),
    RnnMve(),
    SoftmaxMve(),
    SoftmaxTableMve(),
    SubMve(),
    TableMve(),
    TransposeMve(),
    TransposedConv2dMve(),
    WhereMve(),
)

__all__ = [
    "KERNELS",
    "AddMve",
    "AveragePool2dMve",
    "BatchMatMulMve",
    "ClampMve",
    "CompareMve",
    "Conv2d1x1Mve",
    "Conv2dMve",
    "DepthwiseConv2dLittleScratchMve",
    "DepthwiseConv2dMve",
    "DivMve",
    "FullyConnectedMve",
    "FullyConnectedVectorMve",
    "GruMve",
    "LstmMve",
    "MaxPool2dMve",
    "MaximumMve",
    "MeanMve",
    "MinimumMve",
    "MulMve",
    "PreluMve",
    "ReduceSumMve",
    "RequantizeLookupMve",
    "RequantizeMve",
    "RequantizeWideMve",
    "RnnMve",
    "SoftmaxMve",
    "SoftmaxTableMve",
    "SubMve",
    "TableMve",
    "TransposeMve",
    "TransposedConv2dMve",
    "WhereMve",
]
