"""Layers over time: SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, whose states are variable tensors of the file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcugen.frontend.litert.held import Variable, resting
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Svdf, UnidirectionalSequenceLstm
from mcugen.graph.tensor import Quantization, Tensor
from mcugen.litert.format.enums import ACTIVATIONS

_GATES = 4
_LSTM_OPERANDS = 24
_ABSENT = {"peephole weights": range(9, 12), "a projection": range(16, 18), "layer normalization": range(20, 24)}


def _state(step: Step, place: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """(what the layer reads, what it leaves) of a variable tensor, in the layer's own shape."""
    network, given = step.network, step.given(place)
    if not given.is_variable:
        step.fail(f"keeps its state in {given}, which is no variable tensor")
    if len(given.data):
        step.fail(f"keeps its state in {given}, which has data: variable tensors start from their zero points")
    if given.elements != int(np.prod(shape)):
        step.fail(f"has a state of {list(given.shape)}, must be {list(shape)}")
    variable = network.held.layers.setdefault(given.index, Variable(given.name))
    if variable.before is None:
        variable.before = network.add(given.name, shape, network.dtype(given), network.quantization(given))
        variable.initial = resting(variable.before)
    before = variable.current or variable.before
    after = network.add(f"{given.name}/next", shape, before.dtype, before.quantization)
    variable.current = after
    return before, after


def _svdf(step: Step) -> None:
    """TensorFlow Lite Micro's: integers have no fused activation, whatever the file says."""
    x, of_features, of_time, bias = step.x(0), step.x(1), step.x(2), step.optional(3)
    if len(x.shape) != 2 or len(of_time.shape) != 2:
        step.fail(f"takes matrices, has {list(x.shape)} and weights of time of {list(of_time.shape)}")
    before, after = _state(step, 4, (x.shape[0], of_time.elements))
    operands = [x, before, of_features, of_time, *([bias] if bias is not None else [])]
    step.append_all(Svdf, operands, [step.out(), after], rank=step.option("SVDFOptions", "rank"))


def _sequence_lstm(step: Step) -> None:
    table = "UnidirectionalSequenceLSTMOptions"
    if len(step.op.inputs) != _LSTM_OPERANDS:
        step.fail(f"has {len(step.op.inputs)} operands, must have {_LSTM_OPERANDS}")
    for what, places in _ABSENT.items():
        if any(step.op.inputs[place] >= 0 for place in places):
            step.fail(f"has {what}, which TensorFlow Lite Micro does not have either")
    activation = step.option(table, "fused_activation_function")
    if ACTIVATIONS[activation : activation + 1] != ("TANH",):
        step.fail("has another activation of its cells than tanh")
    x, weights, biases = step.x(0), [step.x(place) for place in range(1, 9)], [step.x(p) for p in range(12, 16)]
    if len(x.shape) != 3 or len(weights[4].shape) != 2:
        step.fail(f"takes three axes, has {list(x.shape)} and weights of {list(weights[4].shape)}")
    time_major, units = step.option(table, "time_major"), weights[4].shape[1]
    batch = x.shape[1] if time_major else x.shape[0]
    hidden, last_hidden = _state(step, 18, (batch, units))
    cell, last_cell = _state(step, 19, (batch, units))
    matrices = [_joined(step, "weights", weights[i : i + _GATES]) for i in (0, _GATES)]
    bias = _joined(step, "bias", [replace(b, quantization=None) for b in biases])
    out = step.out()
    step.append_all(
        UnidirectionalSequenceLstm,
        [x, hidden, cell, *matrices, bias],
        [out, last_hidden, last_cell],
        batch_first=not time_major,
        cell_clip=_cell_clip(step, step.option(table, "cell_clip"), cell),
    )


def _joined(step: Step, what: str, parts: list[Tensor]) -> Tensor:
    """The gates' constants, one behind the other, with a scale for each row."""
    first = parts[0]
    arrays = []
    for part in parts:
        if part.data is None or part.shape != first.shape or part.dtype != first.dtype:
            step.fail(f"has {what} that are no constants of one shape and type")
        arrays.append(part.data)
    quantization = None
    if first.quantization is not None:
        affine = [part.quantization for part in parts]
        if any(q is None or q.axis is not None or q.zero_points != (0,) for q in affine):
            step.fail(f"needs {what} with one scale a gate and the zero point 0")
        scales = [q.scales[0] for q in affine if q is not None]
        quantization = Quantization.per_channel(np.repeat(scales, first.shape[0]), 0)
    return step.new_constant(np.concatenate(arrays), first.dtype, quantization)


def _cell_clip(step: Step, clip: float, cell: Tensor) -> int:
    """In the cell's integers, its fraction dropped; 0: none. Source: `CreateLstmCellStateInfo` of TFLM."""
    if not clip > 0:
        return 0
    integers = int(min(float(np.float32(clip)) / cell.scale, 32767.0))
    if integers == 0:
        step.fail(f"limits cells to {clip}, less than one step of {cell.scale}")
    return integers


ROWS: dict[str, Row] = {
    "SVDF": _svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence_lstm,
}
