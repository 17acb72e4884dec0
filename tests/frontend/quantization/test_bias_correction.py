"""Biases take up mean errors, layer by layer: against means computed by PyTorch alone."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from mcugen.frontend.fitting.bias_correction import FEWEST, correct_biases
from mcugen.frontend.quantize import quantize_program
from mcugen.frontend.quantizer_options import PLAIN
from tests.frontend.programs import export, seeded


class Net(nn.Module):
    """What layers read has a mean, so that the rounding of weights moves those of the next layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.turned = nn.Conv2d(2, 6, 3), nn.ConvTranspose2d(6, 5, 2, stride=2, bias=False)
        self.head = nn.Linear(5, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.turned(torch.relu(self.first(x))))
        result: Tensor = self.head(x.mean((2, 3)) + 2)
        return result


def coarse(program: GraphModule) -> GraphModule:
    """The quantized program with two bits fewer in each weight: errors that means show."""
    for buffer in program.buffers():
        if buffer.dtype == torch.int8:
            buffer.copy_((buffer.float() / 32).round() * 32)
    return program


def quantized(count: int = 32) -> tuple[GraphModule, GraphModule, dict[str, np.ndarray]]:
    samples = {"x": 1 + np.random.default_rng(0).standard_normal((count, 1, 2, 6, 6)).astype(np.float32)}
    module = export(seeded(Net()), (1, 2, 6, 6)).module(check_guards=False)
    found = quantize_program(module, samples, options=PLAIN)
    return coarse(found.module), found.prepared, samples


def means(module: GraphModule, name: str, samples: np.ndarray) -> np.ndarray:
    """Of each channel of a layer over all samples and positions, by PyTorch's own interpreter."""
    seen: list[Tensor] = []

    class Watch(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> object:
            value = super().run_node(n)
            if n.name == name:
                seen.append(value)
            return value

    with torch.no_grad():
        for sample in samples:
            Watch(module).run(torch.from_numpy(sample))
    values = torch.cat(seen).movedim(1, 0)
    found: np.ndarray = values.reshape(values.shape[0], -1).mean(1).numpy()
    return found


def test_means_of_all_layers_are_those_of_the_float_program() -> None:
    program, prepared, samples = quantized()
    corrected = copy.deepcopy(program)
    with torch.no_grad():
        names = correct_biases(corrected, prepared, samples, range(32))
    assert names == ["conv2d", "conv_transpose2d", "linear"]
    for name in names:
        wanted, before, after = (means(m, name, samples["x"]) for m in (prepared, program, corrected))
        assert np.abs(after - wanted).max() <= 0.25 * np.abs(before - wanted).max(), name


@pytest.mark.parametrize("count", [1, FEWEST - 1])
def test_few_samples_say_nothing(count: int) -> None:
    program, prepared, samples = quantized(count)
    with torch.no_grad():
        assert correct_biases(program, prepared, samples, range(count)) == []
