"""Renode on this machine: the program, its version, and what `renode-test` needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from mcugen.errors import InputError, MissingToolError

INSTALL = "install Renode and set RENODE_ROOT, or put `renode` on PATH"
_PROGRAM, _TEST_PROGRAM = "renode", "renode-test"
_QUERY_SECONDS = 60


def find_renode() -> str | None:
    """The program: in RENODE_ROOT where that is set, else on PATH; None when it is not there.

    Raises:
        InputError: RENODE_ROOT is no folder of Renode's.
    """
    return _find(_PROGRAM)


def require_renode() -> str:
    """The program.

    Raises:
        MissingToolError: it is not installed.
    """
    program = find_renode()
    if program is None:
        raise MissingToolError("Renode, the emulator, is not installed", hint=INSTALL)
    return program


def find_renode_test() -> str | None:
    """The program that runs Robot Framework suites in Renode, as `find_renode` finds Renode."""
    return _find(_TEST_PROGRAM)


def renode_version() -> str | None:
    """Such as "1.16.1"; None when Renode is not installed or does not run."""
    words = _ask(find_renode(), "--version")
    found = re.search(r"\d+\.\d+\.\d+(?:\.\d+)?", words) if words is not None else None
    return found[0] if found else None


def renode_test_works() -> bool:
    """Whether `renode-test` finds Renode's folder `tests` and Robot Framework, which it cannot start without."""
    return _ask(find_renode_test(), "--help") is not None


def _find(name: str) -> str | None:
    root = os.environ.get("RENODE_ROOT")
    if not root:
        return shutil.which(name)
    if not Path(root).is_dir():
        raise InputError(
            f"RENODE_ROOT is {root}, where there is no folder", hint="correct RENODE_ROOT, or unset it to use PATH"
        )
    found = shutil.which(name, path=root)
    if found is None:
        raise InputError(
            f"RENODE_ROOT is {root}, where there is no program {name}",
            hint="set RENODE_ROOT to Renode's own folder, or unset it to use PATH",
        )
    return found


def _ask(program: str | None, option: str) -> str | None:
    """What a program prints; None when there is none, or it fails."""
    if program is None:
        return None
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=_QUERY_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
