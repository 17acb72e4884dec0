"""Programs that came quantized, beside the same without rounding: PyTorch's float model says what that computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.accuracy.compare import compare
from mcugen.accuracy.subject import Subject
from mcugen.frontend import load_with_counterpart
from tests.accuracy.networks import images, save
from tests.accuracy.test_command import BOARD, found, mcugen
from tests.frontend import cortex_m
from tests.frontend.cortex_m import fake
from tests.frontend.programs import export, seeded, with_quantizer
from tests.frontend.test_quantized_programs import INPUT, Net, xnnpack

OPERATORS = torch.ops.quantized_decomposed


class Faked(nn.Module):
    """Fake quantization by hand; with none it is the float model. Values without a quantize: a pool, a softmax."""

    def __init__(self, *, rounded: bool) -> None:
        super().__init__()
        self.rounded = rounded
        self.convolution = nn.Conv2d(3, 6, 3, padding=1)
        self.classifier = nn.Linear(6, 4)

    def forward(self, image: Tensor) -> Tensor:
        x = self._fake(image, 0.03, 2)
        weight = self._weight(self.convolution.weight, 0.004)
        x = nn.functional.conv2d(x, weight, self.convolution.bias, padding=1)
        x = self._fake(torch.relu(x), 0.012, -128)
        x = nn.functional.max_pool2d(x, 2)
        x = self._fake(x.mean((2, 3)), 0.008, -128)
        x = nn.functional.linear(x, self._weight(self.classifier.weight, 0.003), self.classifier.bias)
        return torch.softmax(self._fake(x, 0.01, 5), dim=1)

    def _fake(self, x: Tensor, scale: float, zero: int) -> Tensor:
        return fake(x, scale, zero) if self.rounded else x

    def _weight(self, weight: Tensor, scale: float) -> Tensor:
        return fake(weight, scale, 0) if self.rounded else weight


def subject_of(path: Path, **samples: np.ndarray) -> Subject:
    np.savez(path.parent / "samples.npz", **samples)  # type: ignore[arg-type]
    graph, counterpart = load_with_counterpart(path)
    assert counterpart is not None and not counterpart.own
    return Subject(graph, counterpart, counterpart.samples(path.parent / "samples.npz"))


def test_without_rounding_it_is_the_float_model(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model, samples = Faked(rounded=True), images(1, 4)
    plain = Faked(rounded=False)
    plain.load_state_dict(model.state_dict())
    one = subject_of(save(model, torch.zeros(1, 3, 8, 8), tmp_path / "net.pt2"), image=samples)
    compared = compare(one)
    with torch.no_grad():
        wanted = plain(torch.from_numpy(samples)).numpy()
        rounded = np.rint(model(torch.from_numpy(samples)).numpy() * 256) / 256
    ((name, got),) = compared.wanted.items()
    np.testing.assert_allclose(got.reshape(wanted.shape), wanted, atol=1e-6)
    noise = np.square(rounded - wanted).sum() / np.square(wanted).sum()
    figures = compared.outputs[0].figures
    assert compared.outputs[0].name == name and figures is not None
    # PyTorch's own fake quantization is as far from the float model, with the integers that a softmax has.
    assert figures.sqnr_db == pytest.approx(-10 * np.log10(noise), abs=1)
    activations = {n for op in one.graph.operators for n in op.outputs} | {p.tensor for p in one.graph.inputs}
    assert activations == set(one.correspondences)
    for layer in compared.layers:
        assert layer.figures.sqnr_db > 20 and layer.own_db >= layer.figures.sqnr_db - 3, layer
    assert one.counterpart.words == "the same program without rounding its activations"


class Bytes(nn.Module):
    """Integers in, and integers that an operator computes with: their quantization is part of what it means."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        real = OPERATORS.dequantize_per_tensor(x, 0.1, 100, 0, 255, torch.uint8)
        doubled = OPERATORS.quantize_per_tensor(real * 0.3, 0.05, -20, -128, 127, torch.int8)
        turned = OPERATORS.dequantize_per_tensor(doubled.permute(0, 2, 1), 0.05, -20, -128, 127, torch.int8)
        return fake(torch.sigmoid(turned), 1 / 256, -128), doubled.flip(1)


