"""What is lost where a function of int16 is lines between few values."""

from __future__ import annotations

from torch.fx import Node

from mcugen.frontend.lowering.functions import Functions
from mcugen.frontend.provenance import origin
from mcugen.graph.interpolation import furthest
from mcugen.graph.tensor import Quantization

STEP_OF_INT8 = 256
"""Steps of int16 over the same range: a table that is further off at one place is coarser there than one of int8."""


def lost_between(
    functions: Functions, node: Node, x: Quantization, out: Quantization, values: tuple[int, ...]
) -> str | None:
    """For people: a jump or a sharp bend, between two values, of the function that ends in a node; None without one.

    Args:
        values: of `tabulate`, from `x` of 16 bits to `out`.
    """
    at, steps = furthest(lambda real: functions.evaluate(node, real), x, out, values)
    if steps <= STEP_OF_INT8:
        return None
    return (
        f"{origin(node)}: of int16 it is lines between 513 values; near {at:.3g}, where it jumps or bends, they are "
        f"off by {steps * out.scale:.3g}. An int8 layer has all values: choose int8 for it in a file of rules "
        "(--precision FILE.yml)"
    )
