"""Networks of timm and torchvision, exported by a Python that has these packages: MCUGEN_ZOO_PYTHON, or this one."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.frontend.archive import load_archive
from mcugen.frontend.signature import port_names
from tools.fidelity import check_program
from tools.zoo import CALIBRATION, LEAST_CORRELATION, NETWORKS, UNSEEN, images, main

ROOT = Path(__file__).parents[3]
BOARD = "mps3_an547"
SWAPPED = str(Path(__file__).with_name("mps3_an547_swapped.yml"))
"""The same board with code in its larger memory."""

LARGE = ("ghostnet_050", "mnasnet_small")
"""Networks of more than 2 MB."""


def zoo_python() -> str | None:
    """A Python with timm and torchvision."""
    if given := os.environ.get("MCUGEN_ZOO_PYTHON"):
        return given
    return sys.executable if all(importlib.util.find_spec(name) for name in ("timm", "torchvision")) else None


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("name", NETWORKS)
def test_network(name: str, tmp_path: Path) -> None:
    python = zoo_python()
    if python is None:
        pytest.skip("timm and torchvision: MCUGEN_ZOO_PYTHON names no Python that has them, and this one has not")
    done = subprocess.run(
        [python, "-m", "tools.zoo", "export", str(tmp_path), name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    archive, board = tmp_path / f"{name}.pt2", SWAPPED if name in LARGE else BOARD
    (port,) = port_names(load_archive(archive)).inputs
    checked = check_program(archive, {port: images(CALIBRATION, 7)}, {port: images(UNSEEN, 99)}, board)
    print(name, checked)
    assert checked.match
    assert checked.outputs[0].correlation > LEAST_CORRELATION, checked


def test_unknown_networks_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["check", str(tmp_path), "resnet_9000"])
    assert stop.value.code == 2
    assert "unknown: resnet_9000" in capsys.readouterr().err
