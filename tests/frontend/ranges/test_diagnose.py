"""What is wrong with calibration samples is said, with the name of the input or layer; good ones pass in silence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from mcugen.frontend.quantize import quantize_program
from mcugen.frontend.quantizer_options import PLAIN
from tests.frontend.programs import export

Floats = npt.NDArray[np.float32]
Change = Callable[[Floats], Floats]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden, self.out = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.out(torch.relu(self.hidden(features)))
        return result


def warnings(change: Change = lambda x: x, net: Net | None = None) -> list[str]:
    data = np.random.default_rng(0).standard_normal((32, 1, 6)).astype(np.float32)
    module = export((net or Net()).eval(), (1, 6)).module(check_guards=False)
    return quantize_program(module, {"features": change(data)}, options=PLAIN).warnings


def dead() -> Net:
    net = Net()
    nn.init.constant_(net.hidden.bias, -100.0)
    return net


def uneven() -> Net:
    net = Net()
    with torch.no_grad():
        net.hidden.weight[2] *= 1e-3
        net.hidden.bias[2] = 0.1
    return net


def with_constant_channels(x: Floats) -> Floats:
    x[:, 0, 2], x[:, 0, 4] = 7, 0
    return x


def scaled(x: Floats) -> Floats:
    """Channels that the model, which returns a sum with them, cannot take normalised are tested below."""
    return x * np.array([1, 1, 1, 1, 1, 1e-3], np.float32)


class Limited(Net):
    """As networks that clip what they are fed."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.clamp(features, 0.0, 1.0))


def with_outlier(x: Floats) -> Floats:
    x[5, 0, 3] = 100.0
    return x


CASES: dict[str, tuple[Change, Callable[[], Net], tuple[str, ...]]] = {
    "one sample": (lambda x: x[:1], Net, ("one sample",)),
    "zero input": (np.zeros_like, Net, ("'features'", "zero in all")),
    "constant input": (lambda x: np.full_like(x, 3.0), Net, ("'features'", "3 throughout")),
    "equal samples": (lambda x: np.repeat(x[:1], 32, axis=0), Net, ("all 32 calibration samples are the same",)),
    "constant channels": (with_constant_channels, Net, ("'features'", "channels 2 (7), 4 (0) never var")),
    "beyond what the model takes": (
        lambda x: np.abs(x) * 255,
        Limited,
        ("limits it to 0 ... 1", "% of the calibr", "scaled"),
    ),
    "far within what the model takes": (
        lambda x: np.abs(x) / 255,
        Limited,
        ("limits it to 0 ... 1", "samples use 0.9%", "scaled"),
    ),
    "outlier": (with_outlier, Net, ("'features'", "sample 5 alone")),
    "dead layer": (lambda x: x, dead, ("zero for all calibration samples", "relu")),
    "uneven layer": (lambda x: x, uneven, ("100-fold", "linear (hidden)")),
}


@pytest.mark.parametrize("net", [Net, Limited])
def test_good_samples_pass_in_silence(net: Callable[[], Net]) -> None:
    assert warnings(lambda x: x if net is Net else np.abs(x) / 2, net()) == []


@pytest.mark.parametrize("case", CASES)
def test_warning(case: str) -> None:
    change, net, words = CASES[case]
    texts = warnings(change, net())
    assert any(all(word in text for word in words) for text in texts), texts


def test_channels_that_nothing_can_normalise() -> None:
    class Summed(nn.Module):
        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return features + 1.0

    data = scaled(np.random.default_rng(0).standard_normal((32, 1, 6)).astype(np.float32))
    module = export(Summed(), (1, 6)).module(check_guards=False)
    (text,) = [t for t in quantize_program(module, {"features": data}).warnings if "'features'" in t]
    assert "channel 5" in text and "-fold" in text


def test_steps_of_a_function_are_no_layers() -> None:
    """Decomposed, logsigmoid begins with min(0, x)."""
    data = np.abs(np.random.default_rng(0).standard_normal((32, 1, 6))).astype(np.float32)
    program = torch.export.export(torch.nn.LogSigmoid(), (torch.zeros(1, 6),)).run_decompositions()
    assert quantize_program(program.module(check_guards=False), {"input": data}).warnings == []
