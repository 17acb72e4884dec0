"""Recurrent layers on Helium."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.recurrent.gru import Gru
from mcugen.graph.ops.recurrent.layer import RecurrentLayer
from mcugen.graph.ops.recurrent.lstm import Lstm
from mcugen.graph.ops.recurrent.rnn import Rnn
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant, Invocation, Kernel
from mcugen.kernels.mve.common import has_vectors
from mcugen.kernels.portable.recurrent.layer import invocation, reads

_LANES = 8


class RecurrentMve(Kernel):
    """One direction of one layer; eight products of 16 bits an instruction.

    Attributes:
        activations: the type of its input and of its sequence.
    """

    wide: ClassVar[bool] = True  # states
    activations: ClassVar[str] = "int8"
    library: ClassVar[str] = "mve"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator) and has_vectors(cpu) and reads(op, graph, self.activations)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, RecurrentLayer)
        shared = invocation(op, graph, self.name, "mcugen_mve_", "mve/recurrent")
        weights = _weight_stream(op, graph.input_tensors(op))
        constants = tuple(weights if c.role == weights.role else c for c in shared.constants)
        # A vector may reach eight bytes beyond the last row.
        return replace(shared, constants=constants, scratch_bytes=shared.scratch_bytes + _LANES)

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, RecurrentLayer)
        tensors = graph.input_tensors(op)
        steps, batch = op.time_and_batch(tensors[0])
        vectors = sum(-(-depth // _LANES) for depth in (tensors[0].shape[2], op.state_channels(tensors)))
        return steps * batch * op.units(tensors) * (vectors * (2 * op.gates + 3) + 46 * op.gates)


def _weight_stream(op: RecurrentLayer, tensors: Sequence[Tensor]) -> Constant:
    """int8, unit by unit: for each eight inputs, then for each eight hidden states, eight weights of each gate in turn;
    then the rows of a projection. Zeros beyond the depth."""
    units = op.units(tensors)
    parts = []
    for matrix in op.constants(tensors)[:2]:
        assert matrix.data is not None
        vectors = _vectors(matrix.data).reshape(op.gates, units, -1, _LANES)
        parts.append(vectors.transpose(1, 2, 0, 3).reshape(units, -1))
    stream = np.concatenate(parts, axis=1).reshape(-1)
    projection = op.projection(tensors)
    if projection is not None and projection.data is not None:
        stream = np.concatenate([stream, _vectors(projection.data).reshape(-1)])
    return Constant("weights", np.ascontiguousarray(stream))


def _vectors(matrix: IntArray) -> IntArray:
    """(rows, depth) with the depth filled up to whole vectors."""
    return np.pad(matrix.astype(np.int8), ((0, 0), (0, -matrix.shape[1] % _LANES)))


class LstmMve(RecurrentMve):
    """mcugen_mve_lstm_s8."""

    name: ClassVar[str] = "lstm_s8.mve"
    operator: ClassVar[type[Operator]] = Lstm


class GruMve(RecurrentMve):
    """mcugen_mve_gru_s8."""

    name: ClassVar[str] = "gru_s8.mve"
    operator: ClassVar[type[Operator]] = Gru


class RnnMve(RecurrentMve):
    """mcugen_mve_rnn_s8."""

    name: ClassVar[str] = "rnn_s8.mve"
    operator: ClassVar[type[Operator]] = Rnn


class LstmS16Mve(LstmMve):
    """mcugen_mve_lstm_s16."""

    name: ClassVar[str] = "lstm_s16.mve"
    activations: ClassVar[str] = "int16"


class GruS16Mve(GruMve):
    """mcugen_mve_gru_s16."""

    name: ClassVar[str] = "gru_s16.mve"
    activations: ClassVar[str] = "int16"


class RnnS16Mve(RnnMve):
    """mcugen_mve_rnn_s16."""

    name: ClassVar[str] = "rnn_s16.mve"
    activations: ClassVar[str] = "int16"
