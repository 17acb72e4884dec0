"""Strategies for graphs of one recurrent layer in LiteRT's integers, whose states stay between inferences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Graph, IntArray, Quantization, Tensor
from mcugen.graph.graph import State
from mcugen.graph.ops import Svdf, UnidirectionalSequenceLstm
from tests.graph.strategies.draws import Case, Draw, make_case, quantizations, random_values, seeds, zero_points

_sizes = st.one_of(st.integers(1, 9), st.sampled_from([13, 16, 17]))


@st.composite
def svdf_graphs(draw: Draw) -> Case:
    """Features and outputs from nearly constant to saturating; sums that wrap in the extreme."""
    rng = draw(seeds)
    dtype = draw(st.sampled_from(["int8", "int16"]))
    batch, depth, units, memory = draw(st.sampled_from([1, 1, 2, 3])), draw(_sizes), draw(_sizes), draw(_sizes)
    rank = draw(st.sampled_from([1, 1, 2, 3]))
    filters, bits = units * rank, 8 if dtype == "int8" else 16
    x = draw(quantizations)
    feature_scale, time_scale = (float(np.float32(2.0 ** draw(st.floats(-12, -4)))) for _ in range(2))
    width = 2.0 ** (bits - 2)
    state_scale = x.scale * feature_scale * 5000 * depth**0.5 / width * 2.0 ** -draw(st.floats(-3, 3))
    state = Quantization.per_tensor(state_scale, draw(zero_points) if dtype == "int8" else 0, bits)
    out_scale = state_scale * time_scale * width * width / 4 * filters**0.5 / 40 * 2.0 ** -draw(st.floats(-3, 3))
    most = 2 ** (bits - 1) - 1
    shapes = {"features": (filters, depth), "time": (filters, memory)}
    tensors = [
        Tensor("input", (batch, depth), "int8", x),
        Tensor("state", (batch, filters * memory), dtype, state),
        _constant("features", rng.integers(-127, 128, shapes["features"]), "int8", feature_scale),
        _constant("time", rng.integers(-most, most + 1, shapes["time"]), dtype, time_scale),
    ]
    if draw(st.integers(0, 3)):
        bias = rng.integers(-(2**20), 2**20, units)
        tensors.append(_constant("bias", bias, "int32", state.scale * time_scale))
    op = Svdf(name="svdf", inputs=tuple(t.name for t in tensors), outputs=("output", "after"), rank=rank)
    output = Quantization.per_tensor(out_scale, draw(zero_points))
    ends = [Tensor("output", (batch, units), "int8", output), replace(tensors[1], name="after")]
    return make_case(op, [*tensors, *ends], rng)


@st.composite
def sequence_lstm_graphs(draw: Draw) -> Case:
    """Gates from half open to saturated, cells of several scales, hidden states that saturate."""
    rng = draw(seeds)
    dtype = draw(st.sampled_from(["int8", "int16"]))
    batch, steps = draw(st.sampled_from([1, 1, 2, 3])), draw(st.integers(1, 4))
    depth, units, batch_first = draw(_sizes), draw(_sizes), draw(st.booleans())
    lead = (batch, steps) if batch_first else (steps, batch)
    narrow, bits = dtype == "int8", 8 if dtype == "int8" else 16
    width = 2.0 ** (bits - 1)
    x = Quantization.per_tensor(4.0 / width * draw(st.floats(0.3, 2)), draw(zero_points) if narrow else 0, bits)
    hidden = Quantization.per_tensor(1.0 / width * draw(st.floats(0.2, 2)), draw(zero_points) if narrow else 0, bits)
    cell = Quantization.per_tensor(2.0 ** draw(st.integers(-16, -8)), 0, 16)
    gains = [2.0 ** draw(st.floats(-2, 4)) for _ in range(2)]
    matrices = []
    for name, n, gain in zip(("of_input", "of_hidden"), (depth, units), gains, strict=True):
        scales = rng.uniform(0.5, 1.5, (4, 1)) * gain / n**0.5 / 127
        data = rng.integers(-127, 128, (4 * units, n)).astype(np.int8)
        quantization = Quantization.per_channel(np.broadcast_to(scales, (4, units)), 0)
        matrices.append(Tensor(name, data.shape, "int8", quantization, data))
    bias = np.rint(rng.normal(size=4 * units) * 2.0 / (x.scale * gains[0] / depth**0.5 / 127))
    bias_type = "int32" if narrow else "int64"
    tensors = [
        Tensor("input", (*lead, depth), dtype, x),
        Tensor("hidden", (batch, units), dtype, hidden),
        Tensor("cell", (batch, units), "int16", cell),
        *matrices,
        Tensor("bias", bias.shape, bias_type, None, bias.astype(bias_type)),
    ]
    op = UnidirectionalSequenceLstm(
        name="lstm",
        inputs=tuple(t.name for t in tensors),
        outputs=("sequence", "last_hidden", "last_cell"),
        batch_first=batch_first,
        cell_clip=draw(st.sampled_from([0, 0, 0, 20000, 3000])),
    )
    last = [replace(tensors[i], name=f"last_{tensors[i].name}") for i in (1, 2)]
    return make_case(op, [*tensors, Tensor("sequence", (*lead, units), dtype, hidden), *last], rng)


def _constant(name: str, values: IntArray, dtype: str, scale: float) -> Tensor:
    quantization = Quantization.per_tensor(scale, 0, 16 if dtype == "int16" else 8)
    return Tensor(name, values.shape, dtype, quantization, values.astype(dtype))


def stateful(case: Case) -> Graph:
    """The graph of `case` whose states stay from one inference to the next, and start at their zero points."""
    (op,) = case.graph.operators
    names = [t.name for t in case.graph.input_tensors(op)[1:] if not t.is_constant]
    states = []
    for name, result in zip(names, op.outputs[1:], strict=True):
        tensor = case.graph.tensor(name)
        states.append(State(name, name, result, np.full(tensor.shape, tensor.zero_point, tensor.dtype)))
    inputs = [p for p in case.graph.inputs if p.tensor not in names]
    outputs = [p for p in case.graph.outputs if p.tensor == op.outputs[0]]
    graph = case.graph.with_changes(inputs=inputs, outputs=outputs, states=states)
    graph.validate()
    return graph


def steps_of(graph: Graph, count: int, rng: np.random.Generator) -> list[IntArray]:
    """Random inputs, one for each step."""
    tensor = graph.tensor(graph.inputs[0].tensor)
    return [random_values(rng, tensor) for _ in range(count)]
