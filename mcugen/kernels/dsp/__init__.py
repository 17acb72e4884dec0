"""Kernels for cores with DSP instructions: Armv7E-M (Cortex-M4, M7) and Armv8-M with the DSP extension (M33, M55)."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.dsp.add import AddTableDsp, SubTableDsp
from mcugen.kernels.dsp.batch_matmul import BatchMatMulDsp, BatchMatMulInt16Dsp
from mcugen.kernels.dsp.conv2d import Conv2dDsp, Conv2dPairedDsp
from mcugen.kernels.dsp.conv2d_1x1 import Conv2d1x1Dsp, Conv2d1x1PairedDsp
from mcugen.kernels.dsp.conv2d_s4 import Conv2d1x1S4Dsp, Conv2dS4Dsp
from mcugen.kernels.dsp.conv2d_s16 import Conv2dInt16Dsp, FullyConnectedInt16Dsp
from mcugen.kernels.dsp.depthwise_conv2d import DepthwiseConv2dDsp, DepthwiseConv2dS4Dsp
from mcugen.kernels.dsp.depthwise_conv2d_s16 import DepthwiseConv2dInt16Dsp
from mcugen.kernels.dsp.elementwise_s16 import (
    AddInt16Dsp,
    ClampInt16Dsp,
    MulInt16Dsp,
    RequantizeWideDsp,
    SubInt16Dsp,
    TableInt16Dsp,
)
from mcugen.kernels.dsp.fully_connected import (
    FullyConnectedDsp,
    FullyConnectedPairedDsp,
    FullyConnectedVectorDsp,
    FullyConnectedVectorPairedDsp,
)
from mcugen.kernels.dsp.fully_connected_s4 import FullyConnectedS4Dsp, FullyConnectedVectorS4Dsp
from mcugen.kernels.dsp.pooling import (
    AveragePool2dDsp,
    AveragePool2dInt16Dsp,
    MaxPool2dDsp,
    MaxPool2dInt16Dsp,
    MeanInt16Dsp,
    ReduceSumInt16Dsp,
)
from mcugen.kernels.dsp.recurrent import (
    GruDsp,
    GruS16Dsp,
    LstmDsp,
    LstmS16Dsp,
    RnnDsp,
    RnnS16Dsp,
    SequenceLstmDsp,
    SvdfDsp,
)
from mcugen.kernels.dsp.softmax_s16 import SoftmaxInt16Dsp
from mcugen.kernels.dsp.winograd import Conv2dWinogradDsp, Conv2dWinogradLightDsp
from mcugen.kernels.dsp.winograd_row import Conv2dWinogradRowDsp

KERNELS: tuple[Kernel, ...] = (
    AveragePool2dInt16Dsp(),
    ClampInt16Dsp(),
    MaxPool2dInt16Dsp(),
    MeanInt16Dsp(),
    MulInt16Dsp(),
    ReduceSumInt16Dsp(),
    TableInt16Dsp(),
    AddInt16Dsp(),
    Conv2dInt16Dsp(),
    DepthwiseConv2dInt16Dsp(),
    FullyConnectedInt16Dsp(),
    RequantizeWideDsp(),
    SubInt16Dsp(),
    AddTableDsp(),
    AveragePool2dDsp(),
    BatchMatMulDsp(),
    BatchMatMulInt16Dsp(),
    Conv2d1x1Dsp(),
    Conv2d1x1PairedDsp(),
    Conv2d1x1S4Dsp(),
    Conv2dDsp(),
    Conv2dPairedDsp(),
    Conv2dS4Dsp(),
    Conv2dWinogradDsp(),
    Conv2dWinogradLightDsp(),
    Conv2dWinogradRowDsp(),
    DepthwiseConv2dDsp(),
    DepthwiseConv2dS4Dsp(),
    FullyConnectedDsp(),
    FullyConnectedPairedDsp(),
    FullyConnectedS4Dsp(),
    FullyConnectedVectorDsp(),
    FullyConnectedVectorPairedDsp(),
    FullyConnectedVectorS4Dsp(),
    GruDsp(),
    GruS16Dsp(),
    LstmDsp(),
    LstmS16Dsp(),
    MaxPool2dDsp(),
    RnnDsp(),
    RnnS16Dsp(),
    SequenceLstmDsp(),
    SoftmaxInt16Dsp(),
    SubTableDsp(),
    SvdfDsp(),
)

__all__ = [
    "KERNELS",
    "AddInt16Dsp",
    "AddTableDsp",
    "AveragePool2dDsp",
    "AveragePool2dInt16Dsp",
    "BatchMatMulDsp",
    "BatchMatMulInt16Dsp",
    "ClampInt16Dsp",
    "Conv2d1x1Dsp",
    "Conv2d1x1PairedDsp",
    "Conv2d1x1S4Dsp",
    "Conv2dDsp",
    "Conv2dInt16Dsp",
    "Conv2dPairedDsp",
    "Conv2dS4Dsp",
    "Conv2dWinogradDsp",
    "Conv2dWinogradLightDsp",
    "Conv2dWinogradRowDsp",
    "DepthwiseConv2dDsp",
    "DepthwiseConv2dInt16Dsp",
    "DepthwiseConv2dS4Dsp",
    "FullyConnectedDsp",
    "FullyConnectedInt16Dsp",
    "FullyConnectedPairedDsp",
    "FullyConnectedS4Dsp",
    "FullyConnectedVectorDsp",
    "FullyConnectedVectorPairedDsp",
    "FullyConnectedVectorS4Dsp",
    "GruDsp",
    "GruS16Dsp",
    "LstmDsp",
    "LstmS16Dsp",
    "MaxPool2dDsp",
    "MaxPool2dInt16Dsp",
    "MeanInt16Dsp",
    "MulInt16Dsp",
    "ReduceSumInt16Dsp",
    "RequantizeWideDsp",
    "RnnDsp",
    "RnnS16Dsp",
    "SequenceLstmDsp",
    "SoftmaxInt16Dsp",
    "SubInt16Dsp",
    "SubTableDsp",
    "SvdfDsp",
    "TableInt16Dsp",
]
