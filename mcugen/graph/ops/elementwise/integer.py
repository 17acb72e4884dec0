"""Integers and booleans combined element by element; larger and smaller of two, which values of one scale are too."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable, require_shape
from mcugen.graph.ops.elementwise.binary import broadcast_shape
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

Function = Callable[[Any, Any], Any]


def _truncated_division(a: Any, b: Any) -> Any:
    """Towards zero; 0 where b is 0."""
    quotient = np.floor_divide(a, b)
    inexact = quotient * b != a
    return quotient + (inexact & ((a < 0) != (b < 0)) & (b != 0)).astype(quotient.dtype)


def _shift(a: Any, by: Any, *, left: bool) -> Any:
    """What is shifted by no number of the type's bits is shifted by all of them, as in PyTorch."""
    bits = a.dtype.itemsize * 8
    inside = (by >= 0) & (by < bits)
    count = np.where(inside, by, 0).astype(a.dtype)
    if left:
        return np.where(inside, np.left_shift(a, count), 0)
    return np.where(inside, np.right_shift(a, count), np.where(a < 0, -1, 0))


OPERATIONS: dict[str, Function] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "floor_divide": np.floor_divide,
    "remainder": np.remainder,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "trunc_divide": _truncated_division,
    "fmod": np.fmod,
    "left_shift": functools.partial(_shift, left=True),
    "right_shift": functools.partial(_shift, left=False),
}
"""In the order of the enumeration in `kernels_cmsis/portable/elementwise/integer.c`."""

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


@dataclass(frozen=True, kw_only=True)
class Integer(Operator):
    """Two plain integer or boolean tensors of one type that broadcast; either may be a constant.

    Arithmetic wraps, as PyTorch's does; a division by 0 gives 0 (in PyTorch it is an error). Comparisons give bool.

    Attributes:
        operation: a key of `OPERATIONS`.
    """

    kind: ClassVar[str] = "integer"
    pointwise: ClassVar[bool] = True
    operation: str

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require(self.operation in OPERATIONS, self, f"unknown operation {self.operation!r}")
        require_arity(self, inputs, outputs, 2, 2)
        require_movable(self, *inputs)
        require(inputs[0].quantization is None, self, "its inputs must be plain integers or booleans")
        wanted = "bool" if self.operation in COMPARISONS else inputs[0].dtype
        out = outputs[0]
        require(out.dtype == wanted and out.quantization is None, self, f"makes {wanted}, not {out.dtype}")
        require_shape(self, out, broadcast_shape(self, inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = DTYPES[tensors_out[0].dtype]
        # NumPy has no arithmetic of booleans: their bytes, and any result but 0 is true, as in PyTorch.
        first, second = (np.asarray(x).astype(np.int8) if x.dtype == np.bool_ else x for x in inputs)
        with np.errstate(all="ignore"):
            result = np.asarray(OPERATIONS[self.operation](first, second))
        return [result.astype(out)]


@dataclass(frozen=True, kw_only=True)
class _Extremum(Operator):
    """The larger or smaller of two tensors that broadcast: int8 of one quantization, or plain integers of one type."""

    pointwise: ClassVar[bool] = True
    operation: ClassVar[str]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 2, 2)
        require_movable(self, *inputs, *outputs)
        require_shape(self, outputs[0], broadcast_shape(self, inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.asarray(OPERATIONS[self.operation](*inputs)).astype(DTYPES[tensors_out[0].dtype])]


@dataclass(frozen=True, kw_only=True)
class Maximum(_Extremum):
    """LiteRT MAXIMUM."""

    kind: ClassVar[str] = "maximum"
    operation: ClassVar[str] = "maximum"


@dataclass(frozen=True, kw_only=True)
class Minimum(_Extremum):
    """LiteRT MINIMUM."""

    kind: ClassVar[str] = "minimum"
    operation: ClassVar[str] = "minimum"


@dataclass(frozen=True, kw_only=True)
class Cast(Operator):
    """Plain integers or booleans of any shape in another such type: the low bytes; bool: whether it is not 0."""

    kind: ClassVar[str] = "cast"
    pointwise: ClassVar[bool] = True

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        for t in (*inputs, *outputs):
            require(t.quantization is None, self, f"tensor {t.name!r} has a quantization")
        require_shape(self, outputs[0], inputs[0].shape)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [inputs[0].astype(DTYPES[tensors_out[0].dtype])]
