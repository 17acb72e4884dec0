"""PlatformIO libraries, built as its library builder does it, from what `library.json` says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcugen import api
from tests.package.conftest import emit

# Of a project: what the frameworks for Arm ask for; warnings are errors.
PROJECT = "-Os -g -std=gnu11 -ffunction-sections -fdata-sections -Wall -Wextra -Wpedantic -Werror".split()
PYTHON = os.environ.get("PLATFORMIO_PYTHON", sys.executable)
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


def of_platformio(script: str, *arguments: str | Path) -> str:
    """What a script prints in an environment that has PlatformIO and SCons: PLATFORMIO_PYTHON, or this one."""
    done = subprocess.run([PYTHON, "-c", script, *arguments], capture_output=True, text=True, check=False, timeout=300)
    if "No module named" in done.stderr:
        pytest.skip("needs the packages platformio and scons, in the environment of PLATFORMIO_PYTHON")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_platformio_takes_the_manifest(packages: dict[str, Path]) -> None:
    """By its own parser and schema; the list of licences, which it would fetch, is given."""
    script = """import sys
from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema
ManifestSchema.load_spdx_licenses = staticmethod(lambda: {"licenses": [{"licenseId": "Apache-2.0"}]})
print(ManifestSchema().load_manifest(ManifestParserFactory.new_from_file(sys.argv[1]).as_dict())["name"])
"""
    assert of_platformio(script, library(packages, "tiny") / "library.json") == "tiny\n"


def core_folder(folder: Path) -> Path:
    """PlatformIO's own folder with what it would fetch: a platform for this machine, and SCons as it is installed."""
    script = """import SCons, pathlib
from platformio.dependencies import get_core_dependencies
print(pathlib.Path(SCons.__file__).parent.parent, get_core_dependencies()["tool-scons"].lstrip("~^"))
"""
    scons, version = of_platformio(script).split()
    shutil.copytree(Path(__file__).parent / "platformio_local", folder / "platforms" / "native")
    tool = folder / "packages" / "tool-scons"
    tool.mkdir(parents=True)
    (tool / "scons.py").write_text(
        f"import sys\nsys.path.insert(0, {scons!r})\nimport SCons.Script\nSCons.Script.main()\n"
    )
    (tool / "package.json").write_text(json.dumps({"name": "tool-scons", "version": version, "description": "SCons"}))
    for kind, name, at, of in (
        ("platform", "native", folder / "platforms" / "native", "1.0.0"),
        ("tool", "tool-scons", tool, version),
    ):
        owner = {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None}
        (at / ".piopm").write_text(json.dumps({"type": kind, "name": name, "version": of, "spec": owner}))
    return folder


@pytest.mark.slow
def test_built_by_platformio(packages: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its library finder and its builder: the example in its folder, and a project with two libraries."""
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(core_folder(tmp_path / "core")))
    monkeypatch.setenv("PLATFORMIO_SETTING_ENABLE_TELEMETRY", "no")
    shutil.copytree(packages["tiny"] / "platformio", tmp_path / "libraries")
    shutil.copytree(library(packages, "kinds"), tmp_path / "libraries" / "kinds")
    example = tmp_path / "libraries" / "tiny" / "examples" / "inference"
    pio = "import sys\nfrom platformio.__main__ import main\nsys.exit(main(['pio', *sys.argv[1:]]))\n"
    printed = of_platformio(pio, "run", "-v", "-d", example)
    program = example / ".pio" / "build" / "native" / "program"
    scores = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert "tiny @ 1.0.0" in printed and "scores:\n  [1] 0.832031\n" in scores
    assert "-O2" in next(line for line in printed.splitlines() if line.endswith("/tiny_model.c"))
    assert not any("-Os" in line and "/src/tiny" in line for line in printed.splitlines())
    main = example / "src" / "main.c"
    main.write_text(main.read_text().replace('#include "tiny.h"', '#include "tiny.h"\n#include "kinds.h"'))
    assert "kinds @ 1.0.0" in of_platformio(pio, "run", "-v", "-d", example)
