"""How each operator of LiteRT becomes operators of the IR: a row each, a table for each family.

A row gets the operator as a `Step`. A new family is one more name in `FAMILIES`.
"""

from __future__ import annotations

from mcugen.frontend.litert.operators import (
    arithmetic,
    border,
    convolution,
    function,
    integers,
    linear,
    movement,
    normalization,
    pooling,
    rearrangement,
    recurrent,
    reduction,
    resizing,
    selection,
    variables,
)
from mcugen.frontend.litert.step import Row

FAMILIES = (
    arithmetic,
    border,
    convolution,
    function,
    integers,
    linear,
    movement,
    normalization,
    pooling,
    rearrangement,
    recurrent,
    reduction,
    resizing,
    selection,
    variables,
)

ROWS: dict[str, Row] = {name: row for family in FAMILIES for name, row in family.ROWS.items()}
"""By the name of the builtin operator."""
