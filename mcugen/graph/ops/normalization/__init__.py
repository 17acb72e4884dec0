"""Softmax and normalizations."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.log_softmax import LogSoftmax
from mcugen.graph.ops.normalization.masked_softmax import MaskedSoftmax
from mcugen.graph.ops.normalization.normalize import Normalize
from mcugen.graph.ops.normalization.softmax import Softmax

OPERATORS: tuple[type[Operator], ...] = (LogSoftmax, MaskedSoftmax, Normalize, Softmax)

__all__ = ["LogSoftmax", "MaskedSoftmax", "Normalize", "Softmax"]
