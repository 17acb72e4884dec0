"""Any batch, rank and type of tensor: emitted, run and verified by the commands, as a user would."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from tests.e2e.test_examples import Command

RNG = np.random.default_rng(5)


class Images(nn.Module):
    """Convolutions, pools and a classifier over three images."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 4, 1),
            nn.Flatten(),
            nn.Linear(16, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Vector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class SixAxes(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x.permute(5, 3, 1, 0, 2, 4) + y, x.mean((0, 2, 4))


class Types(nn.Module):
    """Integers moved and handed through, a constant, nested results; a number, a None and an input that is not read."""

    def forward(
        self, x: Tensor, ids: Tensor, mask: Tensor, unused: Tensor, nothing: None = None, number: int = 2
    ) -> dict[str, object]:
        moved = torch.cat([ids, ids], 1).t()
        return {"scaled": x * number, "deep": (moved, {"mask": mask}), "count": torch.arange(3)}


def real(*shape: int) -> np.ndarray:
    return RNG.normal(size=(4, *shape)).astype(np.float32)


CASES: dict[str, tuple[nn.Module, dict[str, np.ndarray]]] = {
    "three images": (Images(), {"x": real(3, 2, 9, 9)}),
    "one axis": (Vector(), {"x": real(5)}),
    "six axes": (SixAxes(), {"x": real(2, 3, 2, 3, 2, 3), "y": real(1, 3, 3, 1, 1, 2)}),
    "types": (
        Types(),
        {
            "x": real(),
            "ids": RNG.integers(-(2**40), 2**40, (4, 2, 3)),
            "mask": RNG.integers(0, 2, (4, 5)).astype(bool),
            "unused": RNG.integers(0, 9, (4, 1, 2)).astype(np.int16),
        },
    ),
}


@pytest.mark.emulator
@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", CASES)
def test_runs_and_matches(case: str, command: Command, tmp_path: Path) -> None:
    model, samples = CASES[case]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(RNG.normal(size=parameter.shape) * 0.4))
    example = tuple(torch.from_numpy(np.asarray(array[0])) for array in samples.values())
    torch.export.save(torch.export.export(model.eval(), example), tmp_path / "net.pt2")
    np.savez(tmp_path / "in.npz", **samples)
    module, outputs = tmp_path / "out", tmp_path / "out.npz"
    emitted = command(
        "emit", tmp_path / "net.pt2", "--board", "mps2_an386", "--calibration", tmp_path / "in.npz", "--output", module
    )
    assert emitted.code == 0, emitted.err
    verified = command("verify", module, "--json")
    assert verified.code == 0 and verified.json["match"] is True, verified.err
    ran = command("run", module, "--inputs", tmp_path / "in.npz", "--outputs", outputs)
    assert ran.code == 0, ran.err
    ports = json.loads((module / "mcugen.json").read_text())["outputs"]
    if case == "types":
        assert [p["name"] for p in ports] == ["scaled", "deep_0", "deep_1_mask", "count"]
    with np.load(outputs) as results, torch.no_grad():
        for index in range(4):
            wanted = tree_leaves(model(*(torch.from_numpy(np.asarray(a[index])) for a in samples.values())))
            for port, expected in zip(ports, wanted, strict=True):
                _compare(port, results[port["name"]][index], expected.numpy())


def _compare(port: dict[str, object], got: np.ndarray, expected: np.ndarray) -> None:
    """Integers are equal; real numbers are near those of the float model."""
    got = got.reshape(expected.shape)
    quantization = port["quantization"]
    if quantization is None:
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
        return
    assert isinstance(quantization, dict)
    values = (got.astype(np.float64) - quantization["zero_point"]) * quantization["scale"]
    np.testing.assert_allclose(values, expected, atol=8 * quantization["scale"] + 0.02 * np.abs(expected).max())
