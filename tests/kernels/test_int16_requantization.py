"""From accumulators of 32 bits to int16 in the depthwise kernels: any accumulator and scale, ties and both ends.

A layer whose weights are 0 has its bias for an accumulator, so every accumulator can be tried.
"""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.boards.board import Cpu
from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN
from mcugen.graph.graph import Graph
from mcugen.graph.ops import DepthwiseConv2d
from mcugen.graph.tensor import Quantization, Tensor
from mcugen.kernels import dsp, mve
from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.convolution.depthwise_conv2d_s16 import DepthwiseConv2dInt16Portable
from mcugen.kernels.portable.int16 import (
    ONE_ROUNDING,
    ONE_ROUNDING_WIDE,
    TWO_ROUNDINGS,
    TWO_ROUNDINGS_WIDE,
    finish_of,
)
from tests.graph.strategies import Case, make_case
from tests.kernels.checking import CORTEX_M3, CORTEX_M4, check
from tests.kernels.mve.cases import CORTEX_M55_INTEGER

CHANNELS = 256
KERNELS: dict[str, tuple[Kernel, Cpu]] = {
    "portable": (DepthwiseConv2dInt16Portable(), CORTEX_M3),
    "dsp": (dsp.DepthwiseConv2dInt16Dsp(), CORTEX_M4),
    "mve": (mve.DepthwiseConv2dInt16Mve(), CORTEX_M55_INTEGER),
}
FORMS = {
    # Type of the bias, and the real multipliers' exponents of 2.
    TWO_ROUNDINGS: ("int32", (-15, -6)),
    TWO_ROUNDINGS_WIDE: ("int32", (-15, 15)),
    ONE_ROUNDING: ("int64", (-15, -3)),
    ONE_ROUNDING_WIDE: ("int64", (-15, 6)),
}


def _biases(rng: np.random.Generator, scales: np.ndarray) -> np.ndarray:
    """In half steps of the output around all of its range, so that ties are common, and one off; some extreme."""
    halves = rng.integers(-(2**16) - 40, 2**16 + 40, CHANNELS) / 2
    near = np.round(halves / scales) + rng.integers(-1, 2, CHANNELS)
    ends = rng.choice([INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX], CHANNELS)
    return np.clip(np.where(rng.integers(0, 8, CHANNELS) == 0, ends, near), INT32_MIN, INT32_MAX)


def _layer(form: int, seed: int, clamp: tuple[int, int]) -> Case:
    rng = np.random.default_rng(seed)
    dtype, (least, most) = FORMS[form]
    mantissas = np.where(rng.random(CHANNELS) < 0.5, 1.0, rng.uniform(1, 2, CHANNELS))
    scales = (mantissas * 2.0 ** rng.integers(least, most + 1, CHANNELS)).astype(np.float32)
    bias = _biases(rng, scales)
    if form == TWO_ROUNDINGS:
        # Neither end of 32 bits has these few instructions.
        bias = np.clip(bias, -(2**30), 2**30)
    each = Quantization.per_channel(scales.astype(float), 3)
    unit = Quantization.per_tensor(1.0, 0, bits=16)
    tensors = [
        Tensor("input", (1, 1, 1, CHANNELS), "int16", unit),
        Tensor("weights", (1, 1, 1, CHANNELS), "int8", each, np.zeros((1, 1, 1, CHANNELS), np.int8)),
        Tensor("bias", (CHANNELS,), dtype, Quantization.per_channel(scales.astype(float), 0), bias.astype(dtype)),
        Tensor("output", (1, 1, 1, CHANNELS), "int16", unit),
    ]
    op = DepthwiseConv2d(name="layer", inputs=("input", "weights", "bias"), outputs=("output",), clamp=clamp)
    return make_case(op, tensors, rng)


def _form(graph: Graph) -> int:
    (op,) = graph.operators
    assert isinstance(op, DepthwiseConv2d)
    return finish_of(op, graph).form


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kernel", "cpu"), KERNELS.values(), ids=KERNELS)
def test_every_form(kernel: Kernel, cpu: Cpu, form: int) -> None:
    for seed, clamp in ((0, (-(2**15), 2**15 - 1)), (1, (0, 20000))):
        case = _layer(form, seed, clamp)
        assert _form(case.graph) == form
        # Helium leaves the last form to other kernels.
        assert check(kernel, case, cpu=cpu) or (kernel.library, form) == ("mve", ONE_ROUNDING_WIDE)
