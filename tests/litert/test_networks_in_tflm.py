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
from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import load_model
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import QuantizerOptions
from mcugen.graph import Graph
from mcugen.graph.ops import Conv2d, FullyConnected, Operator, Reshape
from mcugen.graph.reference import run
from mcugen.litert.export import export
from mcugen.passes.editor import Editor
from tests.frontend.programs import export as exported
from tests.frontend.programs import samples, seeded
from tests.litert.test_export import run_mcugen

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


def as_convolutions(graph: Graph) -> Graph:
    """TFLM's FULLY_CONNECTED refuses int4 with a scale for each channel; its CONV_2D has the bits of such a layer."""
    editor = Editor(graph)
    for op in graph.operators:
        if not (isinstance(op, FullyConnected) and graph.tensor(op.inputs[1]).dtype == "int4"):
            editor.keep(op)
            continue
        x, weights, out = (graph.tensor(name) for name in (*op.inputs[:2], *op.outputs))
        assert weights.data is not None
        place = (1, x.elements // x.shape[-1], 1)
        image = editor.new_tensor(replace(x, shape=(*place, x.shape[-1])))
        result = editor.new_tensor(replace(out, shape=(*place, out.shape[-1])))
        kernel = (weights.shape[0], 1, 1, weights.shape[1])
        packed = editor.new_tensor(replace(weights, shape=kernel, data=weights.data.reshape(kernel)))
        names = f"{op.name}_image", f"{op.name}_conv"
        editor.add(Reshape(name=names[0], inputs=op.inputs[:1], outputs=(image,)))
        editor.add(Conv2d(name=names[1], inputs=(image, packed, *op.inputs[2:]), outputs=(result,), clamp=op.clamp))
        editor.add(Reshape(name=op.name, inputs=(result,), outputs=op.outputs))
    return editor.finish()


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
    export(graph)
    graph = as_convolutions(graph)
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
