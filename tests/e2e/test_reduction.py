"""Reductions over axes, in one small network: emitted, run and verified as a user would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.e2e.test_examples import Command

RNG = np.random.default_rng(4)


class Reductions(nn.Module):
    """Every operator of the family; `n` holds plain integers."""

    def forward(self, x: Tensor, n: Tensor) -> tuple[Tensor, ...]:
        top, place = x.max(1)
        real = x.sum((0, 2)) - x.std((0, 2)) + torch.linalg.vector_norm(x, 2, (0, 2))
        return real, top - x.amin(1), torch.cumsum(x, 2), place, x.argmin(), n.sum(1), n.amax(), (n > 2).any(1)


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "batch"),
    [
        ("nrf5340dk", 3),
        pytest.param("mps2_an385", 1, marks=pytest.mark.slow),
        pytest.param("mps3_an547", 3, marks=pytest.mark.slow),
    ],
)
def test_runs_and_matches(board: str, batch: int, command: Command, tmp_path: Path) -> None:
    # Distinct values, each a step of its own: places are those of the float model.
    x = np.stack([RNG.permutation(batch * 12) for _ in range(4)]).reshape(4, batch, 3, 4).astype(np.float32) - 11
    given = {"x": x, "n": RNG.integers(-5, 6, (4, batch, 5))}
    example = tuple(torch.from_numpy(array[0]) for array in given.values())
    torch.export.save(torch.export.export(Reductions().eval(), example), tmp_path / "net.pt2")
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
            wanted = Reductions()(*(torch.from_numpy(array[index]) for array in given.values()))
            for got, expected in list(zip(arrays, wanted, strict=True))[3:]:
                assert got.dtype == expected.numpy().dtype
                np.testing.assert_array_equal(got[index].reshape(expected.shape), expected.numpy())
