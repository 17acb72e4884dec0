"""`west mcugen` in a workspace whose manifest imports mcugen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.zephyr.workspace import MODELS, MODULE, ROOT, Workspace

pytestmark = pytest.mark.zephyr

_MANIFEST = """manifest:
  self:
    path: application
    import: submanifests
"""


@pytest.fixture
def topdir(workspace: Workspace, tmp_path: Path) -> Path:
    """A workspace as the tutorial says: the piece of a manifest that mcugen has for it."""
    (tmp_path / "application" / "submanifests").mkdir(parents=True)
    (tmp_path / "application" / "west.yml").write_text(_MANIFEST)
    shutil.copy(MODULE / "manifest" / "mcugen.yml", tmp_path / "application" / "submanifests")
    (tmp_path / "modules" / "lib").mkdir(parents=True)
    (tmp_path / "modules" / "lib" / "mcugen").symlink_to(ROOT)
    result = west(workspace, tmp_path, "init", "-l", "application")
    assert result.returncode == 0, result.stderr
    return tmp_path


def west(workspace: Workspace, topdir: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A west command in the scratch workspace; ZEPHYR_BASE would lead it to Zephyr's own."""
    environment = {k: v for k, v in workspace.environment.items() if k not in ("ZEPHYR_BASE", "BOARD")}
    return subprocess.run(
        ["west", *map(str, arguments)],
        cwd=topdir,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def west_mcugen(workspace: Workspace, topdir: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return west(workspace, topdir, "mcugen", *arguments)


def test_boards(workspace: Workspace, topdir: Path) -> None:
    result = west_mcugen(workspace, topdir, "boards", "--json")
    assert result.returncode == 0, result.stderr
    assert "nrf5340dk" in [b["name"] for b in json.loads(result.stdout)["boards"]]


def test_emit_takes_the_board_of_west_and_keeps_mcugens_exit_code(workspace: Workspace, topdir: Path) -> None:
    result = west_mcugen(workspace, topdir, "emit", MODELS / "gesture.pt2")
    assert result.returncode == 2
    assert west(workspace, topdir, "config", "build.board", "mps2/an386").returncode == 0
    calibration = MODELS / "gesture_calibration.npz"
    result = west_mcugen(workspace, topdir, "emit", MODELS / "gesture.pt2", "--calibration", calibration)
    assert result.returncode == 0, result.stderr
    assert json.loads((topdir / "gesture" / "mcugen.json").read_text())["board"]["name"] == "mps2_an386"


def test_report_without_a_build_says_so(workspace: Workspace, topdir: Path) -> None:
    result = west_mcugen(workspace, topdir, "report", "-d", "nowhere")
    assert result.returncode != 0
    assert "nowhere is no build with models of mcugen" in result.stderr


def test_help_of_an_action_is_mcugens(workspace: Workspace, topdir: Path) -> None:
    result = west_mcugen(workspace, topdir, "emit", "--help")
    assert result.returncode == 0, result.stderr
    assert "--calibration" in result.stdout and "--kernels" in result.stdout
    own = west_mcugen(workspace, topdir, "--help")
    assert own.returncode == 0 and "report [-d BUILD]" in own.stdout
    nothing = west_mcugen(workspace, topdir)
    assert nothing.returncode != 0 and "what to do is missing" in nothing.stderr


def make_images(folder: Path, *names: str) -> None:
    """What `west mcugen` reads of a build with sysbuild; the images have a model `kws` each."""
    listed = []
    for name in names:
        module = folder / name / "mcugen" / "kws"
        module.mkdir(parents=True)
        (module / "mcugen.json").write_text('{"name": "kws"}')
        (module.parent / "models.txt").write_text(f"{module}\n")
        (folder / name / "zephyr").mkdir()
        listed.append(f"- name: {name}\n  build_dir: {folder / name}\n")
    (folder / "domains.yaml").write_text(f"default: {names[0]}\nbuild_dir: {folder}\ndomains:\n{''.join(listed)}")


def test_sysbuild_the_images_are_found(workspace: Workspace, topdir: Path) -> None:
    make_images(topdir / "build", "application", "radio")
    (topdir / "build" / "radio" / "mcugen" / "models.txt").unlink()
    result = west_mcugen(workspace, topdir, "verify", "--model", "kws")
    # It is mcugen that refuses this manifest.
    assert result.returncode == 2 and f"{topdir}/build/application/mcugen/kws" in " ".join(result.stderr.split())
    result = west_mcugen(workspace, topdir, "report", "--domain", "radio")
    assert result.returncode != 0 and "has no image radio with models; it has: application" in result.stderr


def test_sysbuild_a_model_of_two_images_needs_the_domain(workspace: Workspace, topdir: Path) -> None:
    make_images(topdir / "build", "application", "radio")
    result = west_mcugen(workspace, topdir, "verify", "--model", "kws")
    assert result.returncode != 0 and "several images have a model kws: choose one with --domain" in result.stderr


def test_absent_mcugen_is_exit_code_3(workspace: Workspace, topdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {k: v for k, v in workspace.environment.items() if not k.startswith("MCUGEN_")}
    folders = [f for f in os.environ["PATH"].split(os.pathsep) if not (Path(f) / "mcugen").exists()]
    monkeypatch.setattr(workspace, "environment", hidden | {"PATH": os.pathsep.join(folders)})
    result = west_mcugen(workspace, topdir, "boards")
    assert result.returncode == 3
    assert "MCUGEN_EXECUTABLE" in result.stderr
