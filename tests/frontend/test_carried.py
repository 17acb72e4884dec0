"""Recurrent layers with carried state: pieces of any length have the bits of the whole sequence."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.frontend import compile_program
from mcugen.frontend.sequences import Sequences
from mcugen.graph import Graph, reference
from mcugen.graph import Tensor as IntTensor
from mcugen.graph.ops.recurrent.layer import RecurrentLayer
from mcugen.graph.quantization import dequantize, quantize

STEPS, DEPTH, UNITS = 24, 3, 5


class Carried(nn.Module):
    """A recurrent layer whose last states are buffers."""

    def __init__(self, layer: nn.Module, states: int = 1, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -0.7, 0.7)
        self.layer = layer
        self.register_buffer("h", torch.full((states, 1, getattr(layer, "proj_size", 0) or UNITS), 0.25))
        if isinstance(layer, nn.LSTM):
            self.register_buffer("c", torch.full((states, 1, UNITS), -1.5))

    def forward(self, x: Tensor) -> Tensor:
        given = (self.h, self.c) if isinstance(self.layer, nn.LSTM) else self.h
        y, last = self.layer(x, given)
        self.h.copy_(last[0] if isinstance(last, tuple) else last)
        if isinstance(last, tuple):
            self.c.copy_(last[1])
        return y


class Unrolled(nn.Module):
    """A cell in a loop over the steps of a piece; the state is flat."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.cell = nn.LSTMCell(DEPTH, UNITS)
        self.register_buffer("h", torch.zeros(UNITS))
        self.register_buffer("c", torch.zeros(1, UNITS, 1))

    def forward(self, x: Tensor) -> Tensor:
        h, c, found = self.h[None], self.c.squeeze(2), []
        for step in range(x.shape[1]):
            h, c = self.cell(x[:, step], (h, c))
            found.append(h)
        self.h.copy_(h.reshape(UNITS))
        self.c.copy_(c.unsqueeze(2))
        return torch.stack(found, 1)


MODELS: dict[str, Any] = {
    "lstm": lambda: Carried(nn.LSTM(DEPTH, UNITS, batch_first=True)),
    "two layers": lambda: Carried(nn.LSTM(DEPTH, UNITS, 2, batch_first=True), 2),
    "projected": lambda: Carried(nn.LSTM(DEPTH, UNITS, 2, proj_size=2, batch_first=True), 2),
    "gru": lambda: Carried(nn.GRU(DEPTH, UNITS, batch_first=True)),
    "rnn": lambda: Carried(nn.RNN(DEPTH, UNITS, batch_first=True)),
    "relu": lambda: Carried(nn.RNN(DEPTH, UNITS, nonlinearity="relu", batch_first=True)),
    "cells": Unrolled,
}


def samples(length: int) -> np.ndarray:
    """The same steps in pieces: (pieces, 1, length, DEPTH)."""
    return np.random.default_rng(5).normal(size=(STEPS, DEPTH)).astype(np.float32).reshape(-1, 1, length, DEPTH)


def compiled(model: nn.Module, length: int, folder: Path, **more: Any) -> Graph:
    program = torch.export.export(model.eval(), (torch.zeros(1, length, DEPTH),))
    np.savez(folder / "samples.npz", x=samples(length))
    return compile_program(program, "net", folder / "samples.npz", **more)


def outputs(graph: Graph, length: int) -> np.ndarray:
    """(STEPS, channels), run piece by piece."""
    (port,) = graph.inputs
    integers = quantize(samples(length), graph.tensor(port.tensor).quantization, "int8")
    return reference.run_model_layout(graph, {port.name: integers})[graph.outputs[0].name].reshape(STEPS, -1)


def with_scales_of(graph: Graph, other: Graph) -> Graph:
    """The graph with the scales of another one of the same layers for other pieces: what calibration found there."""
    layers = [[op for op in g.operators if isinstance(op, RecurrentLayer)] for g in (graph, other)]
    given = {graph.inputs[0].tensor: other.inputs[0].tensor, graph.outputs[0].tensor: other.outputs[0].tensor}
    operators = list(graph.operators)
    for mine, theirs in zip(*layers, strict=True):
        given |= dict(zip((*mine.inputs, *mine.outputs), (*theirs.inputs, *theirs.outputs), strict=True))
        fields = {"precision": theirs.precision, "state_bits": theirs.state_bits}
        operators[operators.index(mine)] = replace(mine, **fields)
    tensors: dict[str, IntTensor] = dict(graph.tensors)
    for name, like in given.items():
        source = other.tensor(like)
        tensors[name] = replace(tensors[name], quantization=source.quantization, data=source.data)
    states = [replace(s, initial=o.initial) for s, o in zip(graph.states, other.states, strict=True)]
    changed = replace(graph, tensors=tensors, operators=tuple(operators), states=tuple(states))
    changed.validate()
    return changed


