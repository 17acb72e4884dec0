"""Rules that the element-wise operators of two tensors share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_arity, require_clamp, require_shape
from mcugen.graph.tensor import Tensor


def require_elementwise(
    op: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor], clamp: tuple[int, int]
) -> None:
    """Two tensors, int8 or int16 as the output, whose shapes broadcast, as NumPy, to the output's."""
    require_arity(op, inputs, outputs, 2, 2)
    require_activations(op, *inputs, *outputs)
    require_shape(op, outputs[0], broadcast_shape(op, inputs))
    require_clamp(op, clamp, outputs[0])


def broadcast_shape(op: Operator, inputs: Sequence[Tensor]) -> tuple[int, ...]:
    """The shape that all inputs broadcast to, as NumPy's."""
    shapes = [t.shape for t in inputs]
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError:
        require(False, op, f"shapes {' and '.join(map(str, shapes))} do not broadcast")
        raise
