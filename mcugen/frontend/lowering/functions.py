"""Functions of one tensor: chains and trees of element-wise operators that read a single activation.

hardswish after decomposition is `x * clamp(x + 3, 0, 6) / 6`: four operators, but one function of x. However a model
spells a function, on the device it becomes one table of 256 bytes. `Functions` finds where such a function begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.tensor import Quantization

# Element-wise operators without PyTorch's tag for them.
_ALSO_POINTWISE = {
    "aten.hardswish.default",
    "aten.rsub.Tensor",
    "aten.log_sigmoid.default",
    "aten.prelu.default",
    "aten.floor_divide.default",
    "aten.floor_divide.Scalar",
    "aten._prelu_kernel.default",
    "aten.where.ScalarOther",
    "aten.where.ScalarSelf",
    "aten.where.Scalar",
    "aten.masked_fill.Tensor",
    "aten.__and__.Tensor",
    "aten.__or__.Tensor",
    "aten.__xor__.Tensor",
    "aten.lift_fresh_copy.default",
    "aten.detach.default",
    "aten.alias.default",
}
# Change nothing in exact arithmetic.
_CONVERSIONS = {"aten.to.dtype", "aten.to.device", "aten.to.dtype_layout", "aten._to_copy.default"}


class Functions:
    """The function that each element-wise node computes, of the earliest tensor that determines it.

    Args:
        module: a float program, or a quantized one (a dequantize ends every function).
        constant_value: gives the tensor a node always has; None for activations.
        table: the lowering table, which knows what is merely an activation behind a computing operator.
    """

    def __init__(
        self, module: GraphModule, constant_value: Callable[[Any], torch.Tensor | None], table: Mapping[str, Row[Any]]
    ) -> None:
        self._constant_value = constant_value
        self._table = table
        # For each node the tensors that determine it alone, nearest first, itself included.
        self._determined: dict[Node, list[Node]] = {}
        for node in module.graph.nodes:
            self._determined[node] = [node, *self._earlier(node)]

    def source(self, node: Node) -> Node | None:
        """The tensor of which `node` is a function; None when the node is no function of one tensor."""
        determined = self._determined.get(node, [node])
        return determined[-1] if len(determined) > 1 else None

    def is_inner(self, node: Node) -> bool:
        """True for a step of functions that nobody else needs: no value of its own is kept."""
        return (
            self.source(node) is not None
            and bool(node.users)
            and all(self.source(user) in self._determined[node][1:] for user in node.users)
        )

    def evaluate(self, node: Node, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The function of `source(node)` at `values` (one axis), in float64."""
        return self.function(node)(values)

    def function(self, node: Node) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
        """The function of `source(node)`, of float64 values along one axis. It keeps no hold of the program, which may
        be changed afterwards."""
        source = self.source(node)
        assert source is not None
        steps: dict[Node, Callable[[_Values], torch.Tensor]] = {}
        self._collect(node, source, steps)

        def evaluated(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            known: _Values = {source: torch.from_numpy(values)}
            with torch.no_grad():
                for step, compute in steps.items():
                    known[step] = compute(known)
            return known[node].expand(values.shape).double().numpy()

        return evaluated

    def _collect(self, node: Node, source: Node, steps: dict[Node, Callable[[_Values], torch.Tensor]]) -> None:
        """Adds what `node` is computed with, operands first."""
        if node is source or node in steps:
            return
        constant = self._constant_value(node)
        if constant is None:
            for operand in node.all_input_nodes:
                self._collect(operand, source, steps)
        steps[node] = _fixed(constant) if constant is not None else _step(node)

    def _earlier(self, node: Node) -> list[Node]:
        """The tensors before `node` that determine it, nearest first."""
        if not is_pointwise(node) or _shape(node) is None or self._constant_value(node) is not None:
            return []
        operands = []
        for operand in node.all_input_nodes:
            constant = self._constant_value(operand)
            if constant is None:
                operands.append(operand)
            elif constant.numel() != 1:
                return []
        if not operands or (self._limits(node) and len(self._determined[operands[0]]) == 1):
            return []
        shape = _shape(node)
        shared = [
            n
            for n in self._determined[operands[0]]
            if all(n in self._determined[o] for o in operands) and _shape(n) == shape
        ]
        # A comparison is a step, but no beginning: tables are functions of real numbers.
        while shared and not _is_real(shared[-1]):
            shared.pop()
        return shared

    def _limits(self, node: Node) -> bool:
        """relu and clamp directly behind a computing operator are that operator's clamp, not a function."""
        row = self._table.get(target_name(node))
        return row is not None and row.role in (Role.ACTIVATION, Role.TRANSPARENT) and _is_real(node)


def _converted(value: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A conversion in exact arithmetic: all real types are one. An integer is the float32 number without fraction."""
    if dtype.is_floating_point:
        return value.double()
    if dtype == torch.bool or not value.is_floating_point():
        return value.to(dtype)
    # Beyond 64 bits PyTorch leaves it open; within them, too many bits are cut off.
    cut = value.float().double().clamp(-(2.0**63), 2.0**63 - 1024).to(torch.int64).to(dtype)
    # No integer says that there is none.
    return torch.where(value.isnan(), value, cut.double()) if value.isnan().any() else cut


_Values = dict[Node, torch.Tensor]


def _fixed(constant: torch.Tensor) -> Callable[[_Values], torch.Tensor]:
    value = constant.reshape(())
    value = value.double() if value.is_floating_point() else value
    return lambda _: value


def _step(node: Node) -> Callable[[_Values], torch.Tensor]:
    """One operator in float64; conversions between real types change nothing."""
    if target_name(node) in _CONVERSIONS:
        (operand,) = node.all_input_nodes
        dtype = node.meta["val"].dtype
        return lambda known: _converted(known[operand], dtype)
    target, arguments, keywords = node.target, node.args, node.kwargs
    assert isinstance(target, torch._ops.OpOverload)

    def compute(known: _Values) -> torch.Tensor:
        result: torch.Tensor = target(*torch.fx.node.map_arg(arguments, known.__getitem__), **_mapped(keywords, known))
        return result

    return compute


def _mapped(keywords: Mapping[str, Any], known: _Values) -> dict[str, Any]:
    return {name: torch.fx.node.map_arg(value, known.__getitem__) for name, value in keywords.items()}


def is_pointwise(node: Node) -> bool:
    """True for operators of aten that work element by element, change nothing in place and are no random numbers."""
    target = node.target
    return node.op == "call_function" and isinstance(target, torch._ops.OpOverload) and is_element_wise(target)


def is_element_wise(target: torch._ops.OpOverload) -> bool:
    """As `is_pointwise`, for the operator itself."""
    if target.namespace != "aten" or target._schema.is_mutable or torch.Tag.nondeterministic_seeded in target.tags:
        return False
    return torch.Tag.pointwise in target.tags or str(target) in _ALSO_POINTWISE | _CONVERSIONS


def _shape(node: Node) -> tuple[int, ...] | None:
    value = node.meta.get("val")
    return tuple(value.shape) if isinstance(value, torch.Tensor) else None


def _is_real(node: Node) -> bool:
    value = node.meta.get("val")
    return isinstance(value, torch.Tensor) and value.is_floating_point()


_FIXED_RANGES: dict[str, tuple[float, int, float]] = {
    "aten.sigmoid.default": (1.0 / 256.0, -128, 1.0 / 32768.0),
    "aten.tanh.default": (1.0 / 128.0, 0, 1.0 / 32768.0),
    "aten.sin.default": (1.0 / 127.0, 0, 1.0 / 32767.0),
    "aten.cos.default": (1.0 / 127.0, 0, 1.0 / 32767.0),
    "aten.sign.default": (1.0 / 127.0, 0, 1.0 / 32767.0),
    "aten.erf.default": (1.0 / 128.0, 0, 1.0 / 32768.0),
}


def fixed_range(node: Node, bits: int = 8) -> Quantization | None:
    """The quantization of a function's result whose range is known; sigmoid and tanh by the LiteRT 8-bit specification.

    Args:
        bits: of the result; with 16 it is symmetric.
    """
    found = _FIXED_RANGES.get(target_name(node))
    if found is None:
        return None
    return Quantization.per_tensor(*found[:2]) if bits == 8 else Quantization.per_tensor(found[2], 0, bits)
