"""Strategies for graphs with int16 activations."""

from __future__ import annotations

from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Requantize, WideSum
from mcugen.graph.ops.elementwise.requantize import TYPES
from tests.graph.strategies.draws import Case, Draw, make_case, random_values, scales, seeds, shapes, zero_points
from tests.graph.strategies.pairs import second_shape


@st.composite
def real_quantizations(draw: Draw, *, wide: bool | None = None) -> Quantization:
    """int8, or int16 with steps that are as much finer as not; of int16 mostly symmetric."""
    scale = draw(scales)
    if wide is None:
        wide = draw(st.booleans())
    if not wide:
        return Quantization.per_tensor(scale, draw(zero_points))
    point = draw(st.sampled_from([0, 0, 0, -32768, 32767, 1234]))
    return Quantization.per_tensor(scale / draw(st.sampled_from([1, 256])), point, 16)


def _ends(draw: Draw, q: Quantization) -> tuple[int, int]:
    low, high = q.integer_range
    return draw(st.sampled_from([(low, high), (low, high), (q.zero_point, high), (low // 2, high // 3)]))


@st.composite
def wide_sum_graphs(draw: Draw) -> Case:
    """One sum or difference; any of its tensors int16, either operand a constant, or both the same."""
    rng, shape = draw(seeds), draw(shapes())
    first, second = shape, second_shape(draw, shape)
    if draw(st.booleans()):
        first, second = second, first
    a, b = draw(real_quantizations()), draw(real_quantizations())
    if draw(st.booleans()):
        b = Quantization.per_tensor(a.scale * 2.0 ** draw(st.floats(-4, 4)), b.zero_point, b.bits)
    gain = draw(st.one_of(st.floats(-4, 4), st.floats(-12, 30)))
    out = draw(real_quantizations())
    out = Quantization.per_tensor(max(a.scale, b.scale) * 2.0**gain, out.zero_point, out.bits)
    tensors = [Tensor("input", first, a.dtype, a), Tensor("other", second, b.dtype, b)]
    constant = draw(st.sampled_from([None, None, 0, 1]))
    if constant is not None:
        plain = tensors[constant]
        data = random_values(rng, plain)
        tensors[constant] = Tensor(plain.name, plain.shape, plain.dtype, plain.quantization, data)
    twice = constant is None and draw(st.integers(0, 4)) == 0
    names = ("input", "input") if twice else ("input", "other")
    given = tensors[:1] if twice else tensors
    result = Tensor("output", first if twice else shape, out.dtype, out)
    sign = draw(st.sampled_from([1, -1]))
    op = WideSum(name="sum", inputs=names, outputs=("output",), sign=sign, clamp=_ends(draw, out))
    return make_case(op, [*given, result], rng)


@st.composite
def wide_requantize_graphs(draw: Draw) -> Case:
    """One requantize from or to int16."""
    shape, wide = draw(shapes()), draw(st.sampled_from([(True, False), (False, True), (True, True)]))
    x, out = draw(real_quantizations(wide=wide[0])), draw(real_quantizations(wide=wide[1]))
    if draw(st.booleans()):
        out = Quantization.per_tensor(x.scale * 2.0 ** draw(st.floats(-12, 9)), out.zero_point, out.bits)
    tensors = [Tensor("input", shape, x.dtype, x), Tensor("output", shape, out.dtype, out)]
    op = Requantize(name="requantize", inputs=("input",), outputs=("output",), clamp=_ends(draw, out))
    return make_case(op, tensors, draw(seeds))


@st.composite
def unsigned_requantize_graphs(draw: Draw) -> Case:
    """One requantize between int8 and a port that is uint8."""
    types = draw(st.permutations(["int8", "uint8"]))
    zeros = [draw(zero_points) + (128 if t == "uint8" else 0) for t in types]
    scale = 2.0 ** draw(st.floats(-12, 4))
    x = Quantization.per_tensor(scale, zeros[0])
    out = Quantization.per_tensor(scale * draw(st.sampled_from([1.0, 0.7, 3.0])), zeros[1])
    shape = draw(shapes())
    tensors = [Tensor("input", shape, types[0], x), Tensor("output", shape, types[1], out)]
    op = Requantize(name="requantize", inputs=("input",), outputs=("output",), clamp=tensors[1].integer_range)
    return make_case(op, tensors, draw(seeds))


@st.composite
def symmetric_requantize_graphs(draw: Draw) -> Case:
    """One requantize from or to 16 or 32 bits, which have the zero point 0, as LiteRT asks for."""
    bits = {"int8": 8, "int16": 16, "int32": 32}
    types = draw(st.sampled_from(sorted(pair for pair in TYPES - {("int8", "int8")} if "uint8" not in pair)))
    x, out = (
        Quantization.per_tensor(2.0 ** draw(st.floats(-16, 0)), draw(zero_points) if t == "int8" else 0, bits[t])
        for t in types
    )
    shape = draw(shapes())
    tensors = [Tensor("input", shape, x.dtype, x), Tensor("output", shape, out.dtype, out)]
    op = Requantize(name="requantize", inputs=("input",), outputs=("output",), clamp=out.integer_range)
    return make_case(op, tensors, draw(seeds))
