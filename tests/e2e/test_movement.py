"""What moves values and makes images larger, in one network: emitted and verified on three boards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.e2e.test_examples import Command
from tests.frontend.programs import seeded


class Decoder(nn.Module):
    """A U-Net of two levels whose decoder uses every kind of upsampling; two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"), nn.BatchNorm2d(4), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(4, 8, 3, 2, 1, padding_mode="circular"), nn.BatchNorm2d(8), nn.ReLU())
        self.up = nn.Sequential(nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.depthwise = nn.ConvTranspose2d(8, 8, 2, 2, groups=8)
        self.last = nn.Conv2d(22, 4, 1)
        self.signal = nn.ConvTranspose1d(4, 2, 3, stride=2)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        a = self.first(x)
        b = self.down(a)
        ups = [
            self.up(b),
            self.depthwise(b)[:, ::2],
            functional.interpolate(b[:, 2:4], scale_factor=2),
            functional.interpolate(b[:, :2], scale_factor=2, mode="bilinear"),
            functional.pixel_shuffle(functional.channel_shuffle(b, 2), 2),
            b[:, 4:6].repeat_interleave(2, 2).repeat_interleave(2, 3),
            functional.pad(a[:, :2, 1:, 1:], (1, 0, 1, 0), value=0.5),
        ]
        image = self.last(torch.cat([*ups, torch.roll(a, 1, 2)], 1))
        left, right = image.chunk(2, 3)
        stacked = torch.stack([left.flip(3), right], 1)
        return stacked, self.signal(image.mean(2)), functional.unfold(image, 2, stride=2)


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "batch"),
    [
        pytest.param("nrf5340dk", 1, marks=pytest.mark.slow),
        pytest.param("mps2_an385", 3, marks=pytest.mark.slow),
        ("mps3_an547", 1),
    ],
)
def test_decoder(board: str, batch: int, command: Command, tmp_path: Path) -> None:
    model, shape = seeded(Decoder()), (batch, 2, 8, 6)
    torch.export.save(torch.export.export(model, (torch.zeros(shape),)), tmp_path / "net.pt2")
    data = np.random.default_rng(3).normal(size=(4, *shape)).astype(np.float32)
    np.savez(tmp_path / "in.npz", x=data)
    module = tmp_path / "out"
    emitted = command(
        "emit", tmp_path / "net.pt2", "--board", board, "--calibration", tmp_path / "in.npz", "--output", module
    )
    assert emitted.code == 0, emitted.err
    verified = command("verify", module, "--json")
    assert verified.code == 0 and verified.json["match"] is True, verified.err
    operators = {layer["op"] for layer in verified.json["layers"]}
    assert operators >= {"transposed_conv2d", "resize_bilinear", "take", "pad", "concatenation"}
    ran = command("run", module, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")
    assert ran.code == 0, ran.err
    with np.load(tmp_path / "out.npz") as results, torch.no_grad():
        wanted = [value.numpy() for value in model(torch.from_numpy(data[0]))]
        for array, expected in zip(results.values(), wanted, strict=True):
            correlation = np.corrcoef(array[0].reshape(-1), expected.reshape(-1))[0, 1]
            assert correlation > 0.99
