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


def moved_channels(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str | None:
    """What to do with samples of a shape that differs from the one wanted only in where the channels stand.

    Args:
        shape, wanted: of one sample.
    """
    if len(shape) < 3 or len(shape) != len(wanted):
        return None
    if (shape[-1], *shape[:-1]) == wanted:
        return "the channels come last in the samples and first in the model: numpy.moveaxis(array, -1, 1)"
    if (*shape[1:], shape[0]) == wanted:
        return "the channels come first in the samples and last in the model: numpy.moveaxis(array, 1, -1)"
    return None
