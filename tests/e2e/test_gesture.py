"""A newcomer's network of six sensor channels: floats in PyTorch's layout go into the C functions, PyTorch's classes
come out, with plain gcc on the workstation and on the board's core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen import api
from tests.emit import program

WINDOWS, GESTURES = 300, 5
TEXT = f"""#include "gesture.h"
int program(void)
{{
    for (int window = 0; window < {WINDOWS}; window++) {{
        static float values[GESTURE_INPUT_0_ELEMENTS];
        static int8_t input[GESTURE_INPUT_0_ELEMENTS], output[GESTURE_OUTPUT_0_ELEMENTS];
        take(values, sizeof values);
        gesture_quantize_input(values, input);
        if (gesture_run(input, output) != MCUGEN_OK) {{
            return 1;
        }}
        const int32_t best = gesture_argmax_output(output);
        give(&best, sizeof best);
    }}
    return 0;
}}
"""


class Gesture(nn.Module):
    """1x6x128, acceleration and rotation, to the scores of five gestures."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(6, 12, 7, stride=2, padding=3)
        self.second = nn.Conv1d(12, 24, 5, stride=2, padding=2)
        self.last = nn.Linear(24, GESTURES)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.second(torch.relu(self.first(x))))
        return torch.softmax(self.last(y.mean(2)), 1)


def windows(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Made-up movements: each gesture swings some of the axes at a rate of its own, with noise and a drift."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, GESTURES, count)
    time = np.linspace(0, 1, 128)
    x = rng.normal(0, 0.15, (count, 6, 128)) + rng.normal(0, 0.2, (count, 6, 1))
    for window, label in zip(x, labels, strict=True):
        phase, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.3)
        swing = strength * np.sin(2 * np.pi * (2 + 3 * label) * time + phase)
        window[label % 3] += swing
        window[3 + (label + 1) % 3] += np.roll(swing, 8)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(labels)


@pytest.mark.slow
@pytest.mark.emulator
def test_the_classes_are_those_of_pytorch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Gesture()
    x, labels = windows(600, 1)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.nll_loss(torch.log(model(x)), labels).backward()
        optimizer.step()
    torch.export.save(torch.export.export(model.eval(), (x[:1],)), tmp_path / "gesture.pt2")
    np.savez(tmp_path / "cal.npz", x=x[:64].numpy())
    options = api.Options(board="nrf5340dk", calibration=tmp_path / "cal.npz")
    module = api.compile(tmp_path / "gesture.pt2", options)
    (port,) = module.manifest.inputs
    assert (port.shape, port.device_shape) == ((1, 6, 128), (1, 128, 6))
    module.write(tmp_path / "gesture")
    unseen, truth = windows(WINDOWS, 2)
    with torch.no_grad():
        expected = model(unseen).argmax(1)
    assert (expected == truth).float().mean() > 0.97, "the network has learnt nothing: any classes would do"
    given = unseen.numpy().tobytes()
    host = program.on_host(tmp_path / "gesture", TEXT, given, tmp_path / "host")
    target = program.on_target(tmp_path / "gesture", TEXT, given, tmp_path / "target", "nrf5340dk")
    assert np.frombuffer(host, np.int32).tolist() == expected.tolist()
    assert target == host
