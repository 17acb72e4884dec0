"""The integer graph in the making: tensors with names of their own, and operators that make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.fx import Node

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.provenance import origin
from mcugen.frontend.refusals import unsupported
from mcugen.graph.ops import Operator, Requantize, Reshape, Transpose
from mcugen.graph.tensor import ACTIVATION_DTYPES, DTYPES, MAX_RANK, Quantization, Tensor


@dataclass(kw_only=True)
class Emission:
    """See the module's text.

    Attributes:
        tensors, operators: the graph so far.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    operators: list[Operator] = field(default_factory=list)

    def unique(self, base: str) -> str:
        taken = self.tensors
        name, index = base, 1
        while name in taken:
            name, index = f"{base}_{index}", index + 1
        return name

    def activation(
        self, base: str, shape: tuple[int, ...], quantization: Quantization | None, dtype: str | None = None
    ) -> str:
        """A new tensor. Without a type it has that of its quantization, or int8."""
        if dtype is None:
            dtype = quantization.dtype if quantization is not None else "int8"
        tensor = Tensor(self.unique(base), shape, dtype, quantization)
        self.tensors[tensor.name] = tensor
        return tensor.name

    def constant(
        self, base: str, data: npt.NDArray[Any], quantization: Quantization | None, dtype: str | None = None
    ) -> str:
        """A new constant. Without a type it has that of its data."""
        if dtype is None:
            dtype = next(name for name in ACTIVATION_DTYPES if DTYPES[name] == data.dtype)
        tensor = Tensor(self.unique(base), data.shape, dtype, quantization, np.array(data, order="C"))
        self.tensors[tensor.name] = tensor
        return tensor.name

    def emit(
        self,
        kind: type[Operator],
        node: Node,
        inputs: tuple[str, ...],
        shape: tuple[int, ...],
        quantization: Quantization | None,
        suffix: str = "",
        dtype: str | None = None,
        **attributes: Any,
    ) -> str:
        """Appends one operator with one new output tensor and returns the tensor's name.

        Args:
            quantization: None for plain integers and booleans.
            dtype: as in `activation`.

        Raises:
            UnsupportedOperatorError: the tensor has too many axes, or no elements.
        """
        self.require_shape(node, shape)
        output = self.activation(node.name + suffix, shape, quantization, dtype)
        if quantization is not None and quantization.bits == 16 and "clamp" in kind.__dataclass_fields__:
            attributes.setdefault("clamp", quantization.integer_range)
        op = kind(name=output, inputs=inputs, outputs=(output,), origin=origin(node), **attributes)
        self._require_form(node, op)
        self.operators.append(op)
        return output

    def _require_form(self, node: Node, op: Operator) -> None:
        """Raises UnsupportedOperatorError: an operator has no form for activations of 16 bits."""
        inputs, outputs = ([self.tensors[name] for name in names] for names in (op.inputs, op.outputs))
        if not any(t.quantization is not None and t.quantization.bits == 16 for t in (*inputs, *outputs)):
            return
        try:
            op.validate(inputs, outputs)
        except ValueError as error:
            raise self.unsupported(
                node,
                f"it has no form for these operands of 16 bits: {error}",
                "use int8 activations, affine per tensor",
            ) from error

    def transpose(self, node: Node, tensor: str, permutation: tuple[int, ...], suffix: str) -> str:
        source = self.tensors[tensor]
        shape = tuple(source.shape[axis] for axis in permutation)
        return self.emit(
            Transpose, node, (tensor,), shape, source.quantization, suffix, source.dtype, permutation=permutation
        )

    def reshape(self, node: Node, tensor: str, shape: tuple[int, ...], suffix: str = "_reshape") -> str:
        source = self.tensors[tensor]
        if source.shape == shape:
            return tensor
        if source.data is not None:
            return self.constant(tensor + suffix, source.data.reshape(shape), source.quantization)
        return self.emit(Reshape, node, (tensor,), shape, source.quantization, suffix, source.dtype)

    def requantize(self, node: Node, tensor: str, quantization: Quantization) -> str:
        """The tensor in another quantization; itself when the quantization is already that."""
        source = self.tensors[tensor]
        if source.quantization == quantization:
            return tensor
        limits = quantization.integer_range
        return self.emit(Requantize, node, (tensor,), source.shape, quantization, "_requantize", clamp=limits)

    def require_shape(self, node: Node, shape: tuple[int, ...]) -> None:
        """Raises UnsupportedOperatorError: no tensor of an IR graph has this shape."""
        if len(shape) > MAX_RANK:
            raise self.unsupported(
                node, f"a tensor of shape {shape} has {len(shape)} axes", f"use at most {MAX_RANK} axes"
            )
        if 0 in shape:
            raise self.unsupported(node, f"a tensor of shape {shape} has no elements", "leave empty tensors out")

    def unsupported(self, node: Node, why: str, hint: str) -> UnsupportedOperatorError:
        return unsupported(node, why, hint)
