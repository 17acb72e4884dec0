"""The lowering table: one row per aten operator, in the file of its family in `rows`.

Adding an operator to the front end is adding a row to its family's `ROWS`; a new family is one more name in `FAMILIES`.
"""

from __future__ import annotations

from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Row
from mcugen.frontend.lowering.rows import (
    activation,
    adaptive,
    convolution,
    elementwise,
    embedding,
    gathering,
    integers,
    linear,
    movement,
    normalization,
    padding,
    pairs,
    placed,
    pooling,
    recurrent,
    reduction,
    resizing,
    selection,
    softmax,
)

FAMILIES = (
    activation,
    adaptive,
    convolution,
    elementwise,
    embedding,
    gathering,
    integers,
    linear,
    movement,
    normalization,
    padding,
    pairs,
    placed,
    pooling,
    resizing,
    reduction,
    selection,
    recurrent,
    softmax,
)


def _collect() -> dict[str, Row[Lowering]]:
    rows: dict[str, Row[Lowering]] = {}
    for family in FAMILIES:
        twice = rows.keys() & family.ROWS.keys()
        if twice:
            raise ValueError(f"{family.__name__} has rows that another family has: {sorted(twice)}")
        rows |= family.ROWS
    return rows


ROWS: dict[str, Row[Lowering]] = _collect()
"""Operator name (overload included) -> row."""
