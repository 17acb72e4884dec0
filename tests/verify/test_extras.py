"""Extras: those of the metadata, what is missing of them, and the command that fits the environment."""

from __future__ import annotations

import importlib.metadata
import sys
import tomllib
from pathlib import Path

import pytest

from mcugen.verify import extras
from mcugen.verify.doctor import check_tools

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
FOR_WORK_ON_MCUGEN = {"test", "dev"}


def test_each_extra_says_what_it_is_for() -> None:
    assert set(extras.PURPOSES) == set(PROJECT["optional-dependencies"]) - FOR_WORK_ON_MCUGEN


def test_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "numpy>=1.26",
        "numpy>=1.26; extra == 'npu'",
        "no-such-package<3,>=2; extra == 'npu'",
        "numpy>=9000; extra == 'zephyr'",
        "no-such-package; sys_platform == 'nowhere' and extra == 'renode'",
        "pytest; extra == 'test'",
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: lines)
    npu, zephyr = extras.find_extras()
    assert (npu.name, npu.missing, npu.ok) == ("npu", ("no-such-package<3,>=2",), False)
    assert npu.installed == (f"numpy {importlib.metadata.version('numpy')}",)
    assert zephyr.missing == ("numpy>=9000",)
    (row,) = (check for check in check_tools() if check.name == "mcugen[npu]")
    assert not row.ok and not row.required
    assert "Ethos-U; not installed: no-such-package<3,>=2" in row.detail
    assert row.install.endswith("install 'mcugen[npu]'")


def test_without_metadata_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "DISTRIBUTION", "no-such-distribution")
    assert extras.find_extras() == []


def test_the_command_is_that_of_the_environments_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    prefix = tmp_path / "mcugen"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    assert extras.extra_command("npu").endswith("-m pip install 'mcugen[npu]'")
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert extras.extra_command("npu") == f"uv pip install --python {prefix} 'mcugen[npu]'"
    (prefix / "pipx_metadata.json").write_text("{}")
    assert extras.extra_command("npu") == "pipx runpip mcugen install 'mcugen[npu]'"