DEFAULT = ("lstm",)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "name", [n if n in DEFAULT else pytest.param(n, marks=pytest.mark.slow) for n in MODELS if n != "cells"]
)
def test_pieces_of_any_length_equal_the_whole_sequence(name: str, tmp_path: Path) -> None:
    whole = compiled(MODELS[name](), STEPS, tmp_path)
    wanted = outputs(whole, STEPS)
    for length in (1, 6):
        graph = compiled(MODELS[name](), length, tmp_path)
        assert {graph.tensor(s.tensor).dtype for s in graph.states} <= {"int16", "int32"}
        assert np.array_equal(outputs(with_scales_of(graph, whole), length), wanted)
    with torch.no_grad():
        exact = MODELS[name]()(torch.tensor(samples(STEPS)[0]))[0].numpy()
    real = dequantize(wanted, whole.tensor(whole.outputs[0].tensor).quantization)
    assert np.abs(real - exact).max() < 0.03 * np.ptp(exact)


def test_one_operator_gives_all_results(tmp_path: Path) -> None:
    graph = compiled(MODELS["lstm"](), 2, tmp_path)
    (layer,) = (op for op in graph.operators if isinstance(op, RecurrentLayer))
    assert layer.results == ("sequence", "hidden", "cell")
    assert [state.name for state in graph.states] == ["h", "c"]
    assert [graph.tensor(s.tensor).dtype for s in graph.states] == ["int16", "int32"]
    assert graph.states[0].initial.tolist() == [[8192] * UNITS] and graph.states[1].initial.tolist() == [
        [-98304] * UNITS
    ]


def test_states_of_several_layers_are_one_for_each(tmp_path: Path) -> None:
    graph = compiled(MODELS["two layers"](), 2, tmp_path)
    assert [state.name for state in graph.states] == ["h_0", "h_1", "c_0", "c_1"]


def test_cells_in_a_loop_hand_on_what_they_have_inside(tmp_path: Path) -> None:
    whole, piece = (compiled(Unrolled(), length, tmp_path) for length in (3, 2))
    assert [state.name for state in piece.states] == ["h", "c"]
    # The same layer in other pieces: equal but for what calibration found of its sequences.
    scale = whole.tensor(whole.outputs[0].tensor).scale
    reals = [dequantize(outputs(g, n), g.tensor(g.outputs[0].tensor).quantization) for g, n in ((whole, 3), (piece, 2))]
    assert np.abs(reals[0] - reals[1]).max() <= 2 * scale
    assert sum(op.kind == "lstm" for op in piece.operators) == 2


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.gru = nn.GRU(DEPTH, UNITS, batch_first=True)

    def forward(self, x: Tensor, h: Tensor) -> dict[str, Tensor]:
        y, last = self.gru(x, h)
        return {"y": y, "last": last}


def test_a_tied_state_is_kept_too(tmp_path: Path) -> None:
    found = {}
    for length in (1, STEPS):
        program = torch.export.export(Tied().eval(), (torch.zeros(1, length, DEPTH), torch.zeros(1, 1, UNITS)))
        np.savez(tmp_path / "samples.npz", x=samples(length))
        found[length] = compile_program(program, "net", tmp_path / "samples.npz", None, Sequences((("last", "h"),)))
        assert [p.name for p in found[length].outputs] == ["y"]
    stepwise = with_scales_of(found[1], found[STEPS])
    assert np.array_equal(outputs(stepwise, 1), outputs(found[STEPS], STEPS))


class Peeking(Carried):
    """Its state is read by another operator, too."""

    def forward(self, x: Tensor) -> Tensor:
        before = self.h.sum()
        return super().forward(x) + before


def test_a_state_that_others_read_is_in_eight_bits_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        graph = compiled(Peeking(nn.GRU(DEPTH, UNITS, batch_first=True)), 2, tmp_path)
    assert [graph.tensor(s.tensor).dtype for s in graph.states] == ["int8"]
    assert "the state 'h' of a recurrent layer is kept in 8 bits" in caplog.text


def test_a_cell_that_counts_up_needs_no_scale(tmp_path: Path) -> None:
    """Its input and forget gate are open: the cell grows by almost 1 a step, which no 8 bits would hold."""
    model = Carried(nn.LSTM(DEPTH, UNITS, batch_first=True))
    with torch.no_grad():
        model.layer.bias_ih_l0[: 3 * UNITS] = 20.0
        model.layer.bias_hh_l0.zero_()
    graph = compiled(model, 1, tmp_path)
    (port,) = graph.inputs
    state = reference.reset(graph)
    for integers in quantize(samples(1), graph.tensor(port.tensor).quantization, "int8"):
        values = reference.run(graph, {port.tensor: integers.reshape(graph.tensor(port.tensor).shape)}, state)
        state = reference.kept(graph, values)
    assert np.allclose(state["c"] / 65536, STEPS - 1.5, atol=0.01)
