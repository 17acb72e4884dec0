"""Strategies for graphs of one operator with int16 activations: those of int8, widened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from mcugen.graph import Tensor
from mcugen.graph.interpolation import ENTRIES
from mcugen.graph.ops import FullyConnected, Logistic, MaskedSoftmax, Operator, Softmax, Table, Tanh
from mcugen.graph.ops.convolution.base import Convolution
from mcugen.graph.ops.normalization.wide_softmax import WIDE_SHARES
from tests.graph import strategies as s
from tests.graph.strategies.draws import Case, Draw, make_case, seeds, shapes
from tests.graph.strategies.int16_functions import (
    LEAST,
    MOST,
    function_case,
    quantization,
    random_int16,
    sigmoid_graphs,
)
from tests.graph.strategies.recurrent import gru_graphs, lstm_graphs, rnn_graphs

WIDENED = (
    "add",
    "average_pool2d",
    "batch_matmul",
    "clamp",
    "concatenation",
    "conv2d",
    "copy",
    "depthwise_conv2d",
    "fully_connected",
    "max_pool2d",
    "mean",
    "mul",
    "reduce_sum",
    "reshape",
    "softmax",
    "squared_difference",
    "sub",
    "transpose",
    "transposed_conv2d",
)
"""Kinds whose int8 strategies are widened, and that TFLM has of int16, or (transpose) of int8 alone."""

OWN = (
    "adaptive_average_pool2d",
    "cumulative_sum",
    "div",
    "log_softmax",
    "masked_softmax",
    "prelu",
    "resize_bilinear",
    "take_sum",
)
"""Kinds that are widened as well, and that TFLM does not have of int16."""


def with_int16(case: Case, rng: np.random.Generator, *, bias: str | None = None) -> Case:
    """The operator of a case on int16: the same shapes, weights and real ranges, another input.

    Args:
        bias: the type of a bias, "int32" or "int64"; None: int32 where the accumulators fit it.
    """
    (op,) = case.graph.operators
    weighted = isinstance(op, Convolution | FullyConnected)
    pool = dict(case.graph.tensors)
    for name, t in case.graph.tensors.items():
        if t.dtype == "int8" and not (weighted and t.is_constant):
            data = random_int16(rng, t.shape) if t.is_constant else None
            pool[name] = replace(t, dtype="int16", quantization=quantization(t.scale / 256), data=data)
    op = _with_limits(op, case.graph.tensor(op.outputs[0]))
    if isinstance(op, Softmax | MaskedSoftmax):
        pool[op.outputs[0]] = replace(pool[op.outputs[0]], quantization=WIDE_SHARES)
    if weighted and len(op.inputs) > 2:
        pool[op.inputs[2]] = _wide_bias(pool[op.inputs[2]], pool[op.inputs[1]], op, bias)
    widened = make_case(op, [pool[n] for n in dict.fromkeys((*op.inputs, *op.outputs))], rng)
    wide = {n for n in widened.inputs if widened.graph.tensor(n).dtype == "int16"}
    extremes = {n: random_int16(rng, widened.graph.tensor(n).shape) for n in widened.inputs if n in wide}
    return Case(widened.graph, {**widened.inputs, **extremes})


def _with_limits(op: Operator, out: Tensor) -> Operator:
    """The clamp in steps of int16; the whole range stays whole."""
    if "clamp" not in {f.name for f in fields(op)}:
        return op
    low, high = op.clamp  # type: ignore[attr-defined]
    low, high = (int(np.clip((end - out.zero_point) * 256, LEAST, MOST)) for end in (low, high))
    return replace(op, clamp=(LEAST if op.clamp[0] == -128 else low, MOST if op.clamp[1] == 127 else high))  # type: ignore[attr-defined]


def _wide_bias(bias: Tensor, weights: Tensor, op: Operator, wanted: str | None) -> Tensor:
    assert bias.data is not None and weights.data is not None
    values = bias.data.astype(np.int64) * 256
    axis = getattr(op, "WEIGHT_AXIS", 0)
    sums = np.abs(np.moveaxis(weights.data.astype(np.int64), axis, 0)).reshape(len(values), -1).sum(axis=1) << 15
    fits = bool((sums + np.abs(values) < 2**31).all())
    dtype = wanted or ("int32" if fits else "int64")
    assume(fits or dtype == "int64")
    assert bias.quantization is not None
    fine = replace(bias.quantization, scales=tuple(scale / 256 for scale in bias.quantization.scales))
    return replace(bias, dtype=dtype, quantization=fine, data=values.astype(dtype))


@st.composite
def widened(draw: Draw, narrow: st.SearchStrategy[Case], *, bias: str | None = None) -> Case:
    """A case of int8 of one of the kinds `WIDENED`, on int16; the bias of either type, or of the given one."""
    case, rng = draw(narrow), draw(seeds)
    assume(all(t.quantization is not None or t.dtype == "bool" for t in case.graph.tensors.values()))
    try:
        return with_int16(case, rng, bias=bias or draw(st.sampled_from([None, None, "int64"])))
    except ValueError as error:
        # Scales that 64-bit accumulators have no multiplier for, windows whose sum leaves 32 bits.
        assume("output steps or more" not in str(error) and "exceed 32 bits" not in str(error))
        raise


@st.composite
def wide_table_graphs(draw: Draw) -> Case:
    """One table of any 513 values."""
    shape, rng = draw(shapes()), draw(seeds)
    values = tuple(int(v) for v in random_int16(rng, (ENTRIES,)))
    op = Table(name="table", inputs=("input",), outputs=("output",), values=values)
    return function_case(op, shape, quantization(0.01), quantization(0.02), rng)


@st.composite
def compared_graphs(draw: Draw) -> Case:
    """Comparisons of two tensors of one scale."""
    case, rng = draw(s.ALL["compare"]()), draw(seeds)
    (op,) = case.graph.operators
    pool = {
        name: replace(
            t,
            dtype="int16",
            quantization=quantization(0.01),
            data=random_int16(rng, t.shape) if t.is_constant else None,
        )
        if t.dtype in ("int8", "int16")
        else t
        for name, t in case.graph.tensors.items()
    }
    wide = make_case(op, [pool[n] for n in dict.fromkeys((*op.inputs, *op.outputs))], rng)
    return Case(wide.graph, {n: random_int16(rng, wide.graph.tensor(n).shape) for n in wide.inputs})


ALL: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    **{kind: (lambda kind=kind: widened(s.ALL[kind]())) for kind in (*WIDENED, *OWN)},  # type: ignore[misc]
    "compare": compared_graphs,
    "gru": lambda: gru_graphs(16),
    "inverse_root": s.ALL["inverse_root"],
    "logistic": sigmoid_graphs(Logistic),
    "lstm": lambda: lstm_graphs(16),
    "normalize": lambda: s.normalize_graphs(16),
    "rnn": lambda: rnn_graphs(16),
    "slopes": s.ALL["slopes"],
    "table": wide_table_graphs,
    "tanh": sigmoid_graphs(Tanh),
}
"""Strategies of int16 by the operator's kind."""
