"""Models whose values differ in range: what a single scale would destroy is still there in the integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from mcugen.frontend.torch_settings import single_threaded
from tests.frontend.ranges.deploy import deploy

Floats = npt.NDArray[np.float32]
WANTED_DB = 30.0


@pytest.fixture
def rng() -> np.random.Generator:
    torch.manual_seed(0)
    return np.random.default_rng(0)


def normal(rng: np.random.Generator, *shape: int) -> Floats:
    return rng.standard_normal(shape).astype(np.float32)


class Autoencoder(nn.Module):
    def __init__(self, features: int = 8) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features)
        self.encode, self.decode = nn.Linear(features, 6), nn.Linear(6, features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.decode(torch.relu(self.encode(self.norm(x))))
        return result


def trained(model: Autoencoder, samples: Floats) -> Autoencoder:
    """With the samples' batch statistics."""
    with single_threaded(), torch.no_grad():
        for _ in range(100):
            model.train()(torch.from_numpy(samples))
    return model


def test_a_batch_norm_stays_apart_where_folding_hurts(rng: np.random.Generator, tmp_path: Path) -> None:
    """One feature is constant in training: its batch norm's scale is 316."""
    data = normal(rng, 96, 8)
    data[:, 5] = 0
    found = deploy(trained(Autoencoder(), data[:64]), {"x": data[:64]}, {"x": data[64:]}, tmp_path)
    assert found.decibels["linear_1"] >= WANTED_DB
    assert "depthwise_conv2d" in found.kinds


def test_an_ordinary_batch_norm_is_folded(rng: np.random.Generator, tmp_path: Path) -> None:
    data = normal(rng, 96, 8)
    found = deploy(trained(Autoencoder(), data[:64]), {"x": data[:64]}, {"x": data[64:]}, tmp_path)
    assert found.decibels["linear_1"] >= WANTED_DB
    assert found.kinds == ["fully_connected", "fully_connected"]
    assert found.graph.inputs[0].normalization is None


def features(rng: np.random.Generator, count: int) -> Floats:
    """Ranges from 0.01 to 1000, offsets, and two constant channels."""
    scales = np.array([1, 100, 0.01, 1000, 1, 0, 5, 0.5], np.float32)
    offsets = np.array([0, 1000, 0, -500, 3, 7, 0, 20], np.float32)
    return normal(rng, count, 8) * scales + offsets


def test_features_of_very_different_ranges(rng: np.random.Generator, tmp_path: Path) -> None:
    model = trained(Autoencoder(), features(rng, 512))
    found = deploy(model, {"x": features(rng, 64)}, {"x": features(rng, 64)}, tmp_path)
    assert found.decibels["linear_1"] >= WANTED_DB
    by = found.graph.inputs[0].normalization
    assert by is not None and by.axis == 1 and len(by.factors) == 8
    # The device pays nothing: no layer but the model's own two.
    assert found.kinds == ["fully_connected", "fully_connected"]


