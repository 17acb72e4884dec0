"""Between types: QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

import numpy as np

from mcugen.frontend.litert.network import FLOAT_HINT
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Requantize, Table
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import Tensor


def _quantize(step: Step) -> None:
    given = step.given(0)
    if given.type == "FLOAT32":
        if given.index not in step.network.reals:
            step.fail(f"quantizes {given}, which is computed in float", FLOAT_HINT)
        _from_real(step, step.network.reals[given.index])
        return
    out = step.out()
    step.append(Requantize, [step.x()], out, clamp=out.integer_range)


def _from_real(step: Step, x: Tensor) -> None:
    """Back from float at once: a table of what float32 makes of each integer, or nothing where the scales agree.

    Source: TensorFlow Lite Micro's QUANTIZE: value / scale in float32, rounded half away from zero, plus zero point.
    """
    out = step.out()
    if (x.dtype, x.quantization) == (out.dtype, out.quantization):
        step.reshape_into(x, out)
        return
    if x.dtype != "int8" or out.dtype != "int8":
        step.fail(f"quantizes to {out.dtype} what was {x.dtype}")
    real = (ELEMENTS.astype(np.int32) - x.zero_point).astype(np.float32) * np.float32(x.scale)
    steps = (real / np.float32(out.scale)).astype(np.float64)
    rounded = np.trunc(steps + np.copysign(0.5, steps))
    values = np.clip(rounded + out.zero_point, -128, 127)
    step.append(Table, [x], out, values=tuple(int(v) for v in values))


def _dequantize(step: Step) -> None:
    """Real numbers are never computed: who reads them quantizes them again, or is an output, which gives integers."""
    step.network.reals[step.result().index] = step.x()


ROWS: dict[str, Row] = {
    "DEQUANTIZE": _dequantize,
    "QUANTIZE": _quantize,
}
