"""Strategies for element-wise operators: sums, products, other scales, clamps, tables."""

from __future__ import annotations

from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import (
    Add,
    Clamp,
    Mul,
    Requantize,
    Sub,
    Table,
)
from mcugen.graph.tensor import ACTIVATION_DTYPES
from tests.graph.strategies.draws import (
    Case,
    Draw,
    clamps,
    make_case,
    quantizations,
    random_int8,
    seeds,
    shapes,
    unary,
    zero_points,
)
from tests.graph.strategies.pairs import second_shape


def _binary(
    draw: Draw, cls: type[Add] | type[Mul] | type[Sub], broadcast: bool, constant: bool | None, out_scale: str
) -> Case:
    rng = draw(seeds)
    shape = draw(shapes())
    first, second = shape, second_shape(draw, shape) if broadcast else shape
    if draw(st.booleans()):
        first, second = second, first
    a = draw(quantizations)
    b = Quantization.per_tensor(a.scale * 2.0 ** draw(st.floats(-4, 4)), draw(zero_points))
    natural = max(a.scale, b.scale) if out_scale == "sum" else a.scale * b.scale * 64
    out = Quantization.per_tensor(natural * 2.0 ** draw(st.floats(-4, 4)), draw(zero_points))
    tensors = [
        Tensor("input", first, "int8", a),
        Tensor("other", second, "int8", b),
        Tensor("output", shape, "int8", out),
    ]
    if constant if constant is not None else draw(st.integers(0, 3)) == 0:
        tensors[1] = Tensor("other", second, "int8", b, random_int8(rng, second))
    elif cls is Sub and constant is None and draw(st.integers(0, 2)) == 0:
        tensors[0] = Tensor("input", first, "int8", a, random_int8(rng, first))
    clamp = draw(clamps(out.zero_point))
    return make_case(cls(name=cls.kind, inputs=("input", "other"), outputs=("output",), clamp=clamp), tensors, rng)


@st.composite
def add_graphs(draw: Draw, *, broadcast: bool = True, constant: bool | None = None) -> Case:
    """One add; `constant` says whether the second input is one."""
    return _binary(draw, Add, broadcast, constant, "sum")


@st.composite
def sub_graphs(draw: Draw, *, broadcast: bool = True, constant: bool | None = None) -> Case:
    """One sub; `constant` says whether the second input is one."""
    return _binary(draw, Sub, broadcast, constant, "sum")


@st.composite
def mul_graphs(draw: Draw, *, broadcast: bool = True, constant: bool | None = None) -> Case:
    """One mul; `constant` says whether the second input is one."""
    return _binary(draw, Mul, broadcast, constant, "product")


@st.composite
def requantize_graphs(draw: Draw) -> Case:
    """One requantize."""
    shape, q = draw(shapes()), draw(quantizations)
    gain = draw(st.one_of(st.floats(-3, 3), st.floats(-12, 9)))
    out = Quantization.per_tensor(q.scale * 2.0**gain, draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", shape, "int8", out)]
    op = Requantize(name="requantize", inputs=("input",), outputs=("output",), clamp=draw(clamps(out.zero_point)))
    return make_case(op, tensors, draw(seeds))


@st.composite
def clamp_graphs(draw: Draw) -> Case:
    """One clamp."""
    shape, q = draw(shapes()), draw(quantizations)
    op = Clamp(name="clamp", inputs=("input",), outputs=("output",), clamp=draw(clamps(q.zero_point)))
    return unary(draw, op, shape, shape, q)


@st.composite
def table_graphs(draw: Draw) -> Case:
    """One table of any 256 values: int8 with a scale, or sometimes plain integers or booleans."""
    shape, rng = draw(shapes()), draw(seeds)
    tensors = [Tensor(name, shape, "int8", draw(quantizations)) for name in ("input", "output")]
    values = tuple(int(v) for v in random_int8(rng, (256,)))
    if draw(st.booleans()):
        dtype = draw(st.sampled_from(sorted(ACTIVATION_DTYPES)))
        tensors[1] = Tensor("output", shape, dtype)
        low, high = tensors[1].integer_range
        values = tuple(int(v) for v in rng.integers(low, high, 256, endpoint=True))
    return make_case(Table(name="table", inputs=("input",), outputs=("output",), values=values), tensors, rng)
