"""Inputs that the model itself clips: what it throws away needs no resolution."""

from __future__ import annotations

import math

import numpy as np
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.row import Role
from mcugen.frontend.ranges.observe import Samples, inputs_of, is_free

EVERYTHING = (-math.inf, math.inf)
"""The limits of a value that nothing limits."""


def clipped(module: GraphModule, samples: Samples) -> Samples:
    """The samples limited to what the model lets through, for ranges to be taken from.

    Quantizing an input limits it to its range; an input whose readers all limit it further needs no more range.
    """
    result = dict(samples)
    for node in inputs_of(module):
        if not is_free(samples, node):
            continue
        low, high = kept(node)
        if (low, high) != EVERYTHING:
            result[node.name] = np.clip(samples[node.name], np.float32(low), np.float32(high))
    return result


def kept(node: Node) -> tuple[float, float]:
    """(lowest, highest) value of a node that any of its readers tells from values beyond."""
    limits = [_limits(user) for user in node.users]
    if not limits:
        return EVERYTHING
    return min(low for low, _ in limits), max(high for _, high in limits)


def _limits(user: Node) -> tuple[float, float]:
    row = ROWS.get(target_name(user)) if user.op == "call_function" else None
    if row is not None and row.role is Role.ACTIVATION and row.bounds is not None:
        low, high = row.bounds(user)
        if not isinstance(low, Node) and not isinstance(high, Node):
            return -math.inf if low is None else low, math.inf if high is None else high
    if row is not None and row.role is Role.TRANSPARENT and len(user.all_input_nodes) == 1 and user.users:
        return kept(user)
    return EVERYTHING
