"""Between the model file's layout (NCHW for PyTorch) and the device's (NHWC)."""

from __future__ import annotations

import numpy as np

from mcugen.graph.graph import Port
from mcugen.graph.tensor import IntArray, Tensor


def to_device_layout(port: Port, tensor: Tensor, sample: IntArray) -> IntArray:
    """One sample in the model's layout (with or without a first axis of 1) as the device tensor."""
    return np.ascontiguousarray(sample.reshape(port.shape).transpose(port.to_device)).reshape(tensor.shape)


def to_model_layout(port: Port, values: IntArray) -> IntArray:
    """A device tensor in the model's layout, `Port.shape`."""
    transposed = values.reshape(tuple(port.shape[axis] for axis in port.to_device))
    return np.ascontiguousarray(transposed.transpose(port.to_model))
