"""`mcugen export-tflite`: what is written is read back as the same module, and runs elsewhere with the same bits."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from examples.export import export as export_example
from mcugen import api
from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program, load_model
from mcugen.graph import Graph, Port
from mcugen.graph.graph import Normalization
from mcugen.graph.reference import kept, reset, run
from mcugen.litert.export import export
from mcugen.litert.names import from_text, to_text
from tests.graph.oracles.tflm import runtime
from tests.graph.strategies.streaming import streaming_network


def texts(module: api.Module, model: str) -> dict[str, str]:
    """The C of a module, apart from the name of the model's file."""
    found = {str(path): content.decode() for path, content in module.files.items() if path.suffix in (".c", ".h")}
    return {path: text.replace(model, "MODEL") for path, text in found.items()}


@pytest.mark.parametrize(
    "name",
    [
        "ds_cnn",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("mobilenet_v1", "resnet8", "autoencoder", "conv1d_net")),
    ],
)
def test_an_example_read_back_is_the_same_module(name: str, tmp_path: Path) -> None:
    model, calibration = export_example(name, tmp_path, samples=4)
    options = api.Options(board="nrf5340dk", calibration=calibration, name="example")
    loaded = api.load(model, options)
    written = tmp_path / f"{name}.tflite"
    written.write_bytes(export(loaded[0]))
    again = replace(options, calibration=None)
    own, back = api.compile(loaded, options), api.compile(written, again)
    assert texts(own, model.name) == texts(back, written.name)
    assert len(texts(own, model.name)) > 10
    shapes = [(p.name, p.shape, p.to_device) for p in loaded[0].inputs]
    assert [(p.name, p.shape, p.to_device) for p in load_model(written).inputs] == shapes


class Head(nn.Module):
    """A layer that LiteRT has in other integers, behind one that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.memory = nn.LSTM(8, 4, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.memory(torch.relu(self.first(x)))[0]


def test_what_litert_has_not_is_named_with_its_source_line() -> None:
    torch.manual_seed(0)
    program = torch.export.export(Head().eval(), (torch.zeros(1, 5, 6),))
    graph = compile_program(program, "head", "random")
    with pytest.raises(UnsupportedOperatorError, match="1 of") as caught:
        export(graph)
    assert "test_export.py:" in str(caught.value) and "lstm" in str(caught.value)


def port(name: str, shape: tuple[int, ...], order: tuple[int, ...], **more: object) -> Port:
    return Port(name, name, shape, order, **more)  # type: ignore[arg-type]


def test_names_and_ports_survive() -> None:
    graph = streaming_network(0, 1)
    scaled = Normalization(1, (0.5, 2.0, 1.0), (0.0, 1.0, -1.0))
    inputs = (port("image", (1, 3, 4, 5), (0, 2, 3, 1), normalization=scaled),)
    outputs = (port("scores", (1, 4), (0, 1), logits=True),)
    text = to_text(replace(graph, inputs=inputs, outputs=outputs), dict(enumerate(graph.operators)))
    names = from_text(text.encode(), [(1, 4, 5, 3)], [(1, 4)])
    assert names is not None
    assert [p.port(p.name) for p in names.inputs] == list(inputs)
    assert [p.port(p.name) for p in names.outputs] == list(outputs)
    assert list(names.operators.values()) == [(op.name, op.origin) for op in graph.operators]


GOOD = {
    "version": 1,
    "operators": {"0": {"name": "a", "source": "", "module": "", "operator": ""}},
    "inputs": [{"name": "x", "shape": [1, 3, 2], "to_device": [0, 2, 1]}],
    "outputs": [],
}
DAMAGED = {
    "no JSON": b"{",
    "no UTF-8": b"\xff",
    "deep": b"[" * 100_000,
    "no object": b"[]",
    "no operators": {**GOOD, "operators": 3},
    "an operator's index": {**GOOD, "operators": {"-1": GOOD["operators"]}},
    "an operator without a name": {**GOOD, "operators": {"0": {"name": 3}}},
    "a name that cannot be printed": {**GOOD, "operators": {"0": {**GOOD["operators"]["0"], "name": "a\n*/"}}},  # type: ignore[index]
    "two of one name": {**GOOD, "operators": {"0": GOOD["operators"]["0"], "1": GOOD["operators"]["0"]}},  # type: ignore[index]
    "another count of ports": {**GOOD, "inputs": []},
    "axes twice": {**GOOD, "inputs": [{"name": "x", "shape": [1, 3, 2], "to_device": [0, 1, 1]}]},
    "another shape": {**GOOD, "inputs": [{"name": "x", "shape": [1, 2, 3], "to_device": [0, 2, 1]}]},
    "true as a size": {**GOOD, "inputs": [{"name": "x", "shape": [True, 3, 2], "to_device": [0, 2, 1]}]},
    "a factor of 0": {
        **GOOD,
        "inputs": [
            {
                "name": "x",
                "shape": [1, 3, 2],
                "to_device": [0, 2, 1],
                "normalization": {"axis": None, "factors": [0], "offsets": [0]},
            }
        ],
    },
}


def test_a_text_that_is_right_is_read() -> None:
    assert from_text(json.dumps(GOOD).encode(), [(1, 2, 3)], []) is not None
    assert from_text(json.dumps({**GOOD, "version": 2}).encode(), [(1, 2, 3)], []) is None


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_names_are_an_error(what: str) -> None:
    content = DAMAGED[what]
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(ValueError, match=r"(has|is|gives|names|does not) "):
        from_text(text, [(1, 2, 3)], [])


class Small(nn.Module):
    """A convolution whose padding LiteRT has to spell out, functions of one element, and a state."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 5, 3, stride=2, padding=1)
        self.register_buffer("before", torch.zeros(1, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        now = torch.relu(self.conv(x)).mean((2, 3))
        both = torch.sigmoid(now) + self.before
        self.before.copy_(now * 0.5)
        return nn.functional.hardswish(both)


def run_mcugen(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mcugen", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_from_the_command_line_and_back(tmp_path: Path) -> None:
    """In fresh processes; the file's steps in TensorFlow Lite Micro are those of the integer reference."""
    torch.manual_seed(0)
    torch.export.save(torch.export.export(Small().eval(), (torch.zeros(1, 2, 8, 8),)), tmp_path / "small.pt2")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", x=rng.normal(size=(12, 2, 8, 8)).astype(np.float32))
    done = run_mcugen(tmp_path, "export-tflite", "small.pt2", "--calibration", "x.npz")
    assert done.returncode == 0 and "1 states" in done.stdout, done.stderr
    graph: Graph = load_model(tmp_path / "small.tflite")
    own = load_model(tmp_path / "small.pt2", tmp_path / "x.npz")
    assert [(op.kind, op.name, op.origin) for op in graph] == [(op.kind, op.name, op.origin) for op in own]
    assert {"table", "conv2d"} <= {op.kind for op in graph}
    assert (graph.inputs[0].name, graph.inputs[0].shape) == ("x", (1, 2, 8, 8))
    machine = runtime.Interpreter.from_file(str(tmp_path / "small.tflite"), arena_size=1 << 20)
    state, seen = reset(graph), set()
    for _ in range(20):
        x = rng.integers(-128, 128, graph.tensor(graph.inputs[0].tensor).shape).astype(np.int8)
        values = run(graph, {graph.inputs[0].tensor: x}, state)
        state = kept(graph, values)
        machine.set_input(x, 0)
        machine.invoke()
        theirs = machine.get_output(0)
        np.testing.assert_array_equal(values[graph.outputs[0].tensor], theirs)
        seen.add(theirs.tobytes())
    assert len(seen) > 5
