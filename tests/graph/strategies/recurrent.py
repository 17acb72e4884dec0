"""Hypothesis strategies for graphs of one recurrent layer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Gru, Lstm, Operator, Rnn
from mcugen.graph.ops.recurrent.layer import (
    CELL_QUANTIZATION,
    RESULTS,
    RecurrentLayer,
    finest_precision,
    hidden_quantization,
    input_scale,
)
from tests.graph.strategies.draws import Case, Draw, make_case, quantizations, seeds, zero_points

FORMS = (
    ("zeros", ("sequence",)),
    ("values", ("sequence",)),
    ("values", ("sequence", "hidden", "cell")),
    ("constants", ("hidden",)),
)
"""Initial states and results. Each is a C function of its own, so the common ones alone; of those without a cell, all
but that. `EVERY_FORM` has all."""

EVERY_FORM = tuple(
    (initial, tuple(r for r, wanted in zip(RESULTS, bits, strict=True) if wanted))
    for initial in ("zeros", "values", "constants")
    for bits in itertools.product((True, False), repeat=len(RESULTS))
    if any(bits)
)

_sizes = st.one_of(st.integers(1, 9), st.sampled_from([13, 16, 17]))


@st.composite
def layers(
    draw: Draw,
    kind: type[RecurrentLayer],
    forms: Sequence[tuple[str, tuple[str, ...]]] = FORMS,
    bits: int = 8,
    **fixed: object,
) -> Case:
    """One recurrent layer of a kind; gate inputs from tiny to saturating, any output scale.

    Args:
        bits: of its input and of its sequence.
    """
    rng = draw(seeds)
    initial, wanted = draw(st.sampled_from([f for f in forms if kind.has_cell or f[1] != ("cell",)]))
    results = tuple(result for result in wanted if kind.has_cell or result != "cell")
    batch_first, given = draw(st.booleans()), initial != "zeros"
    steps, batch = draw(st.integers(1, 5)), draw(st.sampled_from([1, 1, 2, 3]))
    depth, units = draw(_sizes), draw(_sizes)
    projected = kind is Lstm and draw(st.integers(0, 2)) == 0
    channels = draw(_sizes) if projected else units
    lead = (batch, steps) if batch_first else (steps, batch)
    rows = kind.gates * units
    state_bits = draw(st.sampled_from([15, 15, 14, 11, 6]))
    states = [
        ("hidden", (batch, channels), "int16", hidden_quantization(state_bits)),
        ("cell", (batch, units), "int32", CELL_QUANTIZATION),
    ][: 1 + kind.has_cell]
    x_scale = float(np.float32(2.0 ** draw(st.floats(-9, 0)) * (1 if bits == 8 else 2.0**-8)))
    of_input = Quantization.per_tensor(x_scale, draw(zero_points) if bits == 8 else 0, bits)
    tensors = [Tensor("input", (*lead, depth), of_input.dtype, of_input)]
    for name, shape, dtype, quantization in states if given else []:
        data = rng.integers(-30000, 30001, shape).astype(dtype) if initial == "constants" else None
        tensors.append(Tensor(f"first_{name}", shape, dtype, quantization, data))
    tensors += [_matrix(rng, name, (rows, n)) for name, n in (("of_input", depth), ("of_state", channels))]
    bias = rng.integers(-(2**19), 2**19, (kind.bias_rows, rows)).astype(np.int32)
    if kind.bias_rows > 1:
        bias[1, : -units or None] = 0
    tensors.append(Tensor("bias", bias.shape, "int32", None, bias))
    if projected:
        tensors.append(_matrix(rng, "projection", (channels, units)))
    attributes = dict(fixed, projected=projected) if kind is Lstm else dict(fixed)
    matrices = [np.array(t.quantization.scales) for t in tensors[-3 - projected :][:2] if t.quantization is not None]
    most = finest_precision(input_scale(of_input), state_bits, *matrices, 0.0)
    op: Operator = kind(
        name="layer",
        inputs=tuple(t.name for t in tensors),
        outputs=results,
        results=results,
        reverse=draw(st.booleans()),
        batch_first=batch_first,
        given_state=given,
        precision=min(draw(st.sampled_from([16, 16, 12, 7])), most),
        state_bits=state_bits,
        **attributes,
    )
    sequence = draw(quantizations)
    if bits == 16:
        sequence = Quantization.per_tensor(sequence.scale * draw(st.sampled_from([2.0**-8, 2.0**-24])), 0, 16)
    ends = [("sequence", (*lead, channels), sequence.dtype, sequence), *states]
    tensors += [Tensor(*end) for end in ends if end[0] in results]
    return make_case(op, tensors, rng)


def _matrix(rng: np.random.Generator, name: str, shape: tuple[int, int]) -> Tensor:
    scales = 2.0 ** rng.uniform(-12, -5.1, shape[0])
    data = rng.integers(-127, 128, shape).astype(np.int8)
    return Tensor(name, shape, "int8", Quantization.per_channel(scales, 0), data)


def lstm_graphs(bits: int = 8) -> st.SearchStrategy[Case]:
    return layers(Lstm, bits=bits)


def gru_graphs(bits: int = 8) -> st.SearchStrategy[Case]:
    return layers(Gru, bits=bits)


@st.composite
def rnn_graphs(draw: Draw, bits: int = 8) -> Case:
    return draw(layers(Rnn, bits=bits, relu=draw(st.booleans())))
