"""int4 weights: PyTorch computes the same with them, and their scales are the ones that lose least."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.ranges.least_squares import SMALLEST, least_squares_scales
from tests.frontend.precision.networks import INPUT, Given, Net, quantized, signal_to_noise
from tests.frontend.programs import compare, export, samples, seeded


def test_pytorch_computes_the_same() -> None:
    found = compare(quantized(seeded(Net()), read_rules("int4"), INPUT), INPUT)
    assert found.layer <= 1, found.where
    assert found.output <= 2
    weights = [found.graph.tensor(op.inputs[1]) for op in found.graph.operators if len(op.inputs) == 3]
    assert len(weights) == 4 and {w.dtype for w in weights} == {"int4"}
    for w in weights:
        assert w.data is not None and np.abs(w.data).max() == 7
        assert w.size_bytes == -(-w.elements // 2)


def test_transposed_convolutions_too() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 5, 3, stride=2))
    found = compare(quantized(seeded(model), read_rules("int4"), INPUT), INPUT)
    assert found.layer <= 1, found.where
    assert [found.graph.tensor(op.inputs[1]).dtype for op in found.graph.operators if len(op.inputs) > 1] == [
        "int4"
    ] * 2


def test_scales_lose_less_than_those_of_the_largest_weights() -> None:
    rows = torch.from_numpy(np.random.default_rng(3).standard_normal((16, 200)))
    full = rows.abs().amax(dim=1) / 7

    def loss(scales: torch.Tensor) -> torch.Tensor:
        steps = torch.round(rows / scales[:, None]).clamp(-7, 7)
        return (steps * scales[:, None] - rows).square().sum(dim=1)

    found = least_squares_scales(rows, 7)
    assert (loss(found) < loss(full)).all() and loss(found).sum() < 0.8 * loss(full).sum()
    # Nor is there a better one between those that were tried.
    for share in np.linspace(SMALLEST, 1.0, 500):
        assert (loss(full * share) > 0.97 * loss(found)).all()


def test_zeros_and_single_weights_have_a_scale() -> None:
    found = least_squares_scales(torch.tensor([[0.0, 0.0], [0.0, 3.5], [-7.0, 7.0]], dtype=torch.float64), 7)
    assert found[0] > 0
    assert torch.allclose(found[1:], torch.tensor([0.5, 1.0], dtype=torch.float64))


def test_a_program_that_came_with_int4_weights_keeps_them() -> None:
    shape = (1, Given.SIZE)
    found = compare(export(Given(weights=4), shape).module(check_guards=False), shape)
    assert found.layer <= 1, found.where
    assert {found.graph.tensor(op.inputs[1]).dtype for op in found.graph.operators} == {"int4"}


def test_what_it_costs_in_accuracy() -> None:
    """A bit is 6 dB: the loss of 4 bits is far less than of weights rounded to the same steps without a search."""
    model = seeded(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16)))
    x = samples((1, 64), 32, seed=9)
    with torch.no_grad():
        wanted = model(torch.from_numpy(x)).numpy()
    found = {}
    for name in ("int8", "int4"):
        module = quantized(model, read_rules(name), (1, 64), count=32)
        with torch.no_grad():
            found[name] = signal_to_noise(wanted, np.stack([module(torch.from_numpy(one)).numpy() for one in x]))
    assert found["int8"] > 30 and 14 < found["int4"] < found["int8"]


def test_the_exported_program_is_the_same_network() -> None:
    """What is compared above is the network that was asked for: the float results, within the noise of int4."""
    x = torch.from_numpy(samples(INPUT, 1)[0])
    model = seeded(Net())
    module = quantized(model, read_rules("int4"), INPUT)
    with torch.no_grad():
        assert torch.allclose(module(x), export(model, INPUT).module(check_guards=False)(x), atol=0.15)
