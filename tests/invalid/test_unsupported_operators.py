"""Every operator without an integer form is refused: exit code 2, its name, the user's line, what to use instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mcugen import cli
from mcugen.frontend.advice import instead
from tests.invalid.unsupported import CASES

FRESH = ("sort", "boolean index", "while_loop")


def _arguments(folder: Path, model: Path) -> list[str]:
    return ["emit", str(model), "--board", "nrf5340dk", "--calibration", "random", "--output", str(folder / "out")]


def _explains(case: str, text: str) -> None:
    wanted = CASES[case]
    assert wanted.operator in text and wanted.line in text and "fix:" in text
    assert wanted.instead in text.partition("fix:")[2]
    assert "Traceback" not in text


@pytest.mark.parametrize("case", CASES)
def test_is_named_with_its_line_and_advice(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli._run(_arguments(tmp_path, CASES[case].save(tmp_path))) == 2
    _explains(case, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("case", FRESH)
def test_in_a_fresh_process(case: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcugen", *_arguments(tmp_path, CASES[case].save(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and not done.stdout
    _explains(case, done.stderr)


# What is recommended is possible itself.
BORDERS, IDS = torch.tensor([-0.5, 0.0, 0.7]), torch.arange(4)
RECOMMENDED = {
    "aten.bincount.default": lambda x, ids: (ids[:, None] == IDS).sum(0),
    "aten.bucketize.Tensor": lambda x, ids: (x[..., None] >= BORDERS).sum(-1),
    "aten.scatter_add.default": lambda x, ids: x.mT @ (ids[:, None] == IDS).float(),
    "aten.cdist.default": lambda x, ids: (x * x).sum(1)[:, None] + (x * x).sum(1) - 2 * x @ x.mT,
    "aten.masked_select.default": lambda x, ids: torch.where(x > 0, x, 0).sum(),
    "aten.conv3d.default": lambda x, ids: nn.functional.conv2d(x.reshape(1, 2, 3, 4), torch.ones(1, 2, 2, 2)),
    "aten.linalg_vector_norm.default": lambda x, ids: (x.abs().clamp(min=0.1) ** -2.0).sum() ** -0.5,
    "aten.atan2.default": lambda x, ids: torch.atan(x / (x.abs() + 0.5)),
    "aten.embedding_bag.default": lambda x, ids: nn.functional.embedding(ids, BORDERS[:, None].expand(3, 2)).sum(0),
    "aten.cummax.default": lambda x, ids: torch.maximum(x[:, 1:], x[:, :-1]),
    "higher_order.cond": lambda x, ids: torch.where(x.sum() > 0, x.sin(), x.cos()),
}


class Recommended(nn.Module):
    def forward(self, x: Tensor, ids: Tensor) -> tuple[Tensor, ...]:
        return tuple(run(x, ids) for run in RECOMMENDED.values())


def test_what_is_recommended_is_possible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = (torch.zeros(6, 4), torch.zeros(6, dtype=torch.int64))
    torch.export.save(torch.export.export(Recommended(), example), tmp_path / "model.pt2")
    assert cli._run(["check", str(tmp_path / "model.pt2")]) == 0, capsys.readouterr().err


def test_advice_by_name() -> None:
    assert "argmax" in instead("aten.sort.default") and "argmax" in instead("aten.sort_.default")
    assert "spectrum" in instead("aten.fft_irfft.default")
    assert "`mcugen docs operators`" in instead("aten.no_such_operator.default") == instead("other.sort.default")
