"""Factors that are pushed through a float program change none of its results, and are refused where they would."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.fx import GraphModule

from mcugen.frontend.functional import make_functional
from mcugen.frontend.ranges.affine import Affine, Push
from mcugen.frontend.ranges.observe import inputs_of
from tests.frontend.programs import export, seeded

SHAPE = (1, 6, 8, 8)


class Net(nn.Module):
    """`body` as a module with one input x."""

    def __init__(self, body: Callable[[nn.Module, torch.Tensor], torch.Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.body = body
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(self, x)


CONV = {"conv": nn.Conv2d(6, 4, 3)}
PADDED = {"conv": nn.Conv2d(6, 4, 3, padding=1)}
# name: (network, factors differ between channels, values are shifted too)
ABSORBED: dict[str, tuple[Net, bool, bool]] = {
    "convolution": (Net(lambda s, x: s.conv(x), **CONV), True, True),
    "grouped": (Net(lambda s, x: s.conv(x), conv=nn.Conv2d(6, 4, 3, groups=2)), True, True),
    "depthwise": (Net(lambda s, x: s.conv(x), conv=nn.Conv2d(6, 12, 3, groups=6)), True, True),
    "no bias": (Net(lambda s, x: s.conv(x), conv=nn.Conv2d(6, 4, 3, bias=False)), True, True),
    "padded": (Net(lambda s, x: s.conv(x), **PADDED), True, False),
    "batch norm": (Net(lambda s, x: s.norm(x), norm=nn.BatchNorm2d(6)), True, True),
    "two readers": (Net(lambda s, x: s.conv(x) + s.b(s.norm(x)), b=nn.Conv2d(6, 4, 3), norm=nn.BatchNorm2d(6), **CONV),
                    True, True),
    "relu and pools": (
        Net(lambda s, x: s.conv(s.a(s.m(torch.relu(x)))), m=nn.MaxPool2d(2), a=nn.AvgPool2d(2, padding=1),
            conv=nn.Conv2d(6, 4, 1)),
        True, False),
    "mean": (Net(lambda s, x: s.fc(x.mean((2, 3))), fc=nn.Linear(6, 3)), True, False),
    "flatten": (Net(lambda s, x: s.fc(x.permute(0, 2, 3, 1).flatten(1)), fc=nn.Linear(384, 3)), True, True),
    "last axis": (Net(lambda s, x: s.fc(x.permute(0, 2, 3, 1)), fc=nn.Linear(6, 3)), True, True),
    "join": (Net(lambda s, x: s.conv(torch.cat([x, s.up(x)], 1)), up=nn.Conv2d(6, 2, 1), conv=nn.Conv2d(8, 4, 3)),
             True, True),
    "joined with itself": (
        Net(lambda s, x: s.conv(torch.cat([x, x.relu()], 1)), conv=nn.Conv2d(12, 4, 3)), True, False),
    "clip": (Net(lambda s, x: s.conv(nn.functional.relu6(x)), **CONV), False, False),
    "padding of its own": (Net(lambda s, x: s.conv(nn.functional.pad(x, (1, 2, 0, 1))), **CONV), True, False),
}  # fmt: skip

REFUSED: dict[str, tuple[Net, bool, bool]] = {
    "is a result": (Net(lambda s, x: x.relu()), False, False),
    "shift before padding": (Net(lambda s, x: s.conv(x), **PADDED), True, True),
    "shift before relu": (Net(lambda s, x: s.conv(x.relu()), **CONV), True, True),
    "factors before a clip": (Net(lambda s, x: s.conv(nn.functional.relu6(x)), **CONV), True, False),
    "mean over channels": (Net(lambda s, x: s.fc(x.mean(1)), fc=nn.Linear(8, 3)), True, False),
    "sum": (Net(lambda s, x: s.conv(x + 1.0), **CONV), False, False),
    "a reader that cannot": (Net(lambda s, x: s.conv(x).mean() + x.mean(), **CONV), True, False),
    "other axis": (Net(lambda s, x: s.fc(x), fc=nn.Linear(8, 3)), True, False),
}


def program(net: Net) -> GraphModule:
    module = export(seeded(net), SHAPE).module(check_guards=False)
    make_functional(module)
    return module


def affine(*, channels: bool, shifted: bool) -> Affine:
    rng = np.random.default_rng(1)
    width = (1, 6, 1, 1) if channels else (1, 1, 1, 1)
    factor = torch.from_numpy(np.exp(rng.standard_normal(width))).expand(SHAPE).contiguous()
    offset = torch.from_numpy(rng.standard_normal(width) * shifted).expand(SHAPE).contiguous()
    return Affine(factor, offset)


@pytest.mark.parametrize("name", ABSORBED)
def test_results_stay(name: str) -> None:
    net, channels, shifted = ABSORBED[name]
    module, by = program(net), affine(channels=channels, shifted=shifted)
    x = torch.from_numpy(np.random.default_rng(0).standard_normal(SHAPE))
    with torch.no_grad():
        wanted = module(x.float())
        push = Push(module)
        assert push.through_users(inputs_of(module)[0], by)
        push.apply()
        got = module(((x - by.offset) / by.factor).float())
    torch.testing.assert_close(got, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_changes_where_it_would_be_wrong(name: str) -> None:
    net, channels, shifted = REFUSED[name]
    module = program(net)
    before = str(module.graph)
    push = Push(module)
    assert not push.through_users(inputs_of(module)[0], affine(channels=channels, shifted=shifted))
    assert str(module.graph) == before
