"""Activations that limit values: relu, relu6, hardtanh, clamp."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.lowering.rows.integers import limited
from mcugen.graph.ops import Clamp
from mcugen.graph.tensor import Quantization

Bounds = tuple[float | None, float | None]


def fixed(low: float | None, high: float | None) -> Callable[[Node], Bounds]:
    """Bounds that are the same for every node."""
    return lambda node: (low, high)


def from_arguments(low: str, high: str) -> Callable[[Node], Bounds]:
    """Bounds that are numbers among the node's arguments; a missing one is no bound."""

    def bounds(node: Node) -> Bounds:
        bound = bind(node)
        return bound.get(low), bound.get(high)

    return bounds


def quantized_bound(value: float | None, quantization: Quantization, default: int) -> int:
    """The integer that a bound becomes: rounding is monotone, so limiting before or after quantizing is the same."""
    if value is None:
        return default
    # float32 and round half to even, as the program's quantize does it.
    scaled = np.float32(value) * (np.float32(1.0) / np.float32(quantization.scale))
    return int(np.clip(np.rint(scaled) + quantization.zero_point, *quantization.integer_range))


def activation(ctx: Lowering, node: Node, out: Quantization) -> str:
    row = ctx.row(node)
    assert row.bounds is not None
    low, high = row.bounds(node)
    if isinstance(low, Node) or isinstance(high, Node):
        raise ctx.unsupported(node, "its bounds are tensors", "use numbers as bounds")
    if any(bound is not None and math.isnan(bound) for bound in (low, high)):
        raise ctx.unsupported(node, "a bound is not a number", "use finite bounds")
    x = ctx.requantize(node, ctx.moved(node, node.all_input_nodes[0], out), out)
    lowest, highest = out.integer_range
    limits = (quantized_bound(low, out, lowest), quantized_bound(high, out, highest))
    return ctx.emit(Clamp, node, (x,), ctx.tensors[x].shape, out, clamp=(min(limits), limits[1]))


_CLAMP = Row(activation, Role.ACTIVATION, integers=limited, bounds=from_arguments("min", "max"))

ROWS: dict[str, Row[Lowering]] = {
    "aten.relu.default": Row(activation, Role.ACTIVATION, integers=limited, bounds=fixed(0.0, None)),
    "aten.relu6.default": Row(activation, Role.ACTIVATION, integers=limited, bounds=fixed(0.0, 6.0)),
    "aten.hardtanh.default": Row(
        activation, Role.ACTIVATION, integers=limited, bounds=from_arguments("min_val", "max_val")
    ),
    "aten.clamp.default": _CLAMP,
    "aten.clamp_min.default": _CLAMP,
    "aten.clamp_max.default": _CLAMP,
}