def test_integers_at_the_borders(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (3, 1, 5, 4)).astype(np.uint8)
    torch.export.save(torch.export.export(Bytes(), (torch.zeros(1, 5, 4, dtype=torch.uint8),)), tmp_path / "net.pt2")
    compared = compare(subject_of(tmp_path / "net.pt2", x=samples))
    real = (samples.astype(np.float32) - 100) * np.float32(0.1) * np.float32(0.3)
    wanted = [1 / (1 + np.exp(-real.transpose(0, 1, 3, 2))), real[:, :, ::-1]]
    for values, right in zip(compared.wanted.values(), wanted, strict=True):
        np.testing.assert_allclose(values.reshape(right.shape), right, atol=1e-6)
    assert all(output.figures is not None and output.figures.sqnr_db > 30 for output in compared.outputs)
    assert compared.layers[0].figures.largest.size < 1e-6, "what comes in as integers is not rounded"


@pytest.mark.slow
@pytest.mark.parametrize("training", [False, True])
def test_programs_of_a_quantizer(training: bool, tmp_path: Path) -> None:
    """Every layer has its figures, and unfolded weights are those of the float model."""
    quantizer = xnnpack(is_per_channel=True, is_qat=training)
    model = seeded(nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3, groups=6), nn.Flatten()))
    program = with_quantizer(model if training else seeded(Net()), quantizer, INPUT, training=training, fold=training)
    torch.export.save(export(program, INPUT), tmp_path / "net.pt2")
    samples = images(5, 8, INPUT[1:])
    one = subject_of(tmp_path / "net.pt2", x=samples)
    compared = compare(one)
    if not training:
        with torch.no_grad():
            wanted = seeded(Net())(torch.from_numpy(samples)).numpy()
        np.testing.assert_allclose(next(iter(compared.wanted.values())).reshape(wanted.shape), wanted, atol=1e-4)
    else:
        assert one.counterpart.words.endswith("its weights as they are")
    activations = {n for op in one.graph.operators for n in op.outputs} | {p.tensor for p in one.graph.inputs}
    assert activations == set(one.correspondences)
    (got,), (output,) = compared.wanted.values(), compared.outputs
    with torch.no_grad():
        rounded = torch.cat([program(torch.from_numpy(x)[None]) for x in samples]).numpy().reshape(got.shape)
    assert output.figures is not None
    noise = np.square(rounded - got).sum() / np.square(got).sum()
    assert output.figures.sqnr_db == pytest.approx(-10 * np.log10(noise), abs=1)


@pytest.mark.slow
@pytest.mark.emulator
def test_the_command(tmp_path: Path) -> None:
    """In fresh processes: a module's folder with its firmware, then what cannot be tried."""
    torch.export.save(export(cortex_m.Net(), cortex_m.INPUT), tmp_path / "net.pt2")
    np.savez(tmp_path / "in.npz", x=images(1, 4, cortex_m.INPUT[1:]))
    assert mcugen(tmp_path, f"emit net.pt2 --board {BOARD}").returncode == 0
    result = found(tmp_path, "accuracy net --samples in.npz")
    assert result["computed_by"] == "qemu" and result["remedies"] == []
    assert result["against"] == "the same program without rounding its activations, its weights as they are"
    layers = json_layers(tmp_path)
    assert layers <= {layer["name"] for layer in result["layers"]}
    assert result["culprit"] is not None
    for option in ("--advice", "--search 40"):
        done = mcugen(tmp_path, f"accuracy net.pt2 --samples in.npz {option}")
        assert done.returncode == 2 and "this one came quantized" in " ".join(done.stderr.split()), done.stderr


def json_layers(folder: Path) -> set[str]:
    import json

    manifest = json.loads((folder / "net" / "mcugen.json").read_text())
    return {layer["name"] for layer in manifest["layers"]}
