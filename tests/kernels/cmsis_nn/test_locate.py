"""Where CMSIS-NN is looked for, and what is said when it is not there or of another version."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.errors import InputError, MissingToolError
from mcugen.kernels.cmsis_nn import INTERFACES, locate


def make_tree(root: Path, revision: str = "V.19.1.0") -> Path:
    header = root / "Include" / "arm_nnfunctions.h"
    header.parent.mkdir(parents=True)
    header.write_text(f"/*\n * $Date:        27 March 2026\n * $Revision:    {revision}\n */\n")
    return root


def test_a_given_path_wins(tmp_path: Path) -> None:
    given = make_tree(tmp_path / "given", "V.18.0.0")
    other = make_tree(tmp_path / "other")
    found = locate(given, {"CMSIS_NN_PATH": str(other)})
    assert (found.path, found.revision, found.major, found.version) == (given, (18, 0, 0), 18, "V18.0.0")


def test_environment_before_zephyr(tmp_path: Path) -> None:
    named = make_tree(tmp_path / "named")
    workspace = tmp_path / "workspace"
    make_tree(workspace / "modules" / "lib" / "cmsis-nn", "V.18.0.0")
    both = {"CMSIS_NN_PATH": str(named), "ZEPHYR_BASE": str(workspace / "zephyr")}
    assert locate(None, both).version == "V19.1.0"
    assert locate(None, {"ZEPHYR_BASE": str(workspace / "zephyr")}).version == "V18.0.0"


def test_absent(tmp_path: Path) -> None:
    for environment in ({}, {"ZEPHYR_BASE": str(tmp_path / "zephyr")}, {"CMSIS_NN_PATH": str(tmp_path)}):
        with pytest.raises(MissingToolError) as caught:
            locate(None, environment)
        assert caught.value.exit_code == 3
        assert "git clone https://github.com/ARM-software/CMSIS-NN" in str(caught.value)
        assert "--cmsis-nn" in str(caught.value)


def test_a_given_path_that_is_something_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not CMSIS-NN") as caught:
        locate(tmp_path, {})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("revision", ["V.11.2.0", "V.15.2.0", "V.17.0.0", "V.20.0.0"])
def test_unsupported_version(tmp_path: Path, revision: str) -> None:
    with pytest.raises(InputError) as caught:
        locate(make_tree(tmp_path / "tree", revision), {})
    assert revision.replace("V.", "V") in str(caught.value)
    assert all(f"V{major}" in str(caught.value) for major in INTERFACES)


def test_no_version(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no revision"):
        locate(make_tree(tmp_path / "tree", "unknown"), {})
