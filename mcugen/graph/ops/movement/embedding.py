"""Rows of a constant table, chosen by integers of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_movable, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Embedding(Operator):
    """output[i, ..., :] = table[ids[i, ...], :].

    Inputs: ids, plain integers in [0, rows), which is the caller's contract (`run` checks it); a constant table
    (rows, depth), whose type and quantization the output (*ids' shape, depth) has.
    """

    kind: ClassVar[str] = "embedding"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require(len(inputs) == 2 and len(outputs) == 1, self, "takes ids and a table")
        ids, table, out = inputs[0], inputs[1], outputs[0]
        require(ids.quantization is None and ids.dtype != "bool", self, f"ids {ids.name!r} are no plain integers")
        require(table.is_constant, self, f"table {table.name!r} must be constant")
        require(len(table.shape) == 2, self, f"table has shape {table.shape}, must be (rows, depth)")
        require_movable(self, table, out)
        require_shape(self, out, (*ids.shape, table.shape[1]))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [inputs[1][inputs[0]]]

    def accepts(self, index: int, inputs: Sequence[Tensor]) -> tuple[int, int] | None:
        return (0, inputs[1].shape[0] - 1) if index == 0 else None
