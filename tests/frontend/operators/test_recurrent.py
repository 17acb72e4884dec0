"""LSTM, GRU, RNN and their cells from PyTorch: every form, close to the float model."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program, import_program, load_model
from mcugen.frontend.lowering.rows import recurrent
from mcugen.graph import reference
from mcugen.graph.quantization import dequantize, quantize
from tests.frontend.programs import export, post_training, samples, seeded

T, N, DEPTH, UNITS = 12, 2, 5, 6


class Everything(nn.Module):
    """Every result of a layer is an output."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        given = states if len(states) > 1 else states[0] if states else None
        results = self.layer(x, given)
        if isinstance(results, Tensor):
            return (results,)
        last = results[1]
        return (results[0], *(last if isinstance(last, tuple) else (last,)))


def _sequence(kind: type[nn.Module], **options: object) -> tuple[nn.Module, tuple[tuple[int, ...], ...]]:
    shape = (N, T, DEPTH) if options.get("batch_first") else (T, N, DEPTH)
    return Everything(kind(DEPTH, UNITS, **options)), (shape,)


CASES = {
    "lstm": _sequence(nn.LSTM),
    "two layers, both directions": _sequence(nn.LSTM, num_layers=2, bidirectional=True, batch_first=True),
    "projected": _sequence(nn.LSTM, num_layers=2, proj_size=3),
    "gru": _sequence(nn.GRU, num_layers=2, bias=False),
    "gru, both directions": _sequence(nn.GRU, bidirectional=True, batch_first=True),
    "rnn": _sequence(nn.RNN, bidirectional=True),
    "relu": _sequence(nn.RNN, nonlinearity="relu", batch_first=True),
    "no batch": (Everything(nn.LSTM(DEPTH, UNITS)), ((T, DEPTH),)),
    "initial states": (Everything(nn.LSTM(DEPTH, UNITS, 2)), ((T, N, DEPTH), (2, N, UNITS), (2, N, UNITS))),
    "initial state": (Everything(nn.GRU(DEPTH, UNITS, bidirectional=True)), ((T, N, DEPTH), (2, N, UNITS))),
    "lstm cell": (Everything(nn.LSTMCell(DEPTH, UNITS)), ((N, DEPTH), (N, UNITS), (N, UNITS))),
    "gru cell": (Everything(nn.GRUCell(DEPTH, UNITS)), ((DEPTH,),)),
    "rnn cell": (Everything(nn.RNNCell(DEPTH, UNITS)), ((N, DEPTH), (N, UNITS))),
}


class LstmCellResults(nn.Module):
    """h and c of a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(DEPTH, UNITS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h, c = self.cell(x)
        return h, c


@pytest.mark.sampled(5)
@pytest.mark.parametrize("case", CASES)
def test_is_close_to_the_float_model(case: str) -> None:
    model, shapes = CASES[case]
    if case == "lstm cell":
        model, shapes = LstmCellResults(), shapes[:1]
    model = seeded(model)
    module = post_training(model, *shapes)
    program = torch.export.export(module, tuple(torch.zeros(shape) for shape in shapes))
    graph = import_program(program, "net")
    data = [torch.from_numpy(samples(shape, 1, seed=50 + i)[0]) for i, shape in enumerate(shapes)]
    given = {
        port.name: quantize(value.numpy(), graph.tensor(port.tensor).quantization, "int8")[None]  # type: ignore[arg-type]
        for port, value in zip(graph.inputs, data, strict=True)
    }
    results = reference.run_model_layout(graph, given)
    with torch.no_grad():
        wanted = model(*data)
    assert len(wanted) == len(graph.outputs)
    for port, value in zip(graph.outputs, wanted, strict=True):
        quantization = graph.tensor(port.tensor).quantization
        assert quantization is not None
        got = dequantize(results[port.name], quantization).reshape(value.shape)
        assert np.corrcoef(got.ravel(), value.numpy().ravel())[0, 1] > 0.99, port.name


def test_one_operator_for_each_direction_and_layer() -> None:
    model, shapes = _sequence(nn.LSTM, num_layers=3, bidirectional=True)
    module = post_training(seeded(nn.Sequential(model.layer)), *shapes)  # type: ignore[arg-type]
    program = torch.export.export(module, tuple(torch.zeros(shape) for shape in shapes))
    counts = Counter(op.kind for op in import_program(program, "net").operators)
    # Six directions; the cells that Sequential returns come with the sequences.
    assert counts["lstm"] == 6


def test_a_long_sequence_stays_close() -> None:
    model = seeded(nn.LSTM(13, 64, batch_first=True))
    shape = (1, 100, 13)
    graph = import_program(torch.export.export(post_training(model, shape), (torch.zeros(shape),)), "net")
    x = torch.from_numpy(samples(shape, 1, seed=9)[0])
    port = graph.inputs[0]
    quantization = graph.tensor(port.tensor).quantization
    assert quantization is not None
    results = reference.run_model_layout(graph, {port.name: quantize(x.numpy(), quantization, "int8")[None]})
    with torch.no_grad():
        wanted = model(x)[0].numpy()[0, -20:].ravel()
    end = graph.outputs[0]
    got = results[end.name].reshape(100, 64)[-20:].astype(np.float64).ravel()
    assert np.corrcoef(got, wanted)[0, 1] > 0.99


def test_a_sequence_that_a_cell_could_overflow_in_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # torch.export takes minutes for the real limit.
    monkeypatch.setattr(recurrent, "MOST_STEPS", 4)
    with pytest.raises(UnsupportedOperatorError, match="5 steps, at most 4 are possible"):
        compile_program(export(nn.GRU(1, 1).eval(), (5, 1, 1)), "net", "random")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_an_unrolled_sequence_is_refused(kind: type[nn.Module], tmp_path: Path) -> None:
    program = export(nn.Sequential(kind(DEPTH, UNITS)).eval(), (3, 1, DEPTH)).run_decompositions()
    torch.export.save(program, tmp_path / "net.pt2")
    for load in (lambda: compile_program(program, "net", "random"), lambda: load_model(tmp_path / "net.pt2", "random")):
        with pytest.raises(UnsupportedOperatorError, match=f"a step of an unrolled {kind.__name__}") as caught:
            load()
        assert "without run_decompositions()" in str(caught.value)


def test_a_decomposed_cell_is_one_step() -> None:
    program = export(nn.Sequential(nn.GRUCell(DEPTH, UNITS)).eval(), (1, DEPTH)).run_decompositions()
    assert compile_program(program, "net", "random").outputs


def test_training_mode_is_refused() -> None:
    model = nn.LSTM(DEPTH, UNITS).train()
    with pytest.raises(UnsupportedOperatorError, match="training mode") as caught:
        compile_program(export(model, (T, N, DEPTH)), "net", "random")
    assert "model.eval()" in str(caught.value)
