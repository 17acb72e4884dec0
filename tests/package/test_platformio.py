"""PlatformIO libraries, built as its library builder does it, from what `library.json` says."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcugen import api
from tests.package.conftest import emit

# Of a project: what the frameworks for Arm ask for; warnings are errors.
PROJECT = "-Os -g -std=gnu11 -ffunction-sections -fdata-sections -Wall -Wextra -Wpedantic -Werror".split()
CORE = ["-mcpu=cortex-m33", "-mthumb", "-nostdlib"]


def library(packages: dict[str, Path], name: str) -> Path:
    return packages[name] / "platformio" / name


def build(at: Path, work: Path, prefix: str = "", core: tuple[str, ...] = ()) -> list[Path]:
    """The library's objects."""
    build = json.loads((at / "library.json").read_text())["build"]
    flags = [flag for flag in [*PROJECT, *build["flags"]] if flag not in build["unflags"]]
    folders = [f"-I{at / build[name]}" for name in ("includeDir", "srcDir")]
    sources = sorted((at / build["srcDir"]).rglob("*.c"))
    work.mkdir()
    for source in sources:
        command = [f"{prefix}gcc", *core, *flags, *folders, "-c", source, "-o", work / f"{source.name}.o"]
        subprocess.run(command, check=True)
    return [work / f"{source.name}.o" for source in sources]


@pytest.mark.parametrize("name", ["tiny", pytest.param("kinds", marks=pytest.mark.slow)])
def test_the_example_on_the_workstation(packages: dict[str, Path], tmp_path: Path, name: str) -> None:
    at = library(packages, name)
    objects = build(at, tmp_path / "build")
    main = at / "examples" / "inference" / "src" / "main.c"
    subprocess.run(["gcc", *PROJECT, f"-I{at / 'include'}", main, *objects, "-o", tmp_path / "program"], check=True)
    printed = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True).stdout
    assert name != "tiny" or "scores:\n  [1] 0.832031\n" in printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "kinds", "sums"])
def test_for_the_core(packages: dict[str, Path], tmp_path: Path, name: str) -> None:
    assert len(build(library(packages, name), tmp_path / "build", "arm-none-eabi-", tuple(CORE))) == 4


def test_the_manifest(packages: dict[str, Path]) -> None:
    """What the tool reads of it, and that the files are there."""
    at = library(packages, "tiny")
    found: dict[str, Any] = json.loads((at / "library.json").read_text())
    assert (found["name"], found["version"], found["license"]) == ("tiny", "1.0.0", "Apache-2.0")
    assert (at / "include" / found["headers"]).is_file()
    for example in found["examples"]:
        assert all((at / example["base"] / file).is_file() for file in example["files"])
    assert "-O2" in found["build"]["flags"] and "-O2" not in found["build"]["unflags"]
    assert "homepage" not in found


@pytest.mark.slow
def test_optimized_for_size(tmp_path: Path) -> None:
    """Flags as `--optimize` says; a page where there is one."""
    publisher = api.Publisher("2.1.0-rc1", "Example-Inc", "https://example.com/tiny?x=1")
    at = emit("tiny", tmp_path, optimize="size", publisher=publisher) / "platformio" / "tiny"
    found = json.loads((at / "library.json").read_text())
    assert found["build"]["flags"] == ["-Os"] and "-O2" in found["build"]["unflags"]
    assert (found["version"], found["homepage"]) == ("2.1.0-rc1", "https://example.com/tiny?x=1")
    assert found["authors"] == [{"name": "Example-Inc", "maintainer": True}]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("platformio") is None, reason="needs PlatformIO's package of Python")
def test_platformio_takes_the_manifest(packages: dict[str, Path]) -> None:
    """By its own parser and schema; the list of licences, which it would fetch, is given."""
    script = """import sys
from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema
ManifestSchema.load_spdx_licenses = staticmethod(lambda: {"licenses": [{"licenseId": "Apache-2.0"}]})
found = ManifestSchema().load_manifest(ManifestParserFactory.new_from_file(sys.argv[1]).as_dict())
assert found["name"] == "tiny", found
"""
    subprocess.run([sys.executable, "-c", script, library(packages, "tiny") / "library.json"], check=True)
