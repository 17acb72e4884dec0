"""Recurrent layers: the packing that the kernels of all libraries read, and those for any CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.recurrent.gru import Gru
from mcugen.graph.ops.recurrent.layer import MOST_STATE_BITS, SEQUENCE, RecurrentLayer, row_multipliers
from mcugen.graph.ops.recurrent.lstm import Lstm
from mcugen.graph.ops.recurrent.rnn import Rnn
from mcugen.graph.ops.recurrent.sigmoid import table
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant, Invocation, ParamValue
from mcugen.kernels.portable.common import PortableKernel, flat

_BYTE_ORDER = (0, 2, 1, 3)
"""Of four weights in a word, so that SXTB16 gives pairs of neighbours."""


def quads(depth: int) -> int:
    """Words of four inputs."""
    return -(-depth // 4)


def _words(matrix: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """(rows, depth) as (rows, quads, 4) in the order of the bytes of a word; zeros beyond the depth."""
    padded = np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % 4)))
    return padded.reshape(len(matrix), -1, 4)[:, :, _BYTE_ORDER]


def unit_words(matrix: IntArray, gates: int, units: int) -> npt.NDArray[np.int8]:
    """(gates * units, depth) as one row a unit: for each four inputs a word of each gate."""
    words = _words(matrix.astype(np.int8)).reshape(gates, units, -1, 4)
    return words.transpose(1, 2, 0, 3).reshape(units, -1)


def weight_stream(op: RecurrentLayer, tensors: Sequence[Tensor]) -> Constant:
    """int8, unit by unit; see kernels_cmsis/portable/recurrent/layer.h."""
    units = op.units(tensors)
    parts = []
    for matrix in op.constants(tensors)[:2]:
        assert matrix.data is not None
        parts.append(unit_words(matrix.data, op.gates, units))
    stream = np.concatenate(parts, axis=1).reshape(-1)
    projection = op.projection(tensors)
    if projection is not None and projection.data is not None:
        stream = np.concatenate([stream, _words(projection.data.astype(np.int8)).reshape(-1)])
    return Constant("weights", np.ascontiguousarray(stream))


def scale_stream(op: RecurrentLayer, tensors: Sequence[Tensor], outputs: Sequence[Tensor]) -> Constant:
    """int32: for each unit the gates' multipliers and biases, then a projection's multipliers."""
    units, scaling, bias = op.units(tensors), op.scaling(tensors, outputs), op.constants(tensors)[2]
    assert bias.data is not None
    rows = np.stack([scaling.inputs, scaling.states, bias.data[0]], axis=-1)
    by_unit = rows.reshape(op.gates, units, 3).transpose(1, 0, 2).reshape(units, -1)
    if op.bias_rows > 1:
        by_unit = np.concatenate([by_unit, bias.data[1].reshape(op.gates, units)[-1:].T], axis=1)
    stream = by_unit.reshape(-1)
    projection = op.projection(tensors)
    if projection is not None:
        multipliers = row_multipliers(projection, 2.0 ** (op.state_bits - MOST_STATE_BITS))
        stream = np.concatenate([stream, multipliers])
    return Constant("scales", stream.astype(np.int32))


def params(op: RecurrentLayer, tensors: Sequence[Tensor], outputs: Sequence[Tensor]) -> dict[str, ParamValue]:
    """The fields of struct mcugen_recurrent_params."""
    x, sequence = tensors[0], op.output(outputs, SEQUENCE)
    steps, batch = op.time_and_batch(x)
    multiplier, shift = op.scaling(tensors, outputs).output
    fields: dict[str, ParamValue] = {"steps": steps, "batch": batch}
    for name, width in (("input", x.shape[2]), ("output", op.state_channels(tensors))):
        step, other = (width, steps * width) if op.batch_first else (batch * width, width)
        fields |= {
            f"{name}_first": (steps - 1) * step if op.reverse else 0,
            f"{name}_step": -step if op.reverse else step,
            f"{name}_batch": other,
        }
    return fields | {
        "input_c": x.shape[2],
        "units": op.units(tensors),
        "state_c": op.state_channels(tensors),
        "input_zero_point": x.zero_point,
        "precision": op.precision,
        "state_bits": op.state_bits,
        "projected": int(op.projection(tensors) is not None),
        "relu": int(isinstance(op, Rnn) and op.relu),
        "output_multiplier": multiplier,
        "output_shift": shift,
        "output_zero_point": sequence.zero_point if sequence is not None else 0,
    }


def scratch_bytes(op: RecurrentLayer, tensors: Sequence[Tensor]) -> int:
    """Cells, two hidden states, what is projected, one input."""
    units, state = op.units(tensors), op.state_channels(tensors)
    projected = quads(units) if op.projection(tensors) is not None else 0
    return 4 * units * op.has_cell + 8 * (2 * quads(state) + projected + quads(tensors[0].shape[2]))


def invocation(op: RecurrentLayer, graph: Graph, kernel: str, prefix: str, folder: str) -> Invocation:
    """A recurrent layer bound to `<prefix><kind>_<s8 or s16>[_given]_<results>`, see portable/recurrent/kernels.h."""
    tensors, outputs = graph.input_tensors(op), graph.output_tensors(op)
    given, bits = tensors[1 : 1 + op.states], tensors[0].bits
    constants = [
        Constant(name, flat(tensor.data), tensor.data.itemsize)
        for name, tensor in zip(("hidden", "cell"), given, strict=False)
        if tensor.data is not None
    ]
    return Invocation(
        kernel=kernel,
        function="_".join([f"{prefix}{op.kind}_s{bits}", *(["given"] if given else []), *op.results]),
        source=f"{folder}/recurrent_s{bits}.c",
        params_type="mcugen_recurrent_params",
        params=params(op, tensors, outputs),
        inputs=(op.inputs[0], *(t.name for t in given if t.data is None)),
        constants=(
            *constants,
            weight_stream(op, tensors),
            scale_stream(op, tensors, outputs),
            Constant("sigmoid", table()),
        ),
        outputs=op.outputs,
        scratch_bytes=scratch_bytes(op, tensors),
    )


def cost(op: Operator, graph: Graph, word: float, unit: float) -> float:
    """Instructions: `word` for four weights, `unit` for a unit's gates in each step."""
    assert isinstance(op, RecurrentLayer)
    tensors = graph.input_tensors(op)
    steps, batch = op.time_and_batch(tensors[0])
    words = op.gates * (quads(tensors[0].shape[2]) + quads(op.state_channels(tensors)))
    return steps * batch * op.units(tensors) * (words * word + op.gates * unit)


