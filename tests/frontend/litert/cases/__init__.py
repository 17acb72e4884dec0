"""Random files of one operator each, for every operator that is read: shapes, quantizations and attributes drawn.

A file of this folder for each family of operators; each has its cases in `CASES`, and in `WIDE` those of int16.
"""

from __future__ import annotations

from tests.frontend.litert.cases import elementwise, movement, reduction, weighted
from tests.frontend.litert.cases.drawing import Maker, wide

_FAMILIES = (elementwise, movement, reduction, weighted)

CASES: dict[str, Maker] = {name: make for family in _FAMILIES for name, make in family.CASES.items()}
CASES |= {f"{name} int16": wide(make) for family in _FAMILIES for name, make in family.WIDE.items()}
"""By the name of the operator, and of the type where it is not int8."""
