"""Tables of functions of one tensor, and what is lost where int16 has lines between few values."""

from __future__ import annotations

import logging

from torch.fx import Node

from mcugen.frontend.lowering.functions import Functions
from mcugen.frontend.provenance import origin
from mcugen.graph.interpolation import furthest
from mcugen.graph.ops.elementwise.table import tabulate
from mcugen.graph.tensor import Quantization

log = logging.getLogger(__name__)

STEP_OF_INT8 = 256
"""Steps of int16 over the same range: a table that is further off at one place is coarser there than one of int8."""


def table_values(functions: Functions, node: Node, x: Quantization, out: Quantization) -> tuple[int, ...]:
    """As `tabulate`, of the function that ends in a node; a jump or a sharp bend that int16 loses is told."""
    values = tabulate(lambda real: functions.evaluate(node, real), x, out)
    if x.bits == 16:
        at, steps = furthest(lambda real: functions.evaluate(node, real), x, out, values)
        if steps > STEP_OF_INT8:
            log.warning(
                "%s: of int16 it is lines between 513 values; near %.3g, where it jumps or bends, they are off "
                "by %.3g. An int8 layer has all values: choose int8 for it in a file of rules (--precision FILE.yml)",
                origin(node),
                at,
                steps * out.scale,
            )
    return values
