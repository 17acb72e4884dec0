"""Strategies for graphs between float32 and quantized values."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Dequantize, Quantize
from mcugen.graph.ops.elementwise.quantize import TYPES
from mcugen.graph.tensor import dtype_range
from tests.graph.strategies.draws import Case, Draw, make_case, scales, seeds, shapes

EXTREMES = np.array(
    [np.nan, -np.nan, np.inf, -np.inf, 3.4028235e38, -3.4028235e38, 1.2e-38, 1e-45, -1e-45, 0.0, -0.0], np.float32
)


@st.composite
def _integers(draw: Draw, shape: tuple[int, ...]) -> Tensor:
    dtype = draw(st.sampled_from(TYPES))
    low, high = dtype_range(dtype)
    point = draw(st.one_of(st.sampled_from([low, high, min(max(0, low), high)]), st.integers(low, high)))
    # Of a power of two ties are exact.
    scale = draw(st.one_of(scales, st.sampled_from([0.25, 1.0, 2.0**-20, 1e-38, 1e30])))
    return Tensor("integers", shape, dtype, Quantization.per_tensor(scale, point))


def around(rng: np.random.Generator, tensor: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """On the integers, between them, halfway, a bit beyond; a part of them extreme."""
    low, high = tensor.integer_range
    steps = rng.integers(low - 3, high + 3, shape, endpoint=True) - tensor.zero_point
    fraction = rng.choice([0, 0.5, -0.5, 0.4999999, 0.5000001, 0.25], shape)
    with np.errstate(over="ignore"):
        real = ((steps + fraction) * tensor.scale).astype(np.float32)
    return np.where(rng.random(shape) < 0.2, rng.choice(EXTREMES, shape), real).astype(np.float32)


@st.composite
def quantize_graphs(draw: Draw) -> Case:
    """One quantize; a factor of its own for some, or one and an offset for each index along an axis."""
    shape, rng = draw(shapes()), draw(seeds)
    out = draw(_integers(shape))
    op = Quantize(name="quantize", inputs=("real",), outputs=("integers",))
    kind = draw(st.sampled_from(["plain", "factor", "channels"]))
    if kind == "factor":
        op = Quantize(name="quantize", inputs=("real",), outputs=("integers",), factors=(draw(scales),))
    elif kind == "channels" and shape:
        axis = draw(st.integers(0, len(shape) - 1))
        factors, offsets = (rng.uniform(low, 2, shape[axis]).astype(np.float32).tolist() for low in (0.01, -2))
        op = Quantize(
            name="quantize",
            inputs=("real",),
            outputs=("integers",),
            axis=axis,
            factors=tuple(factors),
            offsets=tuple(offsets),
        )
    case = make_case(op, [Tensor("real", shape, "float32"), out], rng)
    return Case(case.graph, {"real": around(rng, out, shape)})


@st.composite
def dequantize_graphs(draw: Draw) -> Case:
    """One dequantize."""
    shape = draw(shapes())
    op = Dequantize(name="dequantize", inputs=("integers",), outputs=("real",))
    return make_case(op, [draw(_integers(shape)), Tensor("real", shape, "float32")], draw(seeds))
