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
from mcugen.kernels.base import Invocation, Kernel
from mcugen.kernels.portable.recurrent.layer import cost, invocation


class RecurrentDsp(Kernel):
    """One direction of one layer; two products of 16 bits an instruction."""

    library: ClassVar[str] = "dsp"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator) and cpu.dsp

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, RecurrentLayer)
        return invocation(op, graph, self.name, "mcugen_dsp_", "dsp/recurrent_s8.c")

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
