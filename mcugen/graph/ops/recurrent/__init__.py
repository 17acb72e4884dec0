"""Layers with a loop over time, and those that keep a state."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.recurrent.gru import Gru
from mcugen.graph.ops.recurrent.lstm import Lstm
from mcugen.graph.ops.recurrent.rnn import Rnn
from mcugen.graph.ops.recurrent.svdf import Svdf
from mcugen.graph.ops.recurrent.unidirectional_sequence_lstm import UnidirectionalSequenceLstm

OPERATORS: tuple[type[Operator], ...] = (Lstm, Gru, Rnn, Svdf, UnidirectionalSequenceLstm)

__all__ = ["Gru", "Lstm", "Rnn", "Svdf", "UnidirectionalSequenceLstm"]
