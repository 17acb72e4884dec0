"""Recurrent layers and cells.

PyTorch's program has their weights in float: the bound of two steps is for weights of 8 bits along the sequence.
tests/graph/test_recurrent.py holds the arithmetic against float64 with the weights of 8 bits.
"""

from __future__ import annotations

from torch import Tensor, nn

from tests.e2e.operators.case import Case, Input, N, Table, case, real

T, DEPTH, UNITS = 7, 5, 6


class Everything(nn.Module):
    """Every result of a layer or cell is an output."""

    def __init__(self, layer: nn.Module, states: bool = False) -> None:
        super().__init__()
        self.layer, self.states = layer, states

    def forward(self, x: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        results = self.layer(x, (given if len(given) > 1 else given[0]) if given else None)
        if isinstance(results, Tensor):
            return (results,)
        if isinstance(results[1], Tensor):
            return tuple(results)
        return (results[0], *results[1])


def layer(kind: type[nn.Module], *states: Input, **options: object) -> Case:
    """A layer over a sequence; nothing but its own operator may be left of it."""
    shape = (N, T, DEPTH) if options.get("batch_first") else (T, N, DEPTH)
    return case(Everything(kind(DEPTH, UNITS, **options)), real(*shape), *states, layer=2, decomposes=False)


def cell(kind: type[nn.Module], *states: Input, **options: object) -> Case:
    return case(Everything(kind(DEPTH, UNITS, **options)), real(N, DEPTH), *states, layer=2, output=4)


def state(layers: int) -> Input:
    return real(layers, N, UNITS, low=-1.0, high=1.0)


CASES: Table = {
    "lstm": layer(nn.LSTM),
    "lstm, batch first": layer(nn.LSTM, batch_first=True),
    "lstm, both directions": layer(nn.LSTM, bidirectional=True),
    "lstm of two layers": layer(nn.LSTM, num_layers=2, bidirectional=True, batch_first=True),
    "lstm with projections": layer(nn.LSTM, proj_size=3),
    "lstm with states": layer(nn.LSTM, state(1), state(1)),
    "lstm without bias": layer(nn.LSTM, bias=False),
    "lstm without a batch axis": case(Everything(nn.LSTM(DEPTH, UNITS)), real(T, DEPTH), layer=2, decomposes=False),
    "gru": layer(nn.GRU),
    "gru, both directions": layer(nn.GRU, bidirectional=True, batch_first=True),
    "gru of two layers": layer(nn.GRU, state(2), num_layers=2),
    "rnn": layer(nn.RNN),
    "rnn of relu": layer(nn.RNN, nonlinearity="relu", batch_first=True),
    "rnn, both directions": layer(nn.RNN, state(2), bidirectional=True),
    "lstm cell": cell(nn.LSTMCell),
    "gru cell": cell(nn.GRUCell, real(N, UNITS, low=-1.0)),
    "rnn cell": cell(nn.RNNCell, real(N, UNITS, low=-1.0)),
}
