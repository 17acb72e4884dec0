"""What every operator of the integer IR has: names, attributes, shape rules, an integer reference, a cost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from mcugen.graph.tensor import IntArray, Origin, Tensor


@dataclass(frozen=True, kw_only=True)
class Operator(ABC):
    """One node. Subclasses (one file each) add their attributes as fields.

    Attributes:
        name: unique in the graph; becomes the layer's name in reports and in C.
        inputs: tensor names, activations first, then constants, in the order the subclass documents.
        outputs: tensor names.
        origin: where in the user's program it comes from.
        pointwise: every element of the output depends only on the inputs' elements at the same place (inputs
            broadcast), so that the operator works in any axis order that its tensors share.
    """

    kind: ClassVar[str]
    pointwise: ClassVar[bool] = False
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    origin: Origin = field(default_factory=Origin)

    @abstractmethod
    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Raises ValueError when shapes, types, quantization or attributes break the operator's rules."""

    @abstractmethod
    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        """The oracle: integer outputs (dtype and shape of `tensors_out`) for integer inputs, constants included."""

    def accepts(self, index: int, inputs: Sequence[Tensor]) -> tuple[int, int] | None:
        """(lowest, highest) integer that input `index` may hold, such as an index; None: all of its type."""
        return None

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        """Multiply-accumulates, as MLPerf Tiny counts them; 0 for operators without any."""
        return 0
