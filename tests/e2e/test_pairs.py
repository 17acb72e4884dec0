"""Operators of two tensors and of plain integers, in one small network: emitted, run and verified as a user would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.e2e.test_examples import Command

RNG = np.random.default_rng(9)


class Pairs(nn.Module):
    """Every operator of the family; `n` holds lengths."""

    def __init__(self) -> None:
        super().__init__()
        self.prelu = nn.PReLU(3)

    def forward(self, x: Tensor, y: Tensor, n: Tensor) -> tuple[Tensor, ...]:
        mask = (torch.arange(4) < n[:, None])[:, None, :]
        z = self.prelu(x) - y
        z = torch.where(mask, torch.maximum(z, y), torch.minimum(x, y))
        quotient = z / (y * y + 1.0)
        ids = (n + 3) // 2 * n - n % 3
        return quotient + mask.float(), x < y, ids, (n > 2) ^ (ids == 4), ids.to(torch.int16)


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "batch"),
    [
        pytest.param("nrf5340dk", 3, marks=pytest.mark.slow),
        ("mps2_an385", 1),
        pytest.param("mps3_an547", 3, marks=pytest.mark.slow),
    ],
)
def test_runs_and_matches(board: str, batch: int, command: Command, tmp_path: Path) -> None:
    shape = (4, batch, 3, 4)
    samples = {name: RNG.normal(size=shape).astype(np.float32) for name in ("x", "y")}
    given = {**samples, "n": RNG.integers(1, 5, (4, batch))}
    model = Pairs().eval()
    with torch.no_grad():
        model.prelu.weight.copy_(torch.tensor([0.3, -0.2, 1.5]))
    example = tuple(torch.from_numpy(array[0]) for array in given.values())
    torch.export.save(torch.export.export(model, example), tmp_path / "net.pt2")
    np.savez(tmp_path / "in.npz", **given)
    module = tmp_path / "out"
    arguments = ("emit", tmp_path / "net.pt2", "--board", board, "--calibration", tmp_path / "in.npz")
    emitted = command(*arguments, "--output", module)
    assert emitted.code == 0, emitted.err
    verified = command("verify", module, "--json")
    assert verified.code == 0 and verified.json["match"] is True, verified.err
    ran = command("run", module, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")
    assert ran.code == 0, ran.err
    with np.load(tmp_path / "out.npz") as results, torch.no_grad():
        arrays = list(results.values())
        for index in range(4):
            wanted = model(*(torch.from_numpy(array[index]) for array in given.values()))
            for got, expected in list(zip(arrays, wanted, strict=True))[2:]:
                assert got.dtype == expected.numpy().dtype
                np.testing.assert_array_equal(got[index].reshape(expected.shape), expected.numpy())
