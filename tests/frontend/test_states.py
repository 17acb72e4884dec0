"""State: what an inference keeps for the next one, against PyTorch step by step and the whole sequence at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend import compile_program
from mcugen.frontend.sequences import Sequences
from mcugen.graph import Graph, reference
from mcugen.graph.quantization import dequantize, quantize

CHANNELS, STEP, KEPT = 3, 2, 2


class Stream(nn.Module):
    """A convolution over time that is given a few columns at a time, and keeps the last ones."""

    def __init__(self, how: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.how = how
        self.register_buffer("h", torch.zeros(1, CHANNELS, KEPT))
        self.conv = nn.Conv1d(CHANNELS, 4, KEPT + 1)

    def forward(self, x: Tensor, h: Tensor | None = None) -> Any:
        y = torch.cat([self.h if h is None else h, x], 2)
        if self.how == "copy":
            self.h.copy_(y[:, :, -KEPT:])
        if self.how == "assign":
            self.h = y[:, :, -KEPT:]
        out = torch.relu(self.conv(y))
        return out if h is None else {"out": out, "last": y[:, :, -KEPT:]}


class Keeps(nn.Module):
    """A buffer of shape (1, 4) that each step changes by `step(h, x)`; returns what it was."""

    def __init__(self, step: str, start: Tensor | None = None) -> None:
        super().__init__()
        self.step = step
        self.register_buffer("h", torch.zeros(1, 4) if start is None else start)

    def forward(self, x: Tensor) -> Tensor:
        if self.step == "part":
            before = self.h[:, 1:]
            old = before.clone()
            self.h[:, :-1] = old
            self.h[:, -1] = x[:, 0]
            return torch.cat([before, x], 1) + torch.cat([old, self.h], 1)
        if self.step == "chunk":
            self.h.chunk(2, 1)[0].copy_(x[:, :2])
            return x * self.h
        out = x + self.h
        if self.step == "average":
            self.h.mul_(0.5).add_(x)
        if self.step == "sigmoid":
            self.h.copy_(torch.sigmoid(self.h + x))
        if self.step == "count":
            self.h.add_(x.abs() + 1)
        if self.step == "explode":
            self.h.copy_(self.h * 1e30 + x)
        return out


class Swap(nn.Module):
    """Two states that change places."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("a", torch.tensor([[1.0, -1.0]]))
        self.register_buffer("b", torch.tensor([[0.5, 0.25]]))

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.a * 1, self.b * 1
        out = x + self.a
        self.a.copy_(b)
        self.b.copy_(a)
        return out


def compiled(
    model: nn.Module,
    samples: np.ndarray,
    folder: Path,
    sequences: Sequences | None = None,
    inputs: int = 1,
    *,
    decomposed: bool = False,
) -> Graph:
    shape = (1, *samples.shape[1:])
    example = (torch.zeros(shape), torch.zeros(1, CHANNELS, KEPT))[:inputs]
    program = torch.export.export(model.eval(), example)
    program = program.run_decompositions() if decomposed else program
    np.savez(folder / "samples.npz", x=samples)
    return compile_program(program, "net", folder / "samples.npz", None, sequences)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def steps(graph: Graph, samples: np.ndarray, reset_every: int | None = None) -> np.ndarray:
    (port,) = graph.inputs
    integers = quantize(samples, graph.tensor(port.tensor).quantization, "int8")
    return reference.run_model_layout(graph, {port.name: integers}, reset_every)[graph.outputs[0].name]


def real(graph: Graph, integers: np.ndarray) -> np.ndarray:
    return dequantize(integers, graph.tensor(graph.outputs[0].tensor).quantization)


