"""A Zephyr workspace for tests; without one they are skipped by name."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.zephyr.workspace import Workspace, find_west_topdir


@pytest.fixture(scope="session")
def workspace() -> Workspace:
    if not os.environ.get("ZEPHYR_BASE"):
        pytest.skip("needs a Zephyr workspace: ZEPHYR_BASE is not set")
    if shutil.which("west") is None:
        pytest.skip("needs a Zephyr workspace: west is not on the PATH")
    if find_west_topdir() is None:
        pytest.skip("needs a Zephyr workspace: `west topdir` fails in ZEPHYR_BASE")
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    return Workspace()
