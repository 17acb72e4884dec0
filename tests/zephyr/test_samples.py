"""The samples on every board, and twister over samples and test suites: long, for CI."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate.renode import find_renode
from tests.zephyr.workspace import (
    MODULE,
    OTHER_BOARDS,
    QEMU_MACHINES,
    Workspace,
    run_image,
    run_image_in_renode,
)

pytestmark = [pytest.mark.zephyr, pytest.mark.slow]

SAMPLES = {"hello_model": "hello_model: PASS", "two_models": "2 models, PASS", "kws_stream": "frames dropped, PASS"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("board", [*QEMU_MACHINES, *OTHER_BOARDS])
@pytest.mark.parametrize("sample", SAMPLES)
def test_sample(workspace: Workspace, tmp_path: Path, sample: str, board: str) -> None:
    result = workspace.build(MODULE / "samples" / sample, board, tmp_path / "build")
    assert result.returncode == 0, result.stdout
    # Not the devicetree compiler's "Warning (...)" about nodes of the board itself.
    assert not re.search(r"warning:|CMake Warning", result.stdout)
    if board in QEMU_MACHINES:
        run_image(tmp_path / "build", board, SAMPLES[sample])
    elif load_board(board).renode_zephyr and find_renode():
        run_image_in_renode(tmp_path / "build", load_board(board), SAMPLES[sample])


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("board", ["mps2/an385", "mps2/an521/cpu0", "mps3/corstone300/an547"])
def test_twister(workspace: Workspace, tmp_path: Path, board: str) -> None:
    options = ["-T", MODULE, "-p", board, "-j", "1", "-O", tmp_path / "twister", "-x=CONFIG_MINIMAL_LIBC=y"]
    result = workspace.west("twister", *options, timeout=7000)
    assert result.returncode == 0, result.stdout
    suites = json.loads((tmp_path / "twister" / "twister.json").read_text())["testsuites"]
    cases = [case for suite in suites for case in suite.get("testcases", [])]
    assert sum(case["status"] == "passed" for case in cases) >= 20