@pytest.mark.parametrize("how", ["copy", "assign", "tied"])
def test_a_streaming_convolution_equals_the_whole_sequence(how: str, tmp_path: Path) -> None:
    samples = noise(24, CHANNELS, STEP)
    sequences = Sequences((("last", "h"),)) if how == "tied" else None
    graph = compiled(Stream(how), samples, tmp_path, sequences, 2 if how == "tied" else 1)
    (state,) = graph.states
    assert state.name == "h" and [p.name for p in graph.inputs] == ["x"] and len(graph.outputs) == 1
    stepwise = steps(graph, samples)
    whole = _whole_sequence(graph, samples)
    assert np.array_equal(np.concatenate(list(stepwise), axis=1), whole)
    with torch.no_grad():
        columns = torch.cat([torch.zeros(1, CHANNELS, KEPT), torch.cat(list(torch.tensor(samples)), 1)[None]], 2)
        wanted = torch.relu(Stream(how).conv(columns))[0].numpy()
    assert np.abs(real(graph, whole) - wanted).max() < 0.05 * np.ptp(wanted)


def _whole_sequence(graph: Graph, samples: np.ndarray) -> np.ndarray:
    """The convolution of the graph over all columns at once, as integers."""
    (conv,) = (op for op in graph.operators if op.kind == "conv2d")
    weights, bias = (graph.tensor(name) for name in conv.inputs[1:])
    source, result = graph.tensor(conv.inputs[0]), graph.tensor(conv.outputs[0])
    columns = np.concatenate([np.zeros((CHANNELS, KEPT), np.float32), *samples], axis=1)
    given = quantize(columns.T[None, None], source.quantization, "int8")
    shaped = type(source)("all", given.shape, "int8", source.quantization)
    long = type(result)("long", (1, 1, given.shape[2] - KEPT, 4), "int8", result.quantization)
    (out,) = conv.reference([given, weights.data, bias.data], [shaped, weights, bias], [long])
    return out[0, 0].T


@pytest.mark.parametrize("step", ["average", "sigmoid"])
@pytest.mark.parametrize("reset_every", [None, 3])
def test_states_are_within_a_few_steps_of_pytorch(step: str, reset_every: int | None, tmp_path: Path) -> None:
    samples = noise(20, 4)
    start = torch.tensor([[0.25, 0.5, 0.0, -1.0]])
    graph = compiled(Keeps(step, start.clone()), samples, tmp_path, Sequences((), reset_every))
    got = real(graph, steps(graph, samples, reset_every))
    model = Keeps(step, start.clone())
    wanted = []
    for index, sample in enumerate(samples):
        if reset_every and index % reset_every == 0:
            model.h.copy_(start)
        wanted.append(model(torch.tensor(sample)[None])[0].numpy())
    scale = graph.tensor(graph.outputs[0].tensor).scale
    assert np.abs(got - np.array(wanted)).max() <= 5 * scale
    before, after = (graph.tensor(n).quantization for n in (graph.states[0].tensor, graph.states[0].result))
    assert before == after


def test_states_may_change_places(tmp_path: Path) -> None:
    graph = compiled(Swap(), noise(16, 2), tmp_path)
    assert [state.name for state in graph.states] == ["a", "b"]
    zeros = np.zeros((4, 2), np.float32)
    wanted = np.array([[1, -1], [0.5, 0.25]] * 2)
    assert np.abs(real(graph, steps(graph, zeros)) - wanted).max() < 0.05


def test_flags_are_changed_by_logical_operators_in_place(tmp_path: Path) -> None:
    class Latch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("seen", torch.zeros(1, 4, dtype=torch.bool))

        def forward(self, x: Tensor) -> Tensor:
            self.seen |= x > 1
            flags = torch.logical_not(self.seen)
            flags &= x > -1
            return flags

    samples = np.random.default_rng(3).choice([-2.0, 0.0, 2.0], (16, 4), p=[0.4, 0.55, 0.05]).astype(np.float32)
    wanted = ~np.logical_or.accumulate(samples > 1) & (samples > -1)
    assert 0 < wanted[8:].mean() < 1
    assert np.array_equal(steps(compiled(Latch(), samples, tmp_path), samples), wanted)


