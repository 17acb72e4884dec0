"""Pooling over NHWC."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.pooling.adaptive_average_pool2d import AdaptiveAveragePool2d
from mcugen.graph.ops.pooling.average_pool2d import AveragePool2d
from mcugen.graph.ops.pooling.max_pool2d import MaxPool2d
from mcugen.graph.ops.pooling.spanned_max_pool2d import MaxPoolPlaces2d, SpannedMaxPool2d

OPERATORS: tuple[type[Operator], ...] = (
    AdaptiveAveragePool2d,
    AveragePool2d,
    MaxPool2d,
    MaxPoolPlaces2d,
    SpannedMaxPool2d,
)

__all__ = ["AdaptiveAveragePool2d", "AveragePool2d", "MaxPool2d", "MaxPoolPlaces2d", "SpannedMaxPool2d"]
