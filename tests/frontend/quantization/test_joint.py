"""Weights adjusted for the program's results: derivatives against moved weights, what it gains and leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.fx import GraphModule

from mcugen.frontend.fitting import joint
from mcugen.frontend.fitting.gptq import round_weights
from mcugen.frontend.fitting.joint import _Fit, adjust_jointly
from mcugen.frontend.fitting.layer import layers_of
from mcugen.frontend.fitting.stepwise import FEWEST
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantize import Quantized, quantize_program
from mcugen.frontend.quantizer_options import QuantizerOptions
from mcugen.frontend.ranges.observe import results
from mcugen.frontend.torch_settings import single_threaded
from tests.frontend.programs import export, seeded

SHAPE = (1, 3, 16)


@pytest.fixture(autouse=True)
def as_it_runs() -> Iterator[None]:
    """As `quantize_program` runs it."""
    with single_threaded(), torch.no_grad():
        yield


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(3, 8, 5, stride=2), nn.ReLU(), nn.Conv1d(8, 8, 3), nn.ReLU6(), nn.Flatten(), nn.Linear(32, 4)
    )


def drawn(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, *SHAPE)).astype(np.float32)


def quantized(
    precision: str, seed: int = 0, gptq: Any = "off", model: nn.Module | None = None
) -> tuple[Quantized, Any]:
    module = export(seeded(model or network(), seed), SHAPE).module(check_guards=False)
    (title,) = (n.name for n in module.graph.nodes if n.op == "placeholder")
    samples = {title: drawn(16, seed)}
    options = QuantizerOptions("minmax", "off", "off", "off", read_rules(precision))
    return quantize_program(module, samples, options=options), samples


def error(program: GraphModule, reference: GraphModule, samples: dict[str, np.ndarray]) -> float:
    count = len(next(iter(samples.values())))
    return sum(
        float((results(program, samples, i)[0] - results(reference, samples, i)[0]).double().square().sum())
        for i in range(count)
    )


def test_slopes_are_what_a_moved_weight_does() -> None:
    found, samples = quantized("int16")
    layers = list(layers_of(found.module, found.prepared).values())
    wanted = [results(found.prepared, samples, i)[0].double().reshape(-1) for i in range(8)]
    fit = _Fit(found.module, found.prepared, layers, samples, range(8), wanted)
    slopes, place = fit.slopes(), 0
    for layer in layers:
        # One weight after the other by one step, which the program with 16 bits shows; one in nineteen.
        for weight in range(0, layer.stored.numel(), 19):
            flat = layer.stored.reshape(-1)
            before, old = fit._errors(), flat[weight].clone()
            flat[weight] += 1 if old < layer.high else -1
            moved = float(flat[weight]) - float(old)
            step = layer.scales.reshape(-1)[weight // layer.stored[0].numel()] * moved
            np.testing.assert_allclose(fit._errors() - before, slopes[place + weight] * float(step), atol=2e-3)
            flat[weight] = old
        place += layer.stored.numel()
    assert np.abs(slopes).max() > 0.1


@pytest.mark.parametrize("seed", range(2))
def test_results_come_closer_and_unseen_ones_do_not_go_away(seed: int) -> None:
    found, samples = quantized("int16", seed)
    (title,) = samples
    # Of half the size, so that none saturates.
    unseen = {title: drawn(32, seed + 100) / 2}
    round_weights(found.module, found.prepared, samples, range(16))
    before = [error(found.module, found.prepared, given) for given in (samples, unseen)]
    assert len(adjust_jointly(found.module, found.prepared, samples, range(16))) == 3
    after = [error(found.module, found.prepared, given) for given in (samples, unseen)]
    print(f"seen, unseen: {before} to {after}")
    assert after[0] < before[0] / 1.7
    assert after[1] < 1.15 * before[1]


def test_what_it_is_not_for_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    wide, samples = quantized("int16")
    narrow, _ = quantized("int8")
    assert adjust_jointly(wide.module, wide.prepared, samples, range(FEWEST - 1)) == []
    assert adjust_jointly(narrow.module, narrow.prepared, samples, range(16)) == []
    monkeypatch.setattr(joint, "LARGEST", 100)
    assert adjust_jointly(wide.module, wide.prepared, samples, range(16)) == []


def test_a_change_that_does_not_help_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    found, samples = quantized("int16")
    layers = layers_of(found.module, found.prepared).values()
    before = [(layer.stored.clone(), layer.scales.clone()) for layer in layers]
    honest = _Fit.slopes
    monkeypatch.setattr(_Fit, "slopes", lambda self: -honest(self))
    assert adjust_jointly(found.module, found.prepared, samples, range(16)) == []
    for layer, (stored, scales) in zip(layers, before, strict=True):
        assert torch.equal(layer.stored, stored) and torch.equal(layer.scales, scales)


class Twice(nn.Module):
    """One layer's weights, read in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv1d(3, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(torch.relu(self.layer(x)))


def test_weights_of_two_layers_are_left_alone() -> None:
    found, samples = quantized("int16", model=Twice())
    assert adjust_jointly(found.module, found.prepared, samples, range(16)) == []
