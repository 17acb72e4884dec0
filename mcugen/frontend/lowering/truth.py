"""Booleans made of one tensor of int16: comparisons with the integers at which they change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch.fx import Node

from mcugen.frontend.lowering.emission import Emission
from mcugen.graph.ops import Compare, Integer
from mcugen.graph.tensor import DTYPES

MOST_CHANGES = 4
"""Each takes a comparison, and all but the first an operator that joins it to the others."""


def truth(ctx: Emission, node: Node, x: str, flags: npt.NDArray[np.float64]) -> str | None:
    """The tensor of what is true of each element; None where that changes too often.

    Args:
        x: a tensor of integers with a scale.
        flags: for each integer that it can hold, in order: 0 or 1.

    The integers compared with are of the tensor's own quantization, so that nothing is rounded.
    """
    changes = np.flatnonzero(np.diff(flags)) + 1
    low = ctx.tensors[x].integer_range[0]
    once = np.flatnonzero(flags != flags[0])
    if len(once) == 1 and len(changes) == 2:
        # True of one integer alone, or of all others.
        return _compared(ctx, node, x, "ne" if flags[0] else "eq", low + int(once[0]), "")
    if len(changes) > MOST_CHANGES:
        return None
    begin = "lt" if flags[0] else "ge"
    if not len(changes):
        # One value whatever x is: nothing is below the lowest integer.
        return _compared(ctx, node, x, "ge" if flags[0] else "lt", low, "")
    result = _compared(ctx, node, x, begin, low + int(changes[0]), "" if len(changes) == 1 else "_above")
    for index, change in enumerate(changes[1:], 2):
        above = _compared(ctx, node, x, "ge", low + int(change), "_above")
        suffix = "" if index == len(changes) else "_joined"
        shape = ctx.tensors[x].shape
        result = ctx.emit(Integer, node, (result, above), shape, None, suffix, "bool", operation="xor")
    return result


def _compared(ctx: Emission, node: Node, x: str, operation: str, integer: int, suffix: str) -> str:
    tensor = ctx.tensors[x]
    shape = (1,) * len(tensor.shape)
    data = np.full(shape, integer, DTYPES[tensor.dtype])
    limit = ctx.constant(f"{node.name}_limit", data, tensor.quantization)
    return ctx.emit(Compare, node, (x, limit), tensor.shape, None, suffix, "bool", operation=operation)
