"""Functions of one int16, and softmax of int16, of every input: each kernel against the integer reference."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.interpolation import ENTRIES
from mcugen.graph.ops import Logistic, Operator, Softmax, Table, Tanh
from mcugen.graph.ops.elementwise.logistic import UNIT
from mcugen.kernels import registry
from tests.graph.strategies import Case, make_case
from tests.kernels.checking import check
from tests.kernels.mve.cases import CORTEX_M55

EVERY = np.arange(-(1 << 15), 1 << 15).astype(np.int16)
NAMES = {"name": "layer", "inputs": ("input",), "outputs": ("output",)}
FUNCTIONS: dict[str, tuple[Operator, tuple[float, ...]]] = {
    # The scale that TFLM has as a power of two, ranges within the table and far beyond it, one step for nearly all.
    "logistic": (Logistic(**NAMES), (0.0003, 2.0**-12, 0.001, 2.6, 1e-9)),
    "tanh": (Tanh(**NAMES), (0.0003, 2.0**-12, 2.0**-11, 2.6, 1e-9)),
    # Steps from one end to the other.
    "table": (Table(values=tuple(32767 * (-1) ** (i // 2) - i % 2 for i in range(ENTRIES)), **NAMES), (0.001,)),
    # Right and left shifts, and those that take differences out of 32 bits; nothing but the largest, nothing but 1.
    "softmax": (Softmax(**NAMES), (0.0002, 0.00003, 0.0001, 1e-9, 1.2, 2.4, 4.8, 9.6, 100.0)),
}


def _graph(op: Operator, shape: tuple[int, ...], scale: float) -> Graph:
    x = Tensor("input", shape, "int16", Quantization.per_tensor(scale, 0, 16))
    return make_case(op, [x, Tensor("output", shape, "int16", UNIT)], np.random.default_rng(0)).graph


def _cases() -> list[object]:
    pairs = [(name, scale) for name, (_, scales) in FUNCTIONS.items() for scale in scales]
    # One of each for every test run.
    often = {(name, scales[0]) for name, (_, scales) in FUNCTIONS.items()}
    return [pytest.param(*p, marks=() if p in often else pytest.mark.slow) for p in pairs]


@pytest.mark.parametrize(("name", "scale"), _cases())
def test_every_input(name: str, scale: float) -> None:
    op = FUNCTIONS[name][0]
    # One row's largest element and every difference to it; a sum of exponentials of more elements has 33 bits.
    values = EVERY[1:][None] if name == "softmax" else EVERY
    case = Case(_graph(op, values.shape, scale), {"input": values})
    kernels = registry.candidates(op, case.graph, CORTEX_M55)
    assert {k.library for k in kernels} >= {"portable", "mve"}
    for kernel in kernels:
        assert check(kernel, case, cpu=CORTEX_M55)
