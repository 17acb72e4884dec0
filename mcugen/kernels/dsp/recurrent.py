"""Recurrent layers on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.recurrent.gru import Gru
from mcugen.graph.ops.recurrent.layer import RecurrentLayer
from mcugen.graph.ops.recurrent.lstm import Lstm
from mcugen.graph.ops.recurrent.rnn import Rnn
from mcugen.graph.ops.recurrent.svdf import Svdf
from mcugen.graph.ops.recurrent.unidirectional_sequence_lstm import UnidirectionalSequenceLstm
from mcugen.kernels.base import Invocation, Kernel
from mcugen.kernels.portable.recurrent.kept_state import (
    sequence_lstm_cost,
    sequence_lstm_invocation,
    svdf_cost,
    svdf_invocation,
)
from mcugen.kernels.portable.recurrent.layer import cost, invocation, reads


class RecurrentDsp(Kernel):
    """One direction of one layer; two products of 16 bits an instruction.

    Attributes:
        activations: the type of its input and of its sequence.
    """

    wide: ClassVar[bool] = True  # states
    activations: ClassVar[str] = "int8"
    library: ClassVar[str] = "dsp"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator) and cpu.dsp and reads(op, graph, self.activations)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, RecurrentLayer)
        return invocation(op, graph, self.name, "mcugen_dsp_", "dsp/recurrent")

    def cost(self, op: Operator, graph: Graph) -> float:
        return cost(op, graph, 5, 40)


class LstmDsp(RecurrentDsp):
    """mcugen_dsp_lstm_s8."""

    name: ClassVar[str] = "lstm_s8.dsp"
    operator: ClassVar[type[Operator]] = Lstm


class GruDsp(RecurrentDsp):
    """mcugen_dsp_gru_s8."""

    name: ClassVar[str] = "gru_s8.dsp"
    operator: ClassVar[type[Operator]] = Gru


class RnnDsp(RecurrentDsp):
    """mcugen_dsp_rnn_s8."""

    name: ClassVar[str] = "rnn_s8.dsp"
    operator: ClassVar[type[Operator]] = Rnn


class LstmS16Dsp(LstmDsp):
    """mcugen_dsp_lstm_s16."""

    name: ClassVar[str] = "lstm_s16.dsp"
    activations: ClassVar[str] = "int16"


class GruS16Dsp(GruDsp):
    """mcugen_dsp_gru_s16."""

    name: ClassVar[str] = "gru_s16.dsp"
    activations: ClassVar[str] = "int16"


class RnnS16Dsp(RnnDsp):
    """mcugen_dsp_rnn_s16."""

    name: ClassVar[str] = "rnn_s16.dsp"
    activations: ClassVar[str] = "int16"


class SequenceLstmDsp(Kernel):
    """mcugen_dsp_sequence_lstm_s8 and _s16."""

    wide: ClassVar[bool] = True  # states
    name: ClassVar[str] = "sequence_lstm.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = UnidirectionalSequenceLstm

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator) and cpu.dsp

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, UnidirectionalSequenceLstm)
        return sequence_lstm_invocation(op, graph, self.name, "mcugen_dsp_", "dsp/recurrent/sequence_lstm.c")

    def cost(self, op: Operator, graph: Graph) -> float:
        return sequence_lstm_cost(op, graph, 5, 420)


class SvdfDsp(Kernel):
    """mcugen_dsp_svdf_s8 and _s16."""

    wide: ClassVar[bool] = True  # states
    name: ClassVar[str] = "svdf.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Svdf

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator) and cpu.dsp

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Svdf)
        return svdf_invocation(op, graph, self.name, "mcugen_dsp_", "dsp/recurrent/svdf.c")

    def cost(self, op: Operator, graph: Graph) -> float:
        return svdf_cost(op, graph, 5, 11)
