"""What all reductions over axes share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require
from mcugen.graph.tensor import Tensor


@dataclass(frozen=True, kw_only=True)
class Reduction(Operator):
    """One result for all elements along some axes, in whatever order the axes are.

    The output's shape says whether the axes are kept (as 1) or dropped.

    Attributes:
        axes: reduced axes of the input, ascending, not negative.
    """

    axes: tuple[int, ...]

    def count(self, inputs: Sequence[Tensor]) -> int:
        """How many elements each output is made of."""
        return math.prod(inputs[0].shape[axis] for axis in self.axes)

    def require_axes(self, x: Tensor, out: Tensor) -> None:
        """Raises ValueError when axes or shapes break the rules."""
        rank = len(x.shape)
        ascending = list(self.axes) == sorted(set(self.axes))
        require(ascending and bool(self.axes), self, f"axes {self.axes} must be ascending and not empty")
        require(self.axes[0] >= 0 and self.axes[-1] < rank, self, f"axes {self.axes} of an input with {rank} axes")
        kept = tuple(1 if axis in self.axes else size for axis, size in enumerate(x.shape))
        dropped = tuple(size for axis, size in enumerate(x.shape) if axis not in self.axes)
        require(out.shape in (kept, dropped), self, f"output shape {out.shape}, must be {kept} or {dropped}")
        require(x.elements > 0, self, f"the input has the empty shape {x.shape}")