def test_messages_call_a_state_a_state(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("last", torch.zeros(1, 4))
            self.register_buffer("same", torch.full((1, 4), 0.5))

        def forward(self, x: Tensor) -> Tensor:
            y = x + self.same
            self.last.copy_(x)
            self.same.mul_(1.0)
            return y

    graph = compiled(Idle(), noise(16, 4), tmp_path)
    assert "state 'last' is not used" in caplog.text
    assert any("state 'same' is 0.5 throughout" in warning for warning in graph.warnings)


class Buffers(nn.Module):
    """Two buffers that change as told; see `CHANGES`."""

    def __init__(self, change: str) -> None:
        super().__init__()
        self.change = CHANGES[change]
        self.register_buffer("a", torch.full((1, 4), 0.5))
        self.register_buffer("b", torch.tensor([[0.25, -0.5, 0.0, 1.0]]))

    def forward(self, x: Tensor) -> Tensor:
        return self.change(self, x)


def _delay(m: Buffers, x: Tensor) -> Tensor:
    y = x + 0.5 * m.a + 0.25 * m.b
    m.b.copy_(m.a)
    m.a.copy_(x)
    return y


def _exchange(m: Buffers, x: Tensor) -> Tensor:
    old = m.a.clone()
    m.a.copy_(m.b)
    m.b.copy_(torch.tanh(x + old))
    return old * 2 + m.a


def _read_after(m: Buffers, x: Tensor) -> Tensor:
    m.b.copy_(m.a)
    m.a.mul_(0.5).add_(x)
    return m.b - m.a


def _filled(m: Buffers, x: Tensor) -> Tensor:
    y = x + m.a - m.b
    m.a.zero_()
    m.a.lerp_(x, 0.25)
    m.b.fill_(0.5)
    return y


CHANGES: dict[str, Callable[[Buffers, Tensor], Tensor]] = {
    "delay": _delay,
    "exchange": _exchange,
    "read after": _read_after,
    "filled": _filled,
}


@pytest.mark.parametrize("decomposed", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_a_buffer_takes_what_another_holds_at_that_moment(change: str, decomposed: bool, tmp_path: Path) -> None:
    samples = noise(24, 4)
    graph = compiled(Buffers(change), samples, tmp_path, decomposed=decomposed)
    model = Buffers(change)
    with torch.no_grad():
        wanted = np.stack([model(torch.tensor(x)[None]).numpy()[0] for x in samples])
    scale = graph.tensor(graph.outputs[0].tensor).scale
    assert np.abs(real(graph, steps(graph, samples)) - wanted).max() <= 5 * scale


@pytest.mark.parametrize(
    ("ties", "words"),
    [
        ((("nothing", "h"),), "no output 'nothing'"),
        ((("last", "nothing"),), "no input 'nothing'"),
        ((("out", "h"),), r"output 'out' is float32\(1, 4, 2\), input 'h' float32\(1, 3, 2\)"),
        ((("last", "h"), ("last", "h")), "tied twice"),
    ],
)
def test_a_tie_that_cannot_be_is_refused(ties: tuple[tuple[str, str], ...], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        compiled(Stream("tied"), noise(4, CHANNELS, STEP), tmp_path, Sequences(ties), 2)


def test_a_state_without_a_lasting_scale_is_refused(tmp_path: Path) -> None:
    samples = noise(32, 4)
    with pytest.raises(InputError, match="'h' has no scale that holds in all steps: it grows from step to step"):
        compiled(Keeps("count"), samples, tmp_path)
    with pytest.raises(InputError, match="it is not finite after step 1"):
        compiled(Keeps("explode", torch.ones(1, 4)), samples, tmp_path)
    bounded = compiled(Keeps("count"), samples, tmp_path, Sequences((), 4))
    assert len(bounded.states) == 1


@pytest.mark.parametrize("decomposed", [False, True])
def test_a_part_of_a_buffer_changes(tmp_path: Path, *, decomposed: bool) -> None:
    samples = noise(12, 4)
    graph = compiled(Keeps("part"), samples, tmp_path, decomposed=decomposed)
    assert [state.name for state in graph.states] == ["h"]
    model = Keeps("part")
    wanted = np.stack([model(torch.tensor(x)[None]).numpy() for x in samples])
    assert np.abs(real(graph, steps(graph, samples)).reshape(wanted.shape) - wanted).max() < 0.05


def test_a_part_of_a_buffer_that_is_no_slice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOperatorError, match=r"copy_.*changes a part of a buffer"):
        compiled(Keeps("chunk"), noise(4, 4), tmp_path)
