"""Values that are known when the model is compiled: parameters, and what the program computes from them alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.graph.tensor import Quantization

_FILLED = {
    "aten.zeros_like.default": 0,
    "aten.ones_like.default": 1,
    "aten.full_like.default": None,
    "aten.new_zeros.default": 0,
    "aten.new_ones.default": 1,
    "aten.new_full.default": None,
    "aten.empty_like.default": 0,
    "aten.new_empty.default": 0,
    "aten.empty.memory_format": 0,
}
"""Constants, whatever their operand holds; None: their `fill_value` is the number. What is empty holds zeros."""


class Constants:
    """The constants of one program, each computed once.

    Args:
        module: the program, parameters as attributes.
        may_run: whether an operator may be executed to compute a constant.
    """

    def __init__(self, module: GraphModule, may_run: Callable[[Node], bool]) -> None:
        self.module = module
        self.may_run = may_run
        self._values: dict[Node, torch.Tensor | None] = {}

    def value(self, value: Any) -> torch.Tensor | None:
        """The tensor a node always has: a parameter, or a computation over parameters alone. None for activations."""
        if not isinstance(value, Node):
            return torch.as_tensor(value) if isinstance(value, int | float | torch.Tensor) else None
        if value not in self._values:
            self._values[value] = self._computed(value)
        return self._values[value]

    def _computed(self, node: Node) -> torch.Tensor | None:
        if node.op == "get_attr":
            found: Any = self.module
            for part in str(node.target).split("."):
                found = getattr(found, part)
            return found.detach() if isinstance(found, torch.Tensor) else None
        if node.op != "call_function" or not isinstance(node.target, torch._ops.OpOverload):
            return None
        if target_name(node) in _FILLED and isinstance(value := node.meta.get("val"), torch.Tensor):
            known = _FILLED[target_name(node)]
            number: Any = bind(node)["fill_value"] if known is None else known
            return torch.full(tuple(value.shape), number, dtype=value.dtype)
        if torch.Tag.nondeterministic_seeded in node.target.tags or not self.may_run(node):
            return None
        values: dict[Node, torch.Tensor | None] = {n: self.value(n) for n in node.all_input_nodes}
        if any(v is None for v in values.values()):
            return None
        arguments, keywords = torch.fx.node.map_arg((node.args, node.kwargs), lambda n: values[n])
        result = node.target(*arguments, **keywords)
        return result if isinstance(result, torch.Tensor) else None


def covering(real: npt.NDArray[np.float64], bits: int = 8) -> Quantization:
    """The quantization with the smallest steps that holds the values and 0; exact where all have one magnitude.

    With 16 bits it is symmetric.
    """
    magnitudes = np.abs(real)
    least = 1e-30
    most = max(float(magnitudes.max(initial=0.0)), least)
    low, high = float(real.min(initial=0.0)), float(real.max(initial=0.0))
    if bits == 16:
        return Quantization.per_tensor(most / 32767, 0, bits)
    if most == least or float(magnitudes.min(initial=most)) == most:
        return Quantization.per_tensor(most / 127, 0)
    scale = float(np.float32((high - low) / 255))
    return Quantization.per_tensor(scale, int(np.clip(np.rint(-128 - low / scale), -128, 127)))