class Series(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv1d(3, 4, 3, padding=1), nn.Linear(64, 2)

    def forward(self, motion: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.out(torch.relu(self.conv(motion)).flatten(1))
        return result


def test_channels_of_a_series_before_a_padded_convolution(rng: np.random.Generator, tmp_path: Path) -> None:
    """Borders are padded with zeros, so channels may be scaled and not shifted."""
    model = Series()
    ranges = np.array([1, 300, 0.01], np.float32)[:, None]
    with torch.no_grad():
        model.conv.weight /= torch.from_numpy(ranges)
    samples = [{"motion": normal(rng, 64, 3, 16) * ranges} for _ in range(2)]
    found = deploy(model, *samples, tmp_path)
    assert min(found.decibels.values()) >= WANTED_DB
    by = found.graph.inputs[0].normalization
    assert by is not None and not any(by.offsets)


class TwoSensors(nn.Module):
    """Joined behind a layer each, or as they come."""

    def __init__(self, *, raw: bool, activation: nn.Module) -> None:
        super().__init__()
        self.raw, self.activation = raw, activation
        self.first, self.second = nn.Linear(8, 8), nn.Linear(4, 8)
        self.out = nn.Linear(12 if raw else 16, 3)
        with torch.no_grad():
            self.out.weight[:, 8:] /= 300

    def forward(self, imu: torch.Tensor, baro: torch.Tensor) -> torch.Tensor:
        if not self.raw:
            imu, baro = self.activation(self.first(imu)), self.activation(self.second(baro))
        result: torch.Tensor = self.out(torch.cat([imu, baro], dim=1))
        return result


@pytest.mark.parametrize("raw", [False, True], ids=["behind layers", "raw"])
def test_two_sensors_joined(rng: np.random.Generator, tmp_path: Path, *, raw: bool) -> None:
    samples = [{"imu": normal(rng, 64, 8), "baro": normal(rng, 64, 4) * 300} for _ in range(2)]
    found = deploy(TwoSensors(raw=raw, activation=nn.ReLU()), *samples, tmp_path)
    assert found.decibels["linear_2" if not raw else "linear"] >= WANTED_DB
    # Scales of whole inputs are the ports' own: nothing is asked of whoever feeds them.
    assert all(p.normalization is None or p.normalization.axis is None for p in found.graph.inputs)
    scales = [found.graph.real_quantization(port).scale for port in found.graph.inputs]
    assert scales[1] > 100 * scales[0]


def test_joined_behind_a_clip_that_shares_a_factor(rng: np.random.Generator, tmp_path: Path) -> None:
    samples = [{"imu": normal(rng, 64, 8), "baro": normal(rng, 64, 4) * 300} for _ in range(2)]
    found = deploy(TwoSensors(raw=False, activation=nn.Hardtanh(-400, 400)), *samples, tmp_path)
    assert found.decibels["linear_2"] >= WANTED_DB


class InputJoined(nn.Module):
    """Its results reach as far as its inputs, and further in the next samples than in these."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, nn.functional.hardtanh(self.conv(x), 0.0, 6.0)], dim=3)


def test_few_samples_leave_room_for_the_next(rng: np.random.Generator, tmp_path: Path) -> None:
    samples = [{"x": 3 * normal(rng, 32, 2, 1, 1)} for _ in range(2)]
    assert deploy(InputJoined(), *samples, tmp_path).decibels["cat"] >= WANTED_DB


class Clipped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layer(torch.clamp(x.reshape(1, 8), -1.0, 1.0))
        return result


def test_a_clip_at_the_border_is_the_range_of_the_input(rng: np.random.Generator, tmp_path: Path) -> None:
    """What the model throws away takes no resolution."""
    data = [{"x": normal(rng, 64, 2, 4) * np.exp(3 * normal(rng, 64, 1, 1))} for _ in range(2)]
    found = deploy(Clipped(), *data, tmp_path)
    assert min(found.decibels.values()) >= 35
    assert found.graph.tensor(found.graph.inputs[0].tensor).scale <= 2.01 / 255


class Branches(nn.Module):
    """A part of the concatenation is a result too; its values are small."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.large, self.small, self.head = nn.Linear(8, 6), nn.Linear(6, 6), nn.Linear(12, 3)
        with torch.no_grad():
            self.small.weight.mul_(factor)
            self.small.bias.mul_(factor)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        large = self.large(x)
        small = self.small(large)
        return self.head(torch.cat([large, small.flip(1)], 1)), small


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("factor", "requantized"), [(0.05, True), (2.0, False)])
def test_what_a_concatenation_joins_keeps_its_scale_for_other_readers(
    rng: np.random.Generator, tmp_path: Path, factor: float, requantized: bool
) -> None:
    found = deploy(Branches(factor), {"x": normal(rng, 256, 8)}, {"x": normal(rng, 32, 8)}, tmp_path)
    assert min(found.decibels.values()) >= WANTED_DB
    assert ("requantize" in found.kinds) == requantized


class Nested(nn.Module):
    """A concatenation of small values within one of large ones; one of the small values is a result too."""

    def __init__(self) -> None:
        super().__init__()
        self.large, self.small, self.other, self.head = (
            nn.Linear(8, 6),
            nn.Linear(8, 6),
            nn.Linear(8, 6),
            nn.Linear(18, 3),
        )
        with torch.no_grad():
            for layer in (self.small, self.other):
                layer.weight.mul_(0.02)
                layer.bias.mul_(0.02)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        small = self.small(x)
        inner = torch.cat([small, self.other(x)], 1)
        return self.head(torch.cat([inner, self.large(x)], 1)), small


def test_a_concatenation_within_another_keeps_its_scale(rng: np.random.Generator, tmp_path: Path) -> None:
    found = deploy(Nested(), {"x": normal(rng, 256, 8)}, {"x": normal(rng, 32, 8)}, tmp_path)
    assert min(found.decibels.values()) >= WANTED_DB
    assert "requantize" in found.kinds


def test_last_states_of_several_layers_do_not_cost_the_sequence(rng: np.random.Generator, tmp_path: Path) -> None:
    layers = nn.LSTM(8, 16, num_layers=2, proj_size=4, batch_first=True)
    found = deploy(layers, {"input": normal(rng, 24, 12, 8)}, {"input": normal(rng, 16, 12, 8)}, tmp_path)
    sequence, *_ = found.decibels.values()
    assert sequence >= 38


@pytest.mark.parametrize(("classes", "scale"), [(10, 1 / 256), (1024, 2.0**-11)])
def test_small_shares_have_finer_steps(rng: np.random.Generator, tmp_path: Path, classes: int, scale: float) -> None:
    """Of 1024 normal scores none has a share of 1/32."""
    found = deploy(nn.Softmax(-1), {"input": normal(rng, 32, classes)}, {"input": normal(rng, 16, classes)}, tmp_path)
    (shares,) = (found.graph.tensor(op.outputs[0]) for op in found.graph.operators)
    assert shares.scale == scale