def reads(op: Operator, graph: Graph, activations: str) -> bool:
    """Whether the input, and so the sequence, has a type."""
    return graph.tensor(op.inputs[0]).dtype == activations


class RecurrentPortable(PortableKernel):
    """One direction of one layer.

    Attributes:
        activations: the type of its input and of its sequence.
    """

    wide: ClassVar[bool] = True  # states
    activations: ClassVar[str] = "int8"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator) and reads(op, graph, self.activations)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, RecurrentLayer)
        return invocation(op, graph, self.name, "mcugen_", "portable/recurrent")

    def cost(self, op: Operator, graph: Graph) -> float:
        return cost(op, graph, 14, 60)


class LstmPortable(RecurrentPortable):
    """mcugen_lstm_s8."""

    name: ClassVar[str] = "lstm_s8.portable"
    operator: ClassVar[type[Operator]] = Lstm


class GruPortable(RecurrentPortable):
    """mcugen_gru_s8."""

    name: ClassVar[str] = "gru_s8.portable"
    operator: ClassVar[type[Operator]] = Gru


class RnnPortable(RecurrentPortable):
    """mcugen_rnn_s8."""

    name: ClassVar[str] = "rnn_s8.portable"
    operator: ClassVar[type[Operator]] = Rnn


class LstmS16Portable(LstmPortable):
    """mcugen_lstm_s16."""

    name: ClassVar[str] = "lstm_s16.portable"
    activations: ClassVar[str] = "int16"


class GruS16Portable(GruPortable):
    """mcugen_gru_s16."""

    name: ClassVar[str] = "gru_s16.portable"
    activations: ClassVar[str] = "int16"


class RnnS16Portable(RnnPortable):
    """mcugen_rnn_s16."""

    name: ClassVar[str] = "rnn_s16.portable"
    activations: ClassVar[str] = "int16"
