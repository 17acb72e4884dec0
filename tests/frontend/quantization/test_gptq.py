"""Weights rounded for their layer's results: rows against PyTorch's layers, the rounding against all roundings."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.frontend.fitting.gptq import round_weights, rounded
from mcugen.frontend.fitting.layer import layer_of
from mcugen.frontend.fitting.stepwise import FEWEST, run_stepwise
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantize import quantize_program
from mcugen.frontend.quantizer_options import PLAIN, QuantizerOptions, Switch
from mcugen.frontend.ranges.observe import results
from mcugen.frontend.rewrites.folding import weighted
from mcugen.frontend.torch_settings import single_threaded
from tests.frontend.programs import export, seeded
from tests.frontend.ranges import outliers
from tests.frontend.ranges.deploy import deploy

LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "conv2d": (nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), (1, 3, 7, 8)),
    "groups": (nn.Conv2d(4, 6, 3, groups=2, padding=1), (1, 4, 5, 6)),
    "depthwise": (nn.Conv2d(5, 5, (1, 3), groups=5, padding="same", bias=False), (1, 5, 4, 6)),
    "same": (nn.Conv2d(2, 3, (2, 4), padding="same"), (1, 2, 5, 6)),
    "valid": (nn.Conv2d(2, 3, 2, padding="valid"), (1, 2, 5, 6)),
    "conv1d": (nn.Conv1d(3, 4, 3, stride=2, padding=2, dilation=2), (1, 3, 12)),
    "conv1d_same": (nn.Conv1d(3, 4, 4, padding="same"), (1, 3, 9)),
    "linear": (nn.Linear(6, 3), (1, 5, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_rows_times_weights_are_the_layer(name: str) -> None:
    model, shape = LAYERS[name]
    module = export(seeded(nn.Sequential(model)), shape).module(check_guards=False)
    (title,) = (n.name for n in module.graph.nodes if n.op == "placeholder")
    samples = {title: np.random.default_rng(1).standard_normal((3, *shape)).astype(np.float32)}
    found = quantize_program(module, samples, options=PLAIN)
    twins = {node.name: node for node in found.prepared.graph.nodes}
    (node,) = (n for n in found.module.graph.nodes if weighted(n))
    layer = layer_of(found.module, node, found.prepared, twins[node.name])
    assert layer is not None
    seen: dict[str, list[Tensor]] = {}
    with torch.no_grad():
        run_stepwise(
            found.module,
            samples,
            range(3),
            before=lambda n, operands: seen.update(x=operands[layer.arguments["input"]]) if n is node else None,
        )
        for x in seen["x"]:
            groups = zip(layer.rows(x), layer.weights.flatten(1).chunk(layer.groups), strict=True)
            got = torch.cat([rows @ weights.T for rows, weights in groups], dim=1)
            floats = model.double()(x) - (0 if model.bias is None else model(torch.zeros_like(x)))
            wanted = floats.movedim(-1 if name == "linear" else 1, -1).reshape(got.shape)
            torch.testing.assert_close(got, wanted, rtol=0, atol=1e-6)
    model.float()


def test_rounding_is_between_nearest_and_the_best_there_is() -> None:
    depth, draws = 6, 12
    steps = torch.tensor(list(itertools.product((-1.0, 0.0, 1.0), repeat=depth)), dtype=torch.float64)
    losses = torch.zeros(3, dtype=torch.float64)
    for seed in range(draws):
        generator = torch.Generator().manual_seed(seed)
        alike = torch.rand(1, depth, generator=generator, dtype=torch.float64) + 0.5
        inputs = alike + 0.1 * torch.randn(100, depth, generator=generator, dtype=torch.float64)
        weights = torch.randn(4, depth, generator=generator, dtype=torch.float64)
        scales = weights.abs().amax(1) / 7
        moments, nearest = inputs.T @ inputs, (weights / scales[:, None]).round()
        found = rounded(weights[None], scales[None], moments[None], -7, 7)[0]
        assert found.abs().max() <= 7 and torch.equal(found, found.round())
        # (roundings, O, I)
        tried = torch.cat([found[None], nearest[None], (nearest + steps[:, None]).clamp(-7, 7)])
        errors = tried * scales[:, None] - weights
        lost = torch.einsum("roi,ij,roj->ro", errors, moments, errors)
        losses += torch.stack([lost[0].sum(), lost[1].sum(), lost.amin(0).sum()])
    got, plain, best = losses.tolist()
    print(f"rounded {got}, nearest {plain}, best {best}")
    assert best < got <= 0.5 * plain
    assert got <= 5 * best


def test_inputs_without_anything_in_common_round_to_nearest() -> None:
    weights = torch.randn(6, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    scales = weights.abs().amax(1) / 127
    for moments in (torch.eye(9, dtype=torch.float64), torch.zeros(9, 9, dtype=torch.float64)):
        found = rounded(weights[None], scales[None], moments[None], -127, 127)[0]
        assert torch.equal(found, (weights / scales[:, None]).round())


def test_few_samples_say_nothing() -> None:
    module = export(seeded(nn.Sequential(nn.Linear(6, 3))), (1, 6)).module(check_guards=False)
    (title,) = (n.name for n in module.graph.nodes if n.op == "placeholder")
    samples = {title: np.ones((FEWEST - 1, 1, 6), np.float32)}
    found = quantize_program(module, samples, options=PLAIN)
    assert round_weights(found.module, found.prepared, samples, range(FEWEST - 1)) == []


def test_int4_weights_on_images_that_calibration_has_not_seen(tmp_path: Path) -> None:
    trained = outliers.train()

    def decibels(gptq: str) -> float:
        options = QuantizerOptions("minmax", "off", gptq, "off", read_rules("int4"))  # type: ignore[arg-type]
        data = {"image": outliers.calibration(32)}, {"image": trained.images[:120]}
        return deploy(trained.model, *data, tmp_path, options).decibels["linear"]

    assert decibels("auto") >= decibels("off") + 4


@pytest.mark.parametrize("precision", ["int4", "int16"])
def test_what_only_the_samples_show_is_not_kept(precision: str) -> None:
    """Noise has nothing in common but by chance: 32 samples of 64 numbers are easily learnt by heart."""
    model = seeded(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)))
    noise = np.random.default_rng(3).standard_normal((96 + 100, 1, 64)).astype(np.float32)
    errors: dict[str, float] = {}
    switches: tuple[Switch, ...] = ("auto", "on", "off")
    for gptq in switches:
        module = export(model, (1, 64)).module(check_guards=False)
        (title,) = (n.name for n in module.graph.nodes if n.op == "placeholder")
        options = QuantizerOptions("minmax", "off", gptq, "off", read_rules(precision))
        found = quantize_program(module, {title: noise[:96]}, options=options)
        with single_threaded(), torch.no_grad():
            wanted = [results(found.prepared, {title: noise}, i)[0] for i in range(96, 196)]
            got = [results(found.module, {title: noise}, i)[0] for i in range(96, 196)]
        errors[gptq] = float(torch.stack([(w - g).square().sum() for w, g in zip(wanted, got, strict=True)]).sum())
        # Neither what was fitted to nor what judges is measured twice.
        assert set(found.compared).isdisjoint(range(0, 96, 3))
    print(errors)
    assert errors["auto"] <= 1.05 * errors["off"] < errors["on"]
