"""Programs as PyTorch runs them against the integer reference: every layer within one step, no stray transposes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.frontend.programs import Difference, compare, kinds, post_training, seeded, transposes


class Lambda(nn.Module):
    """Layers by name and a function of them and the inputs."""

    def __init__(self, run: Callable[..., Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.run = run

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.run(self.layers, *inputs)


class One(Lambda):
    def forward(self, x: Tensor) -> Tensor:
        return self.run(self.layers, x)


class Two(Lambda):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.run(self.layers, x, y)


@dataclass(frozen=True)
class Case:
    """A network, its input shapes, the operators it must become (reshapes left out), transposes that may stay.

    `output` bounds the difference from end to end: one step in a layer becomes more than one where the next layer's
    output step is smaller.
    """

    model: Callable[[], nn.Module]
    shapes: tuple[tuple[int, ...], ...]
    kinds: list[str]
    transposes: int = 0
    output: int = 1


def conv(i: int, o: int, k: int = 3, **arguments: object) -> nn.Conv2d:
    return nn.Conv2d(i, o, k, **arguments)  # type: ignore[arg-type]


def seq(*layers: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*layers)


IMAGE = ((1, 3, 9, 8),)
POSITIONS = torch.linspace(-1, 1, 24).reshape(1, 2, 4, 3)

CASES: dict[str, Case] = {
    "conv bn relu": Case(seq(conv(3, 5, padding=1, bias=False), nn.BatchNorm2d(5), nn.ReLU()), IMAGE, ["conv2d"]),
    "conv stride dilation": Case(seq(conv(3, 7, 3, stride=(2, 1), dilation=(1, 2), padding=(2, 1))), IMAGE, ["conv2d"]),
    "conv same": Case(seq(conv(3, 4, 4, padding="same"), nn.ReLU6()), IMAGE, ["conv2d"]),
    "conv grouped": Case(seq(conv(6, 8, groups=2)), ((1, 6, 7, 7),), ["conv2d"]),
    "depthwise separable": Case(
        seq(
            conv(4, 4, padding=1, groups=4), nn.BatchNorm2d(4), nn.ReLU(), conv(4, 9, 1), nn.BatchNorm2d(9), nn.ReLU6()
        ),
        ((1, 4, 8, 6),),
        ["depthwise_conv2d", "conv2d"],
        output=2,
    ),
    "depthwise multiplier": Case(seq(conv(3, 6, groups=3)), IMAGE, ["depthwise_conv2d"]),
    "one channel in and out": Case(seq(conv(1, 1)), ((1, 1, 6, 5),), ["conv2d"]),
    "conv1d": Case(
        seq(nn.Conv1d(3, 6, 5, stride=2, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.Conv1d(6, 6, 3, groups=6)),
        ((1, 3, 30),),
        ["conv2d", "depthwise_conv2d"],
    ),
    "conv1d pools": Case(
        seq(nn.Conv1d(2, 4, 3), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3, padding=1), nn.AvgPool1d(2)),
        ((1, 2, 26),),
        ["conv2d", "max_pool2d", "conv2d", "average_pool2d"],
    ),
    "flatten linear": Case(
        seq(conv(3, 4), nn.Flatten(), nn.ReLU(), nn.Linear(4 * 7 * 6, 5)), IMAGE, ["conv2d", "fully_connected"]
    ),
    "linear to image": Case(
        lambda: One(
            lambda m, x: m["conv"](m["linear"](x).reshape(1, 4, 3, 3)), linear=nn.Linear(6, 36), conv=conv(4, 2)
        ),
        ((1, 6),),
        ["fully_connected", "conv2d"],
    ),
    "linear bn": Case(
        seq(nn.Linear(12, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 4)), ((1, 12),), ["fully_connected"] * 2
    ),
    "linear rows": Case(seq(nn.Linear(6, 5), nn.Hardtanh()), ((1, 7, 6),), ["fully_connected"]),
    "max pool, then relu": Case(seq(conv(3, 4), nn.MaxPool2d(2), nn.ReLU()), IMAGE, ["conv2d", "max_pool2d"]),
    "max pool padded, ceil": Case(
        seq(conv(3, 4), nn.MaxPool2d(3, 2, padding=1, ceil_mode=True)), IMAGE, ["conv2d", "max_pool2d"]
    ),
    "average pool": Case(seq(conv(3, 4), nn.AvgPool2d(2)), IMAGE, ["conv2d", "average_pool2d"]),
    "average pool counts padding": Case(
        seq(conv(3, 4), nn.AvgPool2d(3, 2, padding=1)), IMAGE, ["conv2d", "pad", "average_pool2d"]
    ),
    "average pool without padding": Case(
        seq(conv(3, 4), nn.AvgPool2d(3, 2, padding=1, count_include_pad=False)), IMAGE, ["conv2d", "average_pool2d"]
    ),
    "global averages": Case(
        seq(conv(3, 6), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)),
        IMAGE,
        ["conv2d", "mean", "fully_connected"],
        output=2,
    ),
    "adaptive to 3x2": Case(seq(conv(3, 6, 4), nn.AdaptiveAvgPool2d((3, 1))), IMAGE, ["conv2d", "average_pool2d"]),
    "mean over height and width": Case(
        lambda: One(lambda m, x: m["l"](m["c"](x).mean((2, 3))), c=conv(3, 6), l=nn.Linear(6, 3)),
        IMAGE,
        ["conv2d", "mean", "fully_connected"],
        output=2,
    ),
    "mean over channels": Case(
        lambda: One(lambda m, x: m["c"](x).mean(1, keepdim=True), c=conv(3, 6)), IMAGE, ["conv2d", "mean"]
    ),
    "softmax": Case(
        seq(nn.Flatten(), nn.Linear(24, 10), nn.Softmax(-1)), ((1, 2, 12),), ["fully_connected", "softmax"]
    ),
    "softmax over channels": Case(seq(conv(3, 5), nn.Softmax(1)), IMAGE, ["conv2d", "softmax"]),
    "residual": Case(
        lambda: One(
            lambda m, x: torch.relu(m["b"](functional.relu(m["a"](x))) + m["a"](x)),
            a=conv(3, 3, padding=1),
            b=conv(3, 3, padding=1),
        ),
        IMAGE,
        ["conv2d", "conv2d", "conv2d", "add"],
        output=3,
    ),
    "residual from the input": Case(
        lambda: One(lambda m, x: m["a"](x) + x, a=conv(3, 3, padding=1)), IMAGE, ["conv2d", "add"]
    ),
    "two inputs": Case(
        lambda: Two(lambda m, x, y: m["a"](x) * y, a=conv(3, 3, padding=1)), IMAGE * 2, ["conv2d", "mul"], output=2
    ),
    "squeeze and excite": Case(
        lambda: One(
            lambda m, x: (lambda y: y * functional.relu6(m["e"](y.mean((2, 3), keepdim=True))))(m["c"](x)),
            c=conv(3, 4),
            e=conv(4, 4, 1),
        ),
        IMAGE,
        ["conv2d", "mean", "conv2d", "mul"],
    ),
    "constants": Case(
        lambda: One(lambda m, x: m["c"]((x - 0.5) / 0.3) * 2.0, c=conv(3, 4)), IMAGE, ["table", "conv2d", "table"]
    ),
    "concatenation": Case(
        lambda: One(
            lambda m, x: m["d"](torch.cat([torch.relu(m["a"](x)), m["b"](x)], 1)),
            a=conv(3, 2),
            b=conv(3, 5),
            d=conv(7, 3, 1),
        ),
        IMAGE,
        ["conv2d", "conv2d", "concatenation", "conv2d"],
    ),
    "pad of its own": Case(
        lambda: One(lambda m, x: m["a"](functional.pad(x, (1, 0, 2, 1))), a=conv(3, 2)), IMAGE, ["conv2d"]
    ),
    "causal convolutions": Case(
        lambda: One(
            lambda m, x: (lambda y: y + m["b"](functional.pad(y, (4, 0))))(m["a"](functional.pad(x, (2, 0)))),
            a=nn.Conv1d(3, 4, 3),
            b=nn.Conv1d(4, 4, 3, dilation=2),
        ),
        ((1, 3, 20),),
        ["conv2d", "conv2d", "add"],
        output=2,
    ),
    "convolutions cut at the end": Case(
        lambda: One(
            lambda m, x: torch.relu(m["n"](m["b"](torch.relu(m["a"](x)[:, :, :-2]))[:, :, :-4])),
            a=nn.Conv1d(3, 4, 3, padding=2),
            b=nn.Conv1d(4, 4, 3, padding=4, dilation=2),
            n=nn.BatchNorm1d(4),
        ),
        ((1, 3, 20),),
        ["conv2d", "conv2d"],
        output=2,
    ),
    "image cut at the front": Case(
        lambda: One(lambda m, x: m["a"](x)[:, :, 1:, 1:3], a=conv(3, 4, stride=2, padding=2)), IMAGE, ["conv2d", "take"]
    ),
    "pad and channels": Case(
        lambda: One(lambda m, x: functional.pad(m["a"](x), (0, 0, 0, 0, 1, 2)), a=conv(3, 2)), IMAGE, ["conv2d", "pad"]
    ),
    "relu of the input": Case(seq(nn.ReLU(), conv(3, 2)), IMAGE, ["conv2d"]),
    "batch norm alone": Case(seq(nn.BatchNorm2d(3), nn.ReLU(), conv(3, 4)), IMAGE, ["depthwise_conv2d", "conv2d"]),
    "batch norm before conv": Case(seq(nn.BatchNorm2d(3), conv(3, 4)), IMAGE, ["conv2d"]),
    "batch norm before padded conv": Case(
        seq(nn.BatchNorm2d(3), conv(3, 4, padding=1)), IMAGE, ["depthwise_conv2d", "conv2d"]
    ),
    "batch norm 1d alone": Case(seq(nn.ReLU(), nn.BatchNorm1d(6), nn.ReLU()), ((1, 6),), ["depthwise_conv2d"]),
    "channel shuffle": Case(
        lambda: One(
            lambda m, x: m["b"](m["a"](x).view(1, 2, 3, 7, 6).transpose(1, 2).reshape(1, 6, 7, 6)),
            a=conv(3, 6),
            b=conv(6, 6, groups=3),
        ),
        IMAGE,
        ["conv2d", "transpose", "conv2d"],
        transposes=1,
    ),
    "transpose asked for": Case(
        lambda: One(lambda m, x: m["l"](x.transpose(1, 2)), l=nn.Linear(5, 4)),
        ((1, 5, 8),),
        ["fully_connected"],
    ),
    "output keeps its layout": Case(
        lambda: One(lambda m, x: m["a"](x).permute(0, 2, 3, 1), a=conv(3, 2)), IMAGE, ["conv2d"]
    ),
    "resized position table": Case(
        lambda: One(
            lambda m, x: m["c"](x) + functional.interpolate(POSITIONS, (7, 6), mode="bicubic", antialias=True),
            c=conv(3, 2),
        ),
        IMAGE,
        ["conv2d", "add"],
    ),
    "dropout": Case(seq(nn.Dropout(), nn.Linear(8, 4), nn.Dropout(), nn.ReLU()), ((1, 8),), ["fully_connected"]),
}


@pytest.mark.sampled(30)
@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case = CASES[name]
    result: Difference = compare(post_training(seeded(case.model()), *case.shapes), *case.shapes)
    assert result.layer <= 1, result.where
    assert result.output <= case.output
    assert kinds(result.graph) == case.kinds
    assert len(transposes(result.graph)) == case.transposes
