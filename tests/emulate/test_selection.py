"""Which runner is taken: by name, by what it can run, by what is installed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate import select_runner
from mcugen.emulate.renode_install import find_renode, find_renode_test
from mcugen.errors import InputError, MissingToolError
from mcugen.verify.doctor import check_tools

BOARD = load_board("nrf52840dk")
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes these programs the only ones on PATH."""

    def install(*programs: str) -> None:
        for program in programs:
            (tmp_path / program).write_text("#!/bin/sh\n")
            (tmp_path / program).chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RENODE_ROOT", raising=False)
    return install


def test_auto_takes_the_first_that_is_installed(install: Install) -> None:
    install("renode")
    assert select_runner("auto", BOARD).name == "renode"
    install("qemu-system-arm")
    assert select_runner("auto", BOARD).name == "qemu"
    assert select_runner("renode", BOARD).name == "renode"


def test_without_any_it_says_what_to_install(install: Install) -> None:
    with pytest.raises(MissingToolError, match="qemu-system-arm"):
        select_runner("auto", BOARD)
    with pytest.raises(MissingToolError, match="RENODE_ROOT"):
        select_runner("renode", BOARD)


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "a folder without Renode"])
def test_a_wrong_renode_root_is_not_passed_over(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool
) -> None:
    install("renode", "renode-test")
    root = tmp_path / "elsewhere"
    if there:
        root.mkdir()
    monkeypatch.setenv("RENODE_ROOT", str(root))
    for look in (find_renode, find_renode_test, lambda: select_runner("renode", BOARD)):
        with pytest.raises(InputError, match=f"RENODE_ROOT is {root}") as caught:
            look()
        assert "unset it" in str(caught.value.hint)
    checks = {check.name: check for check in check_tools()}
    assert not checks["Renode"].ok and "RENODE_ROOT" in checks["Renode"].detail
    install("qemu-system-arm")
    assert select_runner("auto", BOARD).name == "qemu"


def test_a_board_without_a_platform(install: Install) -> None:
    install("renode", "qemu-system-arm")
    with pytest.raises(InputError, match="no Renode platform for nrf52840dk"):
        select_runner("renode", dataclasses.replace(BOARD, renode_platform=""))
    with pytest.raises(InputError, match="runner renode can run a Zephyr image"):
        select_runner("renode", load_board("microbit"), "zephyr")


def test_a_zephyr_image_with_an_npu_needs_its_registers(install: Install) -> None:
    board = load_board("mps3_an547")
    install("renode", "qemu-system-arm")
    assert select_runner("auto", board, "zephyr").name == "qemu"
    assert select_runner("auto", board, "zephyr", npu=True).name == "renode"
    assert select_runner("auto", board, "bare", npu=True).name == "qemu"
    with pytest.raises(InputError, match=r"a Zephyr image of mps3_an547 \(runner qemu") as caught:
        select_runner("qemu", board, "zephyr", npu=True)
    assert "--runner renode" in str(caught.value.hint)
