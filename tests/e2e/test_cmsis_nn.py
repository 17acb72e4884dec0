"""The example models on CMSIS-NN: match, flash that counts the library, and what is said when it is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcugen.kernels.cmsis_nn import CmsisNn
from tests.e2e.conftest import Exported, Finished
from tests.e2e.test_examples import Command, Export, emit
from tests.kernels.cmsis_nn.cases import release_or_skip

MODELS = ("ds_cnn", "resnet8")
BOARDS = ("mps2_an385", "mps2_an386", "mps2_an500", "nrf5340dk", "mps3_an547")
QUICK = {("ds_cnn", "mps2_an386")}
# Million instructions of CMSIS-NN alone, counted without mcugen; see docs/cmsis_nn.md.
INSTRUCTION_LIMITS = {
    "mps2_an386": {"ds_cnn": 7.9e6, "resnet8": 30e6},
    "mps3_an547": {"ds_cnn": 1.85e6, "resnet8": 4.9e6},
}


def check(mcugen: Command, exported: Export, model: str, board: str, release: CmsisNn, folder: Path) -> None:
    emit(mcugen, exported, model, board, folder, "--kernels", "cmsis-nn", "--cmsis-nn", release.path)
    done = mcugen("verify", folder, "--json")
    assert done.code == 0, done.err
    result = done.json
    assert result["match"] is True
    assert result["instructions"] <= INSTRUCTION_LIMITS.get(board, {}).get(model, 100e6)
    manifest = json.loads((folder / "mcugen.json").read_text())
    assert manifest["options"]["cmsis_nn"] == {"path": str(release.path), "version": release.version}
    # The convolutions alone are more code than this; the schedule that calls them is not.
    code = result["flash_bytes"] - manifest["memory"]["constant_bytes"]
    assert 5_000 < code < 40_000


@pytest.mark.emulator
@pytest.mark.cmsis_nn
@pytest.mark.parametrize(("model", "board"), sorted(QUICK))
def test_match(command: Command, exported: Export, model: str, board: str, tmp_path: Path) -> None:
    check(command, exported, model, board, release_or_skip(), tmp_path / "out")


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.cmsis_nn
@pytest.mark.parametrize(("model", "board"), [(m, b) for m in MODELS for b in BOARDS if (m, b) not in QUICK])
def test_match_everywhere(mcugen: Command, exported: Export, model: str, board: str, tmp_path: Path) -> None:
    check(mcugen, exported, model, board, release_or_skip(), tmp_path / "out")


def refused(mcugen: Command, files: Exported, *options: object, **environment: str) -> Finished:
    arguments = (files.archive, "--board", "mps2_an386", "--calibration", files.calibration, "--kernels", "cmsis-nn")
    return mcugen("emit", *arguments, *options, **environment)


def test_absent(mcugen: Command, exported: Export, tmp_path: Path) -> None:
    done = refused(mcugen, exported("ds_cnn"), CMSIS_NN_PATH="", ZEPHYR_BASE="")
    assert done.code == 3
    assert "git clone https://github.com/ARM-software/CMSIS-NN" in done.err
    assert "Traceback" not in done.err


def test_unsupported_version(mcugen: Command, exported: Export, tmp_path: Path) -> None:
    header = tmp_path / "Include" / "arm_nnfunctions.h"
    header.parent.mkdir()
    header.write_text("/* $Revision:    V.17.3.0 */\n")
    done = refused(mcugen, exported("ds_cnn"), "--cmsis-nn", tmp_path)
    assert done.code == 2
    assert "V17.3.0" in done.err and "V16" in done.err and "V18" in done.err and "V19" in done.err
