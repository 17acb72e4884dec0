"""A streaming keyword spotter, convolutions with buffers and a GRU with carried state: steps have the whole's bits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.frontend import compile_program
from mcugen.graph import Graph, IntArray
from mcugen.graph import Tensor as IntTensor
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, Operator
from mcugen.graph.ops.recurrent.layer import RecurrentLayer
from mcugen.graph.quantization import quantize
from tests.e2e.test_examples import Command

pytestmark = pytest.mark.emulator

FEATURES, CHANNELS, UNITS, KEYWORDS, LENGTH = 10, 12, 8, 4, 24
KEPT = 2  # columns that a convolution of width 3 has to remember


class Spotter(nn.Module):
    """Two convolutions over time and a GRU, given `steps` columns of features at a time; a score for each column."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(FEATURES, CHANNELS, KEPT + 1)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, KEPT + 1, groups=CHANNELS)
        self.mix = nn.Conv1d(CHANNELS, CHANNELS, 1)
        self.gru = nn.GRU(CHANNELS, UNITS, batch_first=True)
        self.classify = nn.Linear(UNITS, KEYWORDS)
        self.register_buffer("features", torch.zeros(1, FEATURES, KEPT))
        self.register_buffer("columns", torch.zeros(1, CHANNELS, KEPT))
        self.register_buffer("hidden", torch.zeros(1, 1, UNITS))

    def forward(self, x: Tensor) -> Tensor:
        given = torch.cat([self.features, x], 2)
        first = torch.cat([self.columns, torch.relu(self.first(given))], 2)
        self.features.copy_(given[:, :, -KEPT:])
        self.columns.copy_(first[:, :, -KEPT:])
        mixed = torch.relu(self.mix(torch.relu(self.second(first))))
        sequence, last = self.gru(mixed.transpose(1, 2), self.hidden)
        self.hidden.copy_(last)
        return self.classify(sequence)


def spotter() -> nn.Module:
    torch.manual_seed(4)
    return Spotter().eval()


def recording() -> np.ndarray:
    """(LENGTH, FEATURES): a slow tone in noise."""
    rng = np.random.default_rng(6)
    tone = np.sin(np.arange(LENGTH)[:, None] / 3 + np.arange(FEATURES) / 2)
    return (tone + 0.3 * rng.normal(size=(LENGTH, FEATURES))).astype(np.float32)


def pieces(steps: int) -> np.ndarray:
    return np.ascontiguousarray(recording().reshape(-1, steps, FEATURES).transpose(0, 2, 1))


def whole_sequence(graph: Graph, integers: IntArray) -> IntArray:
    """The layers of the graph, each over all columns at once, without any state.

    Args:
        integers: the input, (LENGTH, FEATURES).
    """
    values = integers[None, None]
    for op in graph.operators:
        tensors = [graph.tensor(name) for name in op.inputs]
        out = graph.tensor(op.outputs[0])
        if isinstance(op, Conv2d | DepthwiseConv2d):
            # Before the first column there are zeros, as in the buffers after a reset.
            width = tensors[1].shape[2]
            fill = np.full((1, 1, width - 1, values.shape[3]), tensors[0].zero_point, np.int8)
            values = _run(op, [np.concatenate([fill, values], axis=2)], tensors, out, (1, 1, LENGTH, out.shape[-1]))
        elif isinstance(op, RecurrentLayer):
            hidden = np.zeros(tensors[1].shape, np.int16)
            layer = replace(op, results=("sequence",), outputs=op.outputs[:1])
            shape = (1, LENGTH, out.shape[-1]) if op.batch_first else (LENGTH, 1, out.shape[-1])
            given = values.reshape(1, LENGTH, -1) if op.batch_first else values.reshape(LENGTH, 1, -1)
            values = _run(layer, [given, hidden], tensors, out, shape)
        elif op.kind == "fully_connected":
            values = _run(op, [values.reshape(LENGTH, -1)], tensors, out, (LENGTH, out.shape[-1]))
        else:
            # All else joins columns with those before, or keeps them.
            assert op.kind in ("concatenation", "take", "reshape", "transpose", "copy"), op.kind
    return values


def _run(
    op: Operator, activations: list[IntArray], tensors: list[IntTensor], out: IntTensor, shape: tuple[int, ...]
) -> IntArray:
    """The operator on longer activations, with its own constants."""
    given = [replace(t, shape=a.shape) for t, a in zip(tensors, activations, strict=False)]
    constants = tensors[len(activations) :]
    arrays = [*activations, *(t.data for t in constants if t.data is not None)]
    (result,) = op.reference(arrays, [*given, *constants], [replace(out, shape=shape)])
    return result


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("board", "steps"), [("nrf5340dk", 1), ("mps3_an547", 4)])
def test_steps_equal_the_whole_sequence(board: str, steps: int, command: Command, tmp_path: Path) -> None:
    program = torch.export.export(spotter(), (torch.zeros(1, FEATURES, steps),))
    torch.export.save(program, tmp_path / "spotter.pt2")
    np.savez(tmp_path / "x.npz", x=pieces(steps))
    module, results = tmp_path / "module", tmp_path / "y.npz"
    options = ("--board", board, "--calibration", tmp_path / "x.npz", "--output", module)
    done = command("emit", tmp_path / "spotter.pt2", *options)
    assert done.code == 0, done.err
    states = {s["name"]: s["dtype"] for s in json.loads((module / "mcugen.json").read_text())["states"]}
    assert states == {"features": "int8", "columns": "int8", "hidden": "int16"}
    done = command("verify", module, "--json", "--reset-every", "2")
    assert done.code == 0 and done.json["match"] is True, done.err
    done = command("run", module, "--inputs", tmp_path / "x.npz", "--outputs", results)
    assert done.code == 0, done.err

    graph = compile_program(program, "spotter", tmp_path / "x.npz")
    (port,), (out,) = graph.inputs, graph.outputs
    quantization = graph.tensor(port.tensor).quantization
    assert quantization is not None
    whole = whole_sequence(graph, quantize(recording(), quantization, "int8"))
    with np.load(results) as got:
        assert np.array_equal(got[out.name].reshape(LENGTH, KEYWORDS), whole)
    with torch.no_grad():
        exact = spotter()(torch.tensor(recording().T[None]))[0].numpy()
    scale = graph.tensor(out.tensor).scale
    real = (whole.astype(float) - graph.tensor(out.tensor).zero_point) * scale
    assert np.abs(real - exact).max() < max(3 * scale, 0.05 * float(np.ptp(exact)))
