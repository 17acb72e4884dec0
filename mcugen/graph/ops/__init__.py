"""The operators of the integer IR: one file each."""

from __future__ import annotations

from mcugen.graph.ops.add import Add
from mcugen.graph.ops.average_pool2d import AveragePool2d
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.clamp import Clamp
from mcugen.graph.ops.concatenation import Concatenation
from mcugen.graph.ops.conv2d import Conv2d
from mcugen.graph.ops.depthwise_conv2d import DepthwiseConv2d
from mcugen.graph.ops.fully_connected import FullyConnected
from mcugen.graph.ops.max_pool2d import MaxPool2d
from mcugen.graph.ops.mean import Mean
from mcugen.graph.ops.mul import Mul
from mcugen.graph.ops.pad import Pad
from mcugen.graph.ops.requantize import Requantize
from mcugen.graph.ops.reshape import Reshape
from mcugen.graph.ops.softmax import Softmax
from mcugen.graph.ops.transpose import Transpose

OPERATORS: dict[str, type[Operator]] = {
    cls.kind: cls
    for cls in (
        Add,
        AveragePool2d,
        Clamp,
        Concatenation,
        Conv2d,
        DepthwiseConv2d,
        FullyConnected,
        MaxPool2d,
        Mean,
        Mul,
        Pad,
        Requantize,
        Reshape,
        Softmax,
        Transpose,
    )
}

__all__ = [
    "OPERATORS",
    "Add",
    "AveragePool2d",
    "Clamp",
    "Concatenation",
    "Conv2d",
    "DepthwiseConv2d",
    "FullyConnected",
    "MaxPool2d",
    "Mean",
    "Mul",
    "Operator",
    "Pad",
    "Requantize",
    "Reshape",
    "Softmax",
    "Transpose",
]
