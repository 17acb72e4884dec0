"""The operators of the integer IR: one file each, in a folder for each family.

A family's `__init__.py` lists its operators in `OPERATORS`; a new family is one more name in `FAMILIES`.
"""

from __future__ import annotations

from mcugen.graph.ops import (
    convolution,
    elementwise,
    linear,
    movement,
    normalization,
    pooling,
    recurrent,
    reduction,
    resizing,
    tflm,
)
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution import *  # noqa: F403
from mcugen.graph.ops.elementwise import *  # noqa: F403
from mcugen.graph.ops.linear import *  # noqa: F403
from mcugen.graph.ops.movement import *  # noqa: F403
from mcugen.graph.ops.normalization import *  # noqa: F403
from mcugen.graph.ops.pooling import *  # noqa: F403
from mcugen.graph.ops.recurrent import *  # noqa: F403
from mcugen.graph.ops.reduction import *  # noqa: F403
from mcugen.graph.ops.resizing import *  # noqa: F403
from mcugen.graph.ops.tflm import *  # noqa: F403

FAMILIES = (
    convolution,
    elementwise,
    linear,
    movement,
    normalization,
    pooling,
    recurrent,
    reduction,
    resizing,
    tflm,
)

OPERATORS: dict[str, type[Operator]] = {cls.kind: cls for family in FAMILIES for cls in family.OPERATORS}
"""Every operator by its kind."""

__all__ = ["FAMILIES", "OPERATORS", "Operator"]
for _family in FAMILIES:
    __all__ += _family.__all__
