"""Recurrent layers: `mcugen::recurrent`, one direction of one layer (see `mcugen.frontend.rewrites.recurrent`).

Nothing inside a layer has a range from samples: gates and cells have fixed scales that hold all they can be, hidden
states are within 1, or within what a projection's weights allow. Only the hidden state of a ReLU layer takes the range
that was observed of its results.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind, shape_of
from mcugen.frontend.lowering.context import Lowering, reach
from mcugen.frontend.lowering.row import KEPT, Role, Row
from mcugen.graph.arithmetic import INT32_MAX
from mcugen.graph.ops import Gru, Lstm, Rnn
from mcugen.graph.ops.recurrent.layer import (
    CELL,
    CELL_QUANTIZATION,
    HIDDEN,
    MOST_STATE_BITS,
    MOST_STEPS,
    SEQUENCE,
    WIDEST,
    RecurrentLayer,
    finest_precision,
    hidden_quantization,
    input_scale,
)
from mcugen.graph.ops.recurrent.sigmoid import LEAST_PRECISION
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import Quantization

Float64Array = npt.NDArray[np.float64]

SEQUENCES = {
    "aten.lstm.input": "lstm",
    "aten.gru.input": "gru",
    "aten.rnn_tanh.input": "rnn_tanh",
    "aten.rnn_relu.input": "rnn_relu",
}
"""Operators over all layers and steps, and the kind of their cells."""

CELLS = {
    "aten.lstm_cell.default": "lstm",
    "aten.gru_cell.default": "gru",
    "aten.rnn_tanh_cell.default": "rnn_tanh",
    "aten.rnn_relu_cell.default": "rnn_relu",
}
"""Operators for one step."""

_KINDS: dict[str, type[RecurrentLayer]] = {"lstm": Lstm, "gru": Gru, "rnn_tanh": Rnn, "rnn_relu": Rnn}
_MOST_SUM = INT32_MAX // WIDEST


def _real(ctx: Lowering, node: Node, value: Any) -> Float64Array:
    constant = ctx.constant_value(value)
    if constant is None:
        raise ctx.unsupported(node, "its weights are computed at run time", "use constant weights")
    real: Float64Array = constant.double().numpy()
    if not np.isfinite(real).all():
        raise ctx.unsupported(node, "its weights are not finite", "train or load the model's weights again")
    return real


def quantize_rows(matrix: Float64Array) -> tuple[npt.NDArray[np.int8], Float64Array]:
    """int8 in [-127, 127] with a float32 scale for each row, coarser where 32-bit sums of 16-bit products need it."""
    scales = np.maximum(np.abs(matrix).max(axis=1) / 127, 2.0**-30)
    # Rounding can add half a step to each weight.
    sums = np.abs(matrix / scales[:, None]).sum(axis=1) + 0.5 * matrix.shape[1]
    most = _MOST_SUM - 0.5 * matrix.shape[1]
    scales = np.where(sums > _MOST_SUM, scales * sums / most, scales).astype(np.float32).astype(np.float64)
    return np.clip(np.rint(matrix / scales[:, None]), -127, 127).astype(np.int8), scales


def _largest(ctx: Lowering, node: Node, value: Any) -> float:
    """The largest real magnitude that an initial state of quantized or constant values can have."""
    if ctx.constant_value(value) is not None:
        return float(np.abs(_real(ctx, node, value)).max(initial=0.0))
    tensor = ctx.tensors[ctx.operand(value, node)]
    return max(abs(end - tensor.zero_point) for end in tensor.integer_range) * tensor.scale


def _initial(ctx: Lowering, node: Node, value: Any, quantization: Quantization) -> str:
    """The tensor of an initial state in the layer's own numbers."""
    constant = ctx.constant_value(value)
    if constant is not None:
        integers = quantize(constant.numpy(), quantization, quantization.dtype)
        return ctx.constant(f"{node.name}_initial", integers, quantization)
    if is_kept(value):
        return ctx.requantize(node, ctx.kept(value, quantization), quantization)
    return ctx.requantize(node, ctx.operand(value, node), quantization)


def _state_bits(ctx: Lowering, node: Node, largest: float) -> int:
    bits = MOST_STATE_BITS - math.ceil(math.log2(max(largest, 2.0**-20)) - 1e-9)
    if bits < 0:
        raise ctx.unsupported(
            node, f"its hidden state reaches {largest:.3g}, which no 16 bits hold", "scale weights or inputs down"
        )
    return min(bits, MOST_STATE_BITS)


def _bias(kind: str, parts: list[Float64Array], rows: int) -> Float64Array:
    """(B, rows): the sum of both biases; of a GRU's candidate they stay apart."""
    of_input, of_state = parts if parts else (np.zeros(rows), np.zeros(rows))
    if kind != "gru":
        return (of_input + of_state)[None]
    shared = np.arange(rows) < rows - rows // 3
    return np.stack([of_input + np.where(shared, of_state, 0), np.where(shared, 0, of_state)])


