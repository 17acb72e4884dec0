"""Equalization changes no result of a float program; `test_gains.py` has what it is good for."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from mcugen.frontend.ranges.equalize import ROOM, equalize
from mcugen.frontend.torch_settings import single_threaded
from tests.frontend.programs import export, seeded

Floats = npt.NDArray[np.float32]


class Chain(nn.Module):
    """Layers one behind the other, of every kind that takes factors, with what may stand between them."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__()
        self.activation = [nn.ReLU(), nn.ReLU6(), nn.Hardtanh(-3, 3), nn.Identity(), nn.Hardtanh(-4, 9)][
            rng.integers(5)
        ]
        self.first = nn.Conv2d(2, 8, 3, padding=1, bias=bool(rng.integers(2)))
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=bool(rng.integers(2)))
        self.grouped = nn.Conv2d(8, 8, 1, groups=2)
        self.pool = [nn.AvgPool2d(2), nn.MaxPool2d(2), nn.Identity()][rng.integers(3)]
        self.left, self.right = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, 3, padding=1, bias=False)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.activation(self.first(x)))
        x = self.activation(self.grouped(self.activation(self.depthwise(x))))
        both = torch.cat([self.left(x), self.activation(self.right(x))], 1)
        result: Tensor = self.head(both.mean((2, 3)))
        return result


def uneven(model: nn.Module, rng: np.random.Generator) -> nn.Module:
    """With outputs of channels that differ by up to 2^10."""
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d):
                factors = torch.from_numpy(np.exp2(rng.uniform(-10, 0, layer.out_channels))).float()
                layer.weight.mul_(factors.reshape(-1, 1, 1, 1))
                if layer.bias is not None:
                    layer.bias.mul_(factors)
    return model


def program(model: nn.Module, *shape: int) -> GraphModule:
    return export(model.eval(), shape).module(check_guards=False)


def results(module: GraphModule, samples: Floats) -> Floats:
    with torch.no_grad(), single_threaded():
        return np.stack([module(torch.from_numpy(sample)).numpy() for sample in samples])


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(4))
def test_no_result_changes(seed: int) -> None:
    """On samples that reach up to `ROOM` as far as those of the calibration did."""
    rng = np.random.default_rng(seed)
    module = program(uneven(seeded(Chain(rng), seed), rng), 1, 2, 6, 6)
    samples = rng.standard_normal((4, 1, 2, 6, 6)).astype(np.float32)
    new = np.concatenate([samples, samples[::-1] * np.float32(0.99 * ROOM)])
    equalized = copy.deepcopy(module)
    with torch.no_grad():
        changed = equalize(equalized, {"x": samples}, 1.0)
    assert changed, f"seed {seed}: channels are uneven, and nothing was equalized"
    wanted, got = results(module, new), results(equalized, new)
    # Biases limit by how much the room of a bound is used; a clipped channel is clipped where it was.
    assert np.abs(got - wanted).max() <= 1e-4 * np.abs(wanted).max(), (seed, changed)


class Clipped(nn.Module):
    def __init__(self, ranges: list[float]) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 1, groups=4, bias=False), nn.Conv2d(4, 2, 1)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor(ranges).reshape(4, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.second(nn.functional.relu6(self.first(x)))
        return result


def test_a_channel_that_is_clipped_keeps_its_factor() -> None:
    """Inputs reach 1: the first channel is clipped at 6, the second nearly, the others are far away."""
    torch.manual_seed(0)
    model = Clipped([20.0, 5.0, 0.05, 0.002])
    module = program(model, 1, 4, 3, 3)
    samples = np.random.default_rng(0).uniform(-1, 1, (16, 1, 4, 3, 3)).astype(np.float32)
    samples[0] = 1
    equalized = copy.deepcopy(module)
    with torch.no_grad():
        assert equalize(equalized, {"x": samples}) == ["conv2d"]
    assert np.allclose(results(module, samples), results(equalized, samples), rtol=1e-5, atol=1e-6)
    (new,) = (n for n in equalized.graph.nodes if n.name == "conv2d")
    factors = getattr(equalized, new.args[1].target).reshape(-1) / model.first.weight.detach().reshape(-1)
    assert factors[0] == factors[1] == 1
    # The bound is twice as far as what the samples reach: a range of 3 of 6.
    assert float(factors[2]) == pytest.approx(3 / 0.05, rel=0.1) and float(factors[3]) == pytest.approx(
        3 / 0.002, rel=0.1
    )


class Added(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(2, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x))
        result: Tensor = self.third(x + torch.sigmoid(self.second(x)))
        return result


def test_what_an_addition_or_a_function_reads_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    module = program(uneven(seeded(Added()), rng), 1, 2, 4, 4)
    with torch.no_grad():
        assert equalize(module, {"x": rng.standard_normal((8, 1, 2, 4, 4)).astype(np.float32)}, 0.0) == []
