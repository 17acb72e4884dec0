"""`west mcugen` in a workspace whose manifest imports mcugen."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.zephyr.workspace import MODELS, ROOT, Workspace

pytestmark = pytest.mark.zephyr

_MANIFEST = """manifest:
  projects:
    - name: mcugen
      url: https://example.com/mcugen.git
      west-commands: zephyr_module/west-commands.yml
  self:
    path: application
"""


@pytest.fixture
def topdir(workspace: Workspace, tmp_path: Path) -> Path:
    (tmp_path / "application").mkdir()
    (tmp_path / "application" / "west.yml").write_text(_MANIFEST)
    (tmp_path / "mcugen").symlink_to(ROOT)
    result = workspace.west("init", "-l", "application", cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    return tmp_path


def west(workspace: Workspace, topdir: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in workspace.environment.items() if k not in ("ZEPHYR_BASE", "BOARD")}
    command = ["west", "mcugen", *map(str, arguments)]
    return subprocess.run(
        command, cwd=topdir, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def test_boards(workspace: Workspace, topdir: Path) -> None:
    result = west(workspace, topdir, "boards", "--json")
    assert result.returncode == 0, result.stderr
    assert "nrf5340dk" in [b["name"] for b in json.loads(result.stdout)["boards"]]


def test_emit_takes_the_board_of_west_and_keeps_mcugens_exit_code(workspace: Workspace, topdir: Path) -> None:
    result = west(workspace, topdir, "emit", MODELS / "gesture.pt2")
    assert result.returncode == 2
    assert workspace.west("config", "build.board", "mps2/an386", cwd=topdir).returncode == 0
    calibration = MODELS / "gesture_calibration.npz"
    result = west(workspace, topdir, "emit", MODELS / "gesture.pt2", "--calibration", calibration)
    assert result.returncode == 0, result.stderr
    assert json.loads((topdir / "gesture" / "mcugen.json").read_text())["board"]["name"] == "mps2_an386"


def test_report_without_a_build_says_so(workspace: Workspace, topdir: Path) -> None:
    result = west(workspace, topdir, "report", "-d", "nowhere")
    assert result.returncode != 0
    assert "nowhere is no build with models of mcugen" in result.stderr


def test_absent_mcugen_is_exit_code_3(workspace: Workspace, topdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {k: v for k, v in workspace.environment.items() if not k.startswith("MCUGEN_")}
    folders = [f for f in os.environ["PATH"].split(os.pathsep) if not (Path(f) / "mcugen").exists()]
    monkeypatch.setattr(workspace, "environment", hidden | {"PATH": os.pathsep.join(folders)})
    result = west(workspace, topdir, "boards")
    assert result.returncode == 3
    assert "MCUGEN_EXECUTABLE" in result.stderr
