"""Largest and smallest over axes, their places, and sums of plain integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.checks import require, require_arity, require_movable
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class _Extreme(Reduction):
    """int8 of the input's quantization, or plain integers or booleans of the input's type."""

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_movable(self, *inputs, *outputs)
        self.require_axes(inputs[0], outputs[0])


@dataclass(frozen=True, kw_only=True)
class ReduceMax(_Extreme):
    """LiteRT REDUCE_MAX; of booleans: whether any is true."""

    kind: ClassVar[str] = "reduce_max"

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.asarray(inputs[0].max(axis=self.axes)).reshape(tensors_out[0].shape)]


@dataclass(frozen=True, kw_only=True)
class ReduceMin(_Extreme):
    """LiteRT REDUCE_MIN; of booleans: whether all are true."""

    kind: ClassVar[str] = "reduce_min"

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.asarray(inputs[0].min(axis=self.axes)).reshape(tensors_out[0].shape)]


@dataclass(frozen=True, kw_only=True)
class _Place(Reduction):
    """int64 index of the first such element along one axis."""

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        self.require_axes(inputs[0], outputs[0])
        require(len(self.axes) == 1, self, f"takes one axis, not {self.axes}")
        out = outputs[0]
        require(out.dtype == "int64" and out.quantization is None, self, f"makes int64, not {out.dtype}")


@dataclass(frozen=True, kw_only=True)
class ArgMax(_Place):
    """Place of the first largest."""

    kind: ClassVar[str] = "arg_max"

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.asarray(inputs[0].argmax(axis=self.axes[0]), np.int64).reshape(tensors_out[0].shape)]


@dataclass(frozen=True, kw_only=True)
class ArgMin(_Place):
    """Place of the first smallest."""

    kind: ClassVar[str] = "arg_min"

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.asarray(inputs[0].argmin(axis=self.axes[0]), np.int64).reshape(tensors_out[0].shape)]


@dataclass(frozen=True, kw_only=True)
class IntegerReduction(Reduction):
    """Plain integers or booleans to one number, in the output's type; it wraps.

    Attributes:
        COMBINE: the function of NumPy that reduces int64 over `axis`.
    """

    COMBINE: ClassVar[np.ufunc]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        for t in (*inputs, *outputs):
            require(t.quantization is None, self, f"tensor {t.name!r} has a quantization")
        require(outputs[0].dtype != "bool", self, "makes integers, not bool")
        self.require_axes(inputs[0], outputs[0])

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = tensors_out[0]
        result = np.asarray(self.COMBINE.reduce(inputs[0].astype(np.int64), axis=self.axes))
        return [result.astype(DTYPES[out.dtype]).reshape(out.shape)]


@dataclass(frozen=True, kw_only=True)
class IntegerSum(IntegerReduction):
    """Sum of plain integers or booleans, in the output's type; it wraps."""

    kind: ClassVar[str] = "integer_sum"
    COMBINE: ClassVar[np.ufunc] = np.add
