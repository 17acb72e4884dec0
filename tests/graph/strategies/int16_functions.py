"""Strategies for functions of int16 by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import IntArray, Quantization, Tensor
from mcugen.graph.ops import Logistic, Operator, Tanh
from mcugen.graph.ops.elementwise.logistic import UNIT
from tests.graph.strategies.draws import Case, Draw, make_case, seeds, shapes

LEAST, MOST = -32768, 32767


def random_int16(rng: np.random.Generator, shape: tuple[int, ...]) -> IntArray:
    """Integers over the whole range; one array in three has only few different values, extremes among them."""
    if rng.integers(3) == 0:
        return rng.choice(np.array([LEAST, LEAST + 1, -1, 0, 1, MOST], np.int16), shape)
    return rng.integers(LEAST, MOST, shape, endpoint=True).astype(np.int16)


def quantization(scale: float) -> Quantization:
    return Quantization.per_tensor(scale, 0, bits=16)


_exponents = st.one_of(st.floats(-20, 1.4), st.integers(-14, 1).map(float), st.just(-11.9995))


def sigmoid_graphs(
    cls: type[Logistic] | type[Tanh], exponents: st.SearchStrategy[float] = _exponents
) -> Callable[[], st.SearchStrategy[Case]]:
    """Args:
    exponents: of the input's scale, a power of two.
    """

    @st.composite
    def graphs(draw: Draw) -> Case:
        exponent = draw(exponents)
        op = cls(name="function", inputs=("input",), outputs=("output",))
        return function_case(op, draw(shapes()), quantization(2.0**exponent), UNIT, draw(seeds))

    return graphs


def function_case(
    op: Operator, shape: tuple[int, ...], x: Quantization, out: Quantization, rng: np.random.Generator
) -> Case:
    case = make_case(op, [Tensor("input", shape, "int16", x), Tensor("output", shape, "int16", out)], rng)
    return Case(case.graph, {"input": random_int16(rng, shape)})
