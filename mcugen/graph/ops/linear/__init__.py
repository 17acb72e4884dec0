"""Products of matrices."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.batch_matmul import BatchMatMul
from mcugen.graph.ops.linear.fully_connected import FullyConnected

OPERATORS: tuple[type[Operator], ...] = (BatchMatMul, FullyConnected)

__all__ = ["BatchMatMul", "FullyConnected"]
