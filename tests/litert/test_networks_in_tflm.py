"""Whole networks of int16 and int4, exported: TensorFlow Lite Micro gives the bits of the integer reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from examples.export import export as export_example
from examples.models import MODELS
from mcugen import api
from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import load_model
from mcugen.frontend.litert.model import read_model
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import QuantizerOptions
from mcugen.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.graph.reference import run
from mcugen.litert.export import export
from tests.frontend.programs import export as exported
from tests.frontend.programs import samples, seeded
from tests.litert.test_export import run_mcugen, texts

tflm = pytest.importorskip("tests.graph.oracles.tflm", reason="the package tflite-micro is not installed")

SHAPE = (1, 3, 8, 8)


class Small(nn.Module):
    """Every weighted layer that TFLM has in int16, a residual sum and a pool."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.ReLU6(), nn.Conv2d(6, 6, 1))
        self.larger = nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.classifier = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.larger(torch.relu(self.block(x) + x))
        return self.classifier(nn.functional.avg_pool2d(x, 16).flatten(1))


def assert_equal_bits(graph: Graph, content: bytes, count: int) -> None:
    """Over inputs of the whole range, and of its two ends alone."""
    machine = tflm.runtime.Interpreter.from_bytes(content, arena_size=1 << 23)
    rng, seen = np.random.default_rng(0), set()
    (given,), (result,) = ([graph.tensor(p.tensor) for p in ports] for ports in (graph.inputs, graph.outputs))
    least, most = given.integer_range
    for index in range(count):
        x = rng.integers(least, most + 1, given.shape) if index % 2 else rng.choice([least, most], given.shape)
        x = x.astype(given.dtype)
        machine.set_input(x, 0)
        machine.invoke()
        theirs = machine.get_output(0)
        np.testing.assert_array_equal(run(graph, {given.name: x})[result.name], theirs)
        seen.add(theirs.tobytes())
    assert len(seen) > 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `Small` as small.pt2 and samples in x.npz."""
    made = tmp_path_factory.mktemp("small")
    torch.export.save(exported(seeded(Small()), SHAPE), made / "small.pt2")
    np.savez(made / "x.npz", x=samples(SHAPE, 8))
    return made


@pytest.fixture(scope="module")
def small(folder: Path) -> Graph:
    return load_model(folder / "small.pt2", folder / "x.npz", options=QuantizerOptions(rules=read_rules("int16")))


def test_small_network_of_int16(small: Graph) -> None:
    biases = {op.kind: small.tensor(op.inputs[2]).dtype for op in small.operators if len(op.inputs) > 2}
    assert biases == {
        "conv2d": "int32",
        "depthwise_conv2d": "int64",
        "transposed_conv2d": "int64",
        "fully_connected": "int32",
    }
    assert_equal_bits(small, export(small), 8)


def test_fully_connected_layers_of_int4(tmp_path: Path) -> None:
    """With a scale for each output they are convolutions in the file, and no longer when it is read."""
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 7), nn.ReLU6(), nn.Linear(7, 3))
    torch.export.save(exported(seeded(network), SHAPE), tmp_path / "small.pt2")
    np.savez(tmp_path / "x.npz", input=samples(SHAPE, 8))
    options = api.Options(board="nrf5340dk", calibration=tmp_path / "x.npz", name="small", precision="int4")
    loaded, written = api.load(tmp_path / "small.pt2", options), tmp_path / "small.tflite"
    written.write_bytes(export(loaded[0]))
    assert_equal_bits(loaded[0], written.read_bytes(), 4)
    assert "FULLY_CONNECTED" not in {op.builtin for op in read_model(written.read_bytes()).subgraphs[0].operators}
    own, back = api.compile(loaded, options), api.compile(written, replace(options, calibration=None, precision="int8"))
    assert texts(own, "small.pt2") == texts(back, "small.tflite")
    assert [op.kind for op in back.plan.graph.operators].count("fully_connected") == 2


def test_transposed_convolutions_of_int4_are_refused(folder: Path) -> None:
    """TFLM has none."""
    graph = load_model(folder / "small.pt2", folder / "x.npz", options=QuantizerOptions(rules=read_rules("int4")))
    with pytest.raises(UnsupportedOperatorError, match=r"of 1 of \d+ layers") as caught:
        export(graph)
    assert "transposed_conv2d" in str(caught.value)


@pytest.mark.slow
def test_the_command_writes_the_same_file(small: Graph, folder: Path) -> None:
    done = run_mcugen(folder, "export-tflite", "small.pt2", "--calibration", "x.npz", "--precision", "int16")
    assert done.returncode == 0, done.stderr
    assert (folder / "small.tflite").read_bytes() == export(small)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["int16", "int4"])
@pytest.mark.parametrize("name", MODELS)
def test_example_networks(name: str, precision: str, tmp_path: Path) -> None:
    model, calibration = export_example(name, tmp_path, samples=4)
    graph = load_model(model, calibration, options=QuantizerOptions(rules=read_rules(precision)))
    assert_equal_bits(graph, export(graph), 4)


@pytest.mark.parametrize("kind", ["depthwise_conv2d", "transposed_conv2d"])
def test_biases_of_32_bits_are_refused_where_tflm_reads_64(kind: str, small: Graph) -> None:
    """Layers have them whose products are 128 output steps or more."""
    (op,) = (op for op in small.operators if op.kind == kind)
    with pytest.raises(UnsupportedOperatorError, match=rf"1 of {len(small.operators)} layers") as caught:
        export(_with_narrow_bias(small, op))
    assert op.name in str(caught.value)


def _with_narrow_bias(graph: Graph, op: Operator) -> Graph:
    bias = graph.tensor(op.inputs[2])
    assert bias.data is not None
    narrow = replace(bias, dtype="int32", data=bias.data.astype(np.int32))
    return replace(graph, tensors={**graph.tensors, bias.name: narrow})
