"""Recurrent layers as LiteRT has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcugen.errors import UnsupportedOperatorError
from mcugen.graph.ops.recurrent.layer import SEQUENCE, row_scales
from mcugen.graph.ops.recurrent.lstm import Lstm
from mcugen.graph.ops.recurrent.svdf import Svdf
from mcugen.graph.ops.recurrent.unidirectional_sequence_lstm import GATES, UnidirectionalSequenceLstm
from mcugen.graph.tensor import Quantization, Tensor
from mcugen.litert.builder import ModelBuilder
from mcugen.litert.schema import schema

_CELL_SCALE = 2.0**-11
"""A power of two, as LiteRT asks for; int16 then holds cells within 16."""

_ABSENT = -1

KEEPERS = (Svdf, UnidirectionalSequenceLstm)
"""Layers that keep their states themselves, as variable tensors."""


def write_lstm(b: ModelBuilder, op: Lstm, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    """UNIDIRECTIONAL_SEQUENCE_LSTM with int8 activations: the same real layer, not the same integers.

    LiteRT keeps cells in 16 bits and the hidden state in the output's 8, and has one scale for each gate's matrix.
    """
    plain = op.results == (SEQUENCE,) and not (op.reverse or op.given_state or op.projected)
    if not plain:
        raise UnsupportedOperatorError(
            "LiteRT has the whole sequence of a forward LSTM that starts from zeros, without projection",
            where=f"{op.name}: {op.origin}",
        )
    x, (of_input, of_state, bias), (out,) = inputs[0], op.constants(inputs), outputs
    units = op.units(inputs)
    scales = [_gate_scales(op, matrix) for matrix in (of_input, of_state)]
    assert bias.data is not None
    real_bias = bias.data.reshape(op.gates, units) * 2.0**-op.precision
    _, batch = op.time_and_batch(x)
    hidden = b.variable("hidden", (batch, units), "int8", out.quantization)
    cell = b.variable("cell", (batch, units), "int16", Quantization.per_tensor(_CELL_SCALE, 0, bits=16))
    weights = [_matrices(b, op, matrix, own) for matrix, own in zip((of_input, of_state), scales, strict=True)]
    biases = []
    for gate, own in enumerate(scales[0]):
        step = float(np.float32(x.scale)) * own
        integers = np.rint(real_bias[gate] / step)
        if np.abs(integers).max() > 2**31 - 1:
            raise UnsupportedOperatorError(
                "a bias leaves 32 bits in units of products", where=f"{op.name}: {op.origin}"
            )
        biases.append(b.constant(integers.astype(np.int32), "int32", Quantization.per_tensor(step, 0)))
    options = schema().UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema().ActivationFunctionType.TANH
    options.timeMajor = not op.batch_first
    operands = [b.tensor(x), *weights[0], *weights[1], *[_ABSENT] * 3, *biases, *[_ABSENT] * 2, hidden, cell]
    b.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", [*operands, *[_ABSENT] * 4], [b.tensor(out)], options)


def _gate_scales(op: Lstm, matrix: Tensor) -> list[float]:
    by_gate: npt.NDArray[np.float64] = row_scales(matrix).reshape(op.gates, -1)
    if np.ptp(by_gate, axis=1).any():
        raise UnsupportedOperatorError(
            f"LiteRT has one scale for each gate, {matrix.name!r} one for each row", where=f"{op.name}: {op.origin}"
        )
    return [float(scale) for scale in by_gate[:, 0]]


def _matrices(b: ModelBuilder, op: Lstm, matrix: Tensor, scales: Sequence[float]) -> list[int]:
    """Of the gates i, f, g, o, which is LiteRT's order too."""
    assert matrix.data is not None
    gates = matrix.data.reshape(op.gates, -1, matrix.shape[1])
    pairs = zip(gates, scales, strict=True)
    return [b.constant(gate, "int8", Quantization.per_tensor(scale, 0)) for gate, scale in pairs]


def write_sequence_lstm(
    b: ModelBuilder, op: UnidirectionalSequenceLstm, inputs: list[Tensor], outputs: list[Tensor]
) -> None:
    """UNIDIRECTIONAL_SEQUENCE_LSTM: the same integers. Its states are variables of the file."""
    x, hidden, cell, of_input, of_hidden, bias = inputs
    weights = [part for matrix in (of_input, of_hidden) for part in _parts(b, matrix)]
    assert bias.data is not None and of_input.quantization is not None
    scales = np.array(of_input.quantization.scales).reshape(-1)[:: max(len(of_input.quantization.scales) // GATES, 1)]
    biases = [
        b.constant(values, bias.dtype, Quantization.per_tensor(x.scale * float(scales[gate % len(scales)]), 0))
        for gate, values in enumerate(bias.data.reshape(GATES, -1))
    ]
    options = schema().UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema().ActivationFunctionType.TANH
    options.timeMajor = not op.batch_first
    options.cellClip = op.cell_clip * cell.scale
    states = [b.kept(hidden, outputs[1]), b.kept(cell, outputs[2])]
    operands = [b.tensor(x), *weights, *[_ABSENT] * 3, *biases, *[_ABSENT] * 2, *states, *[_ABSENT] * 4]
    b.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, [b.tensor(outputs[0])], options)


def _parts(b: ModelBuilder, matrix: Tensor) -> list[int]:
    """A matrix of the gates i, f, g, o as a constant for each of them."""
    assert matrix.data is not None
    scales = row_scales(matrix).reshape(GATES, -1)[:, 0]
    gates = zip(matrix.data.reshape(GATES, -1, matrix.shape[1]), scales, strict=True)
    return [b.constant(gate, "int8", Quantization.per_tensor(float(scale), 0)) for gate, scale in gates]


def write_svdf(b: ModelBuilder, op: Svdf, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    """SVDF: the same integers. Its state is a variable of the file."""
    x, state, of_features, of_time, *bias = inputs
    options = schema().SVDFOptionsT()
    options.rank = op.rank
    step = Quantization.per_tensor(state.scale * of_time.scale, 0)
    # TFLM reads the bias's scale, so that it insists on a bias.
    zeros = b.constant(np.zeros(outputs[0].shape[1]), "int32", step) if not bias else b.tensor(bias[0])
    operands = [b.tensor(x), b.tensor(of_features), b.tensor(of_time), zeros, b.kept(state, outputs[1])]
    b.operator("SVDF", operands, [b.tensor(outputs[0])], options)
