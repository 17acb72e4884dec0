"""Values at places that the model computes, or gets as an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_movable, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class _Gathered(Operator):
    """Inputs: ids, plain integers in [0, size of the axis), which is the caller's contract (`run` checks it); data.

    The output has the data's type and quantization.

    Attributes:
        axis: of the data; not negative.
    """

    axis: int

    def require_operands(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Raises ValueError when types or the axis break the rules."""
        require(len(inputs) == 2 and len(outputs) == 1, self, "takes ids and data")
        ids, data = inputs
        require(ids.quantization is None and ids.dtype != "bool", self, f"ids {ids.name!r} are no plain integers")
        require(0 <= self.axis < len(data.shape), self, f"axis {self.axis} of data with {len(data.shape)} axes")
        require_movable(self, data, outputs[0])

    def accepts(self, index: int, inputs: Sequence[Tensor]) -> tuple[int, int] | None:
        return (0, inputs[1].shape[self.axis] - 1) if index == 0 else None


@dataclass(frozen=True, kw_only=True)
class Gather(_Gathered):
    """LiteRT GATHER: output[..., i, j, ..., ...] = data[..., ids[i, j, ...], ...], ids in the place of the axis."""

    kind: ClassVar[str] = "gather"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.require_operands(inputs, outputs)
        ids, data = inputs
        require_shape(self, outputs[0], (*data.shape[: self.axis], *ids.shape, *data.shape[self.axis + 1 :]))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.take(inputs[1], inputs[0], axis=self.axis)]


@dataclass(frozen=True, kw_only=True)
class GatherElements(_Gathered):
    """PyTorch's gather: output[i, j, k] = data[i, ids[i, j, k], k] for axis 1; ids have the output's shape."""

    kind: ClassVar[str] = "gather_elements"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.require_operands(inputs, outputs)
        ids, data = inputs
        others = [tuple(n for a, n in enumerate(t.shape) if a != self.axis) for t in (ids, data)]
        same = len(ids.shape) == len(data.shape) and others[0] == others[1]
        require(same, self, f"ids of shape {ids.shape} for data of shape {data.shape}")
        require_shape(self, outputs[0], ids.shape)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.take_along_axis(inputs[1], inputs[0].astype(np.int64), axis=self.axis)]
