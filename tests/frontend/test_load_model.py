"""From a file to a graph: the float path with calibration, and the errors on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend import compile_program, load_model
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.quantization import dequantize
from tests.frontend.archives import INPUT, small_archive
from tests.frontend.programs import export, samples


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_archive(tmp_path_factory.mktemp("load"))


@pytest.fixture(scope="module")
def data(archive: Path) -> Path:
    path = archive.with_suffix(".npz")
    np.savez(path, image=samples(INPUT[1:], 6))
    return path


def test_float_model(archive: Path, data: Path) -> None:
    seen: list[tuple[int, int]] = []
    graph = load_model(archive, data, progress=lambda done, total: seen.append((done, total)))
    total = len(seen)
    assert total % 6 == 0 and seen == [(i, total) for i in range(1, total + 1)]
    assert graph.name == "small" and graph.metadata["calibration"] == "file"
    assert [op.kind for op in graph.operators] == ["conv2d", "reshape", "fully_connected"]
    (port,) = graph.inputs
    assert (port.name, port.shape, port.to_device) == ("image", INPUT, (0, 2, 3, 1))
    assert graph.tensor(port.tensor).shape == (1, 5, 5, 2)
    assert [p.name for p in graph.outputs] == ["linear"]


def test_same_input_same_graph(archive: Path, data: Path) -> None:
    def content(graph: Graph) -> list[object]:
        tensors = [
            (t.name, t.shape, t.quantization, None if t.data is None else t.data.tobytes())
            for t in graph.tensors.values()
        ]
        return [graph.operators, graph.inputs, graph.outputs, tensors]

    assert content(load_model(archive, data)) == content(load_model(archive, data))


def test_random_calibration_warns_and_marks(archive: Path, caplog: pytest.LogCaptureFixture) -> None:
    graph = load_model(archive, "random")
    assert graph.metadata["calibration"] == "random"
    assert "random" in caplog.text


def test_float_model_without_calibration(archive: Path) -> None:
    with pytest.raises(InputError, match=r"--calibration FILE\.npz(.|\n)*image"):
        load_model(archive)


def test_ports_of_several_inputs_and_a_dictionary() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 3)
            self.linear = nn.Linear(4, 3)

        def forward(self, image: Tensor, context: Tensor) -> dict[str, Tensor]:
            features = self.conv(image)
            return {"features": features, "sum": features.mean((2, 3)) + self.linear(context)}

    graph = compile_program(export(Net().eval(), (1, 2, 6, 6), (1, 4)), "net", "random")
    assert [p.name for p in graph.inputs] == ["image", "context"]
    assert [p.name for p in graph.outputs] == ["features", "sum"]
    assert graph.outputs[0].shape == (1, 3, 4, 4) and graph.outputs[0].to_device == (0, 2, 3, 1)


class Sorted(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sort().values


class Unsupported(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 4), Sorted())

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) * 2


def test_unsupported_operator_is_found_before_calibration() -> None:
    with pytest.raises(UnsupportedOperatorError) as caught:
        compile_program(export(Unsupported().eval(), (1, 4)), "net", "random")
    text = str(caught.value)
    assert "aten.sort.default" in text and "module inner.1" in text and "test_load_model.py:" in text
    assert "fix:" in text


@pytest.mark.parametrize("layer", [nn.Dropout(), nn.BatchNorm1d(4)])
def test_training_mode(layer: nn.Module) -> None:
    program = torch.export.export(nn.Sequential(nn.Linear(4, 4), layer).train(), (torch.zeros(2, 4),))
    with pytest.raises(InputError, match=r"training(.|\n)*model\.eval\(\)|batch"):
        compile_program(program, "net", "random")


def test_training_mode_with_batch_of_one() -> None:
    program = export(nn.Sequential(nn.Linear(4, 4), nn.Dropout()).train(), (1, 4))
    with pytest.raises(InputError, match=r"model\.eval\(\)"):
        compile_program(program, "net", "random")


@pytest.mark.parametrize("shape", [(), (4,), (2, 4), (3, 1, 1, 1, 2, 4)])
def test_any_batch_and_rank(shape: tuple[int, ...]) -> None:
    graph = compile_program(export(nn.Linear(4, 4) if shape else nn.ReLU(), shape), "net", "random")
    assert graph.inputs[0].shape == graph.outputs[0].shape == shape


@pytest.mark.parametrize("shape, fault", [((0, 4), "no elements"), ((1, 1, 1, 1, 1, 2, 4), "7 axes")])
def test_shapes_that_no_device_takes(shape: tuple[int, ...], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        compile_program(export(nn.ReLU(), shape), "net", "random")


def test_weights_that_are_not_finite() -> None:
    model = nn.Linear(4, 4)
    with torch.no_grad():
        model.weight[0, 0] = float("nan")
    with pytest.raises(InputError, match="finite"):
        compile_program(export(model, (1, 4)), "net", "random")


def test_constant_outputs() -> None:
    """Results that depend on no input are copied from flash."""

    class Constant(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x.relu(), torch.arange(3)

    graph = compile_program(torch.export.export(Constant(), (torch.zeros(1, 4),)), "net", "random")
    result = reference.run_model_layout(graph, {"x": np.zeros((2, 4), np.int8)})
    np.testing.assert_array_equal(result[graph.outputs[1].name], [[0, 1, 2]] * 2)


def test_numbers_as_outputs(tmp_path: Path) -> None:
    """They are constants, and None is no output; the accuracy of each is its own."""

    class Numbers(nn.Module):
        def forward(self, x: Tensor) -> dict[str, Tensor | float | None]:
            return {"classes": 3, "none": None, "y": x - 1, "gain": 2.5, "flag": True, "z": x.relu()}

    data = np.random.default_rng(0).standard_normal((8, 1, 4)).astype(np.float32)
    np.savez(tmp_path / "c.npz", x=data)
    graph = compile_program(export(Numbers(), (1, 4)), "net", tmp_path / "c.npz")
    assert [port.name for port in graph.outputs] == ["classes", "y", "gain", "flag", "z"]
    result = reference.run_model_layout(graph, {"x": np.zeros((2, 1, 4), np.int8)})
    assert result["classes"].tolist() == [3, 3] and result["flag"].tolist() == [True, True]
    gain = graph.real_quantization(graph.outputs[2])
    assert gain is not None and np.abs(dequantize(result["gain"], gain) - 2.5).max() <= gain.scale
    assert graph.fidelity is not None and not graph.warnings
    assert all(30 < graph.fidelity.sqnr_db[name] < 120 for name in ("y", "z"))
    assert graph.fidelity.differing == {"classes": 0, "flag": 0}


def test_unused_input_stays(caplog: pytest.LogCaptureFixture) -> None:
    class Ignores(nn.Module):
        def forward(self, x: Tensor, unused: Tensor) -> Tensor:
            return torch.relu(x)

    graph = compile_program(export(Ignores(), (1, 4), (1, 3)), "net", "random")
    assert [p.name for p in graph.inputs] == ["x", "unused"]
    assert "not used" in caplog.text
