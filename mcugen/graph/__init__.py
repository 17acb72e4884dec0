"""The integer IR: graphs, tensors, quantization, operators and their integer reference."""

from __future__ import annotations

from mcugen.graph.graph import Graph, Port
from mcugen.graph.tensor import IntArray, Origin, Quantization, Tensor

__all__ = ["Graph", "IntArray", "Origin", "Port", "Quantization", "Tensor"]
