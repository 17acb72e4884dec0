"""`mcugen check`: all refusals at once, and what a model takes, without calibration data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mcugen import api, cli
from mcugen.errors import InputError

SHAPE = (1, 2, 6, 6)


class Refused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.cumprod(self.first(x), 1)
        z = torch.sort(self.second(y), 2).values
        return torch.cumprod(z, 3)


def saved(model: nn.Module, folder: Path, shape: tuple[int, ...] = SHAPE) -> Path:
    path = folder / "model.pt2"
    torch.export.save(torch.export.export(model.eval(), (torch.zeros(shape),)), path)
    return path


def test_every_place_that_would_be_refused(tmp_path: Path) -> None:
    found = api.check(saved(Refused(), tmp_path), "nrf5340dk")
    assert not found.ok and found.sizes == {}
    names = [refusal.what.partition(":")[0] for refusal in found.refusals]
    assert names == ["aten.cumprod.default", "aten.sort.default", "aten.cumprod.default"]
    assert all("test_feasibility.py:" in (refusal.where or "") and refusal.hint for refusal in found.refusals)


def test_what_a_model_takes_is_what_it_is_emitted_with(tmp_path: Path) -> None:
    path = saved(nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU()), tmp_path)
    found = api.check(path, "nrf5340dk")
    assert found.ok
    module = api.compile(path, api.Options("nrf5340dk", "random"))
    memory = module.manifest.memory
    assert found.sizes["arena"] == memory.arena_bytes and found.sizes["constants"] == memory.constant_bytes
    assert found.sizes["flash"] == api.check_flash(module).flash_bytes
    assert api.check(path).as_json() == {"ok": True, "refusals": [], "board": None, "sizes": {}, "too_large": None}


def test_a_model_that_no_small_board_holds(tmp_path: Path) -> None:
    wide = nn.Sequential(nn.Conv2d(2, 64, 1), nn.Conv2d(64, 2, 3, padding=1), nn.Conv2d(2, 2, 1))
    found = api.check(saved(wide, tmp_path, (1, 2, 64, 64)), "microbit")
    assert not found.ok and not found.refusals
    assert found.too_large is not None and "RAM" in found.too_large


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.pt2").write_bytes(b"nothing")
    with pytest.raises(InputError):
        api.check(tmp_path / "model.pt2")


def test_the_command_in_a_fresh_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["check", str(saved(Refused(), tmp_path))]
    fresh = [sys.executable, "-m", "mcugen", *command, "--json"]
    done = subprocess.run(fresh, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "3 places in the model would be refused" in done.stderr
    assert len(json.loads(done.stdout)["refusals"]) == 3
    assert cli._run(command) == 1
    assert capsys.readouterr().out.count("refused: aten.cumprod.default: this operator has no integer form") == 2
