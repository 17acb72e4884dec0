"""Layers with a loop over time."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.recurrent.gru import Gru
from mcugen.graph.ops.recurrent.lstm import Lstm
from mcugen.graph.ops.recurrent.rnn import Rnn

OPERATORS: tuple[type[Operator], ...] = (Lstm, Gru, Rnn)

__all__ = ["Gru", "Lstm", "Rnn"]