def is_kept(value: Any) -> bool:
    """Whether a state stays in a layer's own numbers; see `mcugen.frontend.carried`."""
    return isinstance(value, Node) and KEPT in value.meta


def recurrent(ctx: Lowering, node: Node, out: Quantization) -> str:
    result = bind(node)["result"]
    if result == SEQUENCE:
        return _layer(ctx, node, out)
    return ctx.requantize(node, kept(ctx, node), out)


def kept(ctx: Lowering, node: Node) -> str:
    """The last hidden state or cell in the layer's own numbers."""
    if bind(node)["kind"] != "rnn_relu":
        return _layer(ctx, node, None)
    for user in _siblings(node):
        if (quantized := ctx.asked(user)) is not None:
            return _layer(ctx, node, quantized)
    raise ctx.unsupported(
        node,
        "the range of its hidden state is not known",
        "use the results of the layer in the model, not only its state",
    )


def _siblings(node: Node) -> list[Node]:
    """The sequences of the layer of a node: its range is the hidden state's."""
    bound = bind(node)
    return [
        user
        for user in bound["weights"][1].users
        if user.target == node.target
        and bind(user)["result"] == SEQUENCE
        and all(bind(user)[name] == bound[name] for name in ("weights", "reverse", "batch_first"))
    ]


def _layer(ctx: Lowering, node: Node, out: Quantization | None) -> str:
    """One operator with one result: the sequence in the quantization given, or what is left in its own."""
    bound = bind(node)
    kind, operator = bound["kind"], _KINDS[bound["kind"]]
    x = ctx.operand(bound["x"], node)
    steps = shape_of(bound["x"])[1 if bound["batch_first"] else 0]
    if steps > MOST_STEPS:
        raise ctx.unsupported(node, f"{steps} steps, at most {MOST_STEPS} are possible", "split the sequence")
    given = [bound[name] for name in ("hidden", "cell") if bound[name] is not None]
    if len({ctx.constant_value(value) is None for value in given}) > 1:
        raise ctx.unsupported(
            node, "of its initial hidden state and cell one is constant, the other not", "make both inputs of the model"
        )
    real = [_real(ctx, node, weight) for weight in bound["weights"]]
    projection = real.pop() if kind == "lstm" and len(real) % 2 else None
    of_input, of_state = (quantize_rows(matrix) for matrix in real[:2])
    bias = _bias(kind, real[2:], len(real[0]))
    largest = 1.0
    if projection is not None:
        largest = float(np.abs(projection).sum(axis=1).max())
    elif kind == "rnn_relu":
        assert out is not None
        largest = reach(out)
    bits = _state_bits(ctx, node, max([largest, *(_largest(ctx, node, v) for v in given[:1] if not is_kept(v))]))
    quantization = ctx.tensors[x].quantization
    assert quantization is not None
    precision = finest_precision(input_scale(quantization), bits, of_input[1], of_state[1], bias)
    if precision < LEAST_PRECISION:
        raise ctx.unsupported(
            node, "its weights times its input are too large for the range of gates", "normalise the input"
        )
    matrices = {"of_input": of_input, "of_state": of_state}
    if projection is not None:
        matrices["projection"] = quantize_rows(projection)
    names = {
        name: ctx.constant(f"{node.name}_{name}", integers, Quantization.per_channel(scales, 0))
        for name, (integers, scales) in matrices.items()
    }
    fixed = np.rint(bias * 2.0**precision).astype(np.int32)
    names["bias"] = ctx.constant(f"{node.name}_bias", fixed, Quantization.per_tensor(2.0**-precision, 0))
    order = [names[name] for name in ("of_input", "of_state", "bias", "projection") if name in names]
    attributes: dict[str, Any] = {}
    if kind == "lstm":
        attributes = {"projected": projection is not None}
    elif operator is Rnn:
        attributes = {"relu": kind == "rnn_relu"}
    own = hidden_quantization(bits), CELL_QUANTIZATION
    states = [_initial(ctx, node, value, quantization) for value, quantization in zip(given, own, strict=False)]
    result = bound["result"]
    made = {SEQUENCE: out, HIDDEN: own[0], CELL: own[1]}[result]
    return ctx.emit(
        operator,
        node,
        (x, *states, *order),
        shape_of(node),
        made,
        suffix="" if result == SEQUENCE else f"_{result}",
        results=(result,),
        reverse=bool(bound["reverse"]),
        batch_first=bool(bound["batch_first"]),
        given_state=bool(given),
        precision=precision,
        state_bits=bits,
        **attributes,
    )


ROWS: dict[str, Row[Lowering]] = {
    "mcugen.recurrent.default": Row(recurrent, Role.COMPUTE, ("x", "hidden", "cell"), kept=kept),
}
