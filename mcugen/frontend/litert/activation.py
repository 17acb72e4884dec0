"""Fused activations as limits of the output's integers."""

from __future__ import annotations

import math

import numpy as np

from mcugen.frontend.litert.step import Step
from mcugen.graph.tensor import Tensor
from mcugen.litert.format.enums import ACTIVATIONS

_LIMITS = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
    "RELU6": (0.0, 6.0),
}
"""The real numbers that an activation keeps the output within."""


def limits(name: str, out: Tensor) -> tuple[int, int]:
    """The lowest and highest integer of an output behind a fused activation.

    Source: TensorFlow Lite's range of quantized activations: a limit divided by the scale in float32, rounded half away
    from zero, plus the zero point; inside the type.
    """
    low, high = out.integer_range
    least, most = (None if real is None else _integer(real, out) for real in _LIMITS[name])
    return low if least is None else max(low, least), high if most is None else min(high, most)


def _integer(real: float, out: Tensor) -> int:
    with np.errstate(over="ignore"):
        steps = float(np.float32(real) / np.float32(out.scale))
    # Beyond any type is as good as infinite.
    steps = min(max(steps, -(2.0**40)), 2.0**40)
    return out.zero_point + int(math.copysign(math.floor(abs(steps) + 0.5), steps))


def fused(step: Step, table: str, out: Tensor) -> tuple[int, int]:
    """`limits` of the activation that the operator's options name."""
    if out.quantization is None:
        step.fail(f"makes {out.name!r}, which has no scale", "quantize the model when it is converted")
    number = step.option(table, "fused_activation_function")
    name = ACTIVATIONS[number] if 0 <= number < len(ACTIVATIONS) else str(number)
    if name not in _LIMITS:
        step.fail(f"has the fused activation {name}", "give the activation an operator of its own")
    return limits(name, out)
