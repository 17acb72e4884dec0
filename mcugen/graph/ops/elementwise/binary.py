"""Rules that the element-wise operators of two tensors share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_clamp, require_int8, require_shape
from mcugen.graph.tensor import Tensor


def require_elementwise(
    op: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor], clamp: tuple[int, int]
) -> None:
    """Two int8 tensors whose shapes broadcast, as NumPy, to the output's."""
    require_arity(op, inputs, outputs, 2, 2)
    require_int8(op, *inputs, *outputs)
    first, second = inputs[0].shape, inputs[1].shape
    try:
        shape = np.broadcast_shapes(first, second)
    except ValueError:
        shape = ()
        require(False, op, f"shapes {first} and {second} do not broadcast")
    require_shape(op, outputs[0], tuple(shape))
    require_clamp(op, clamp, outputs[0])
