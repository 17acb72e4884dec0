"""Which runner is taken: by name, by what it can run, by what is installed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate import select_runner
from mcugen.errors import InputError, MissingToolError

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


def test_a_board_without_a_platform(install: Install) -> None:
    install("renode", "qemu-system-arm")
    with pytest.raises(InputError, match="no Renode platform for nrf52840dk"):
        select_runner("renode", dataclasses.replace(BOARD, renode_platform=""))
    with pytest.raises(InputError, match="runner renode can run a Zephyr image"):
        select_runner("renode", load_board("microbit"), "zephyr")
