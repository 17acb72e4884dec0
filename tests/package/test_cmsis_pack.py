"""CMSIS packs: the description says what is in them, and what it says compiles."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mcugen import api
from mcugen.boards import load_board
from mcugen.errors import InputError
from mcugen.package.cores import accepted_cores
from tests.emit.test_golden import tiny
from tests.kernels.cmsis_nn.cases import release_or_skip

SCHEMA = os.environ.get("CMSIS_PACK_SCHEMA", "")
FLAGS = "-std=gnu11 -O2 -ffunction-sections -fdata-sections -Wall -Wextra -Wpedantic -Werror -D_RTE_".split()


def pack(packages: dict[str, Path], name: str) -> Path:
    (found,) = (packages[name] / "cmsis-pack").iterdir()
    return found


def unpacked(archive: Path, folder: Path) -> tuple[Path, ElementTree.Element]:
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)
    (description,) = folder.glob("*.pdsc")
    return description, ElementTree.parse(description).getroot()


def test_the_description(packages: dict[str, Path], tmp_path: Path) -> None:
    """Names as the format wants them, and every file that it lists; nothing lies in the pack that it does not."""
    path = pack(packages, "tiny")
    description, root = unpacked(path, tmp_path)
    says = {name: root.findtext(name) or "" for name in ("vendor", "name", "license")}
    version = root.find("releases/release")
    assert version is not None
    assert path.name == f"{says['vendor']}.{says['name']}.{version.get('version')}.pack" == "mcugen.tiny.1.0.0.pack"
    assert description.name == f"{says['vendor']}.{says['name']}.pdsc"
    (component,) = root.iterfind("components/component")
    identity = [component.get(name) for name in ("Cclass", "Cgroup", "Csub", "Cversion")]
    assert identity == ["Machine Learning", "Model", "tiny", "1.0.0"]
    listed = {file.get("name") or "" for file in component.iterfind("files/file")}
    assert "include/" in listed and (tmp_path / "include").is_dir()
    present = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    headers = {"include/mcugen/mcugen.h", "src/tiny_weights.h"}
    assert listed - {"include/"} | headers | {says["license"], description.name} == present
    conditions = {c.get("id"): c for c in root.iterfind("conditions/condition")}
    assert component.get("condition") in conditions
    referred = {r.get("condition") for c in conditions.values() for r in c if r.get("condition")}
    assert referred <= set(conditions)
    cores = [a.attrib for a in conditions["Core"].iterfind("accept")]
    assert {"Dcore": "Cortex-M33", "Ddsp": "DSP"} in cores and {"Dcore": "Cortex-M4"} in cores
    assert not any(core["Dcore"] in ("Cortex-M0+", "Cortex-M3") for core in cores)


@pytest.mark.parametrize(
    "compiler",
    [
        "arm-none-eabi-gcc",
        pytest.param("clang --target=arm-none-eabi -isystem /usr/include/newlib", marks=pytest.mark.slow),
    ],
)
def test_the_component_compiles(packages: dict[str, Path], tmp_path: Path, compiler: str) -> None:
    """Sources from where they lie, the template copied into the project, its folders of headers alone."""
    command, *more = compiler.split()
    if shutil.which(command) is None:
        pytest.skip(f"needs {command}")
    _, root = unpacked(pack(packages, "tiny"), tmp_path / "pack")
    (tmp_path / "project").mkdir()
    for file in root.iterfind("components/component/files/file"):
        path = tmp_path / "pack" / (file.get("name") or "")
        if file.get("category") != "source":
            continue
        if file.get("attr") == "template":
            path = Path(shutil.copy(path, tmp_path / "project"))
        target = ["-mcpu=cortex-m33", "-mthumb", f"-I{tmp_path / 'pack' / 'include'}", "-c", path]
        subprocess.run([command, *more, *FLAGS, *target, "-o", tmp_path / f"{path.stem}.o"], check=True)
    assert len(list(tmp_path.glob("*.o"))) == 5


@pytest.mark.skipif(not SCHEMA or shutil.which("xmllint") is None, reason="needs CMSIS_PACK_SCHEMA=PACK.xsd, xmllint")
@pytest.mark.parametrize("name", ["tiny", "kinds", "sums"])
def test_the_published_schema(packages: dict[str, Path], tmp_path: Path, name: str) -> None:
    description, _ = unpacked(pack(packages, name), tmp_path)
    done = subprocess.run(
        ["xmllint", "--noout", "--schema", SCHEMA, description], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_cores_by_kernels() -> None:
    """CMSIS-NN's constants fit one class of core; others run where their instructions are."""
    boards = {board: load_board(board).cpu for board in ("rpi_pico", "nrf5340dk", "mps3_an547")}
    names = {
        board: {
            (f["Dcore"], f.get("Ddsp") or f.get("Dmve")) for f in accepted_cores(["cmsis_nn/elementwise/add_s8.c"], cpu)
        }
        for board, cpu in boards.items()
    }
    assert ("Cortex-M0+", None) in names["rpi_pico"] and ("Cortex-M33", "NO_DSP") in names["rpi_pico"]
    assert ("Cortex-M4", None) in names["nrf5340dk"] and ("Cortex-M55", "NO_MVE") in names["nrf5340dk"]
    assert {core for core, _ in names["mps3_an547"]} == {"Cortex-M52", "Cortex-M55", "Cortex-M85", "ARMV81MML"}
    assert not any(
        a & b for a, b in ((names["rpi_pico"], names["nrf5340dk"]), (names["nrf5340dk"], names["mps3_an547"]))
    )
    assert accepted_cores(["portable/linear/conv2d_s8.c"], boards["rpi_pico"]) == []
    helium = accepted_cores(["mve/elementwise/add_s8.c", "dsp/add_s8.c"], boards["mps3_an547"])
    assert all(f["Dmve"] in ("MVE", "FP_MVE") for f in helium)


def test_too_long_a_name() -> None:
    with pytest.raises(InputError, match=r"(?s)more than 32 characters.*give a shorter one with --name"):
        api.compile(tiny(), api.Options(board="nrf5340dk", name="n" * 33, packages=("cmsis-pack",)))


@pytest.mark.cmsis_nn
def test_a_module_that_calls_cmsis_nn() -> None:
    """The component asks for Arm's; an Arduino library cannot."""
    given = api.Options(board="nrf5340dk", kernels="cmsis-nn", cmsis_nn=release_or_skip().path)
    module = api.compile(tiny(), dataclasses.replace(given, packages=("cmsis-pack",)))
    (archive,) = (content for path, content in module.files.items() if path.suffix == ".pack")
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        text = files.read("mcugen.tiny.pdsc").decode()
    assert '<require Cclass="CMSIS" Cgroup="NN Lib"/>' in text and '<package vendor="ARM" name="CMSIS-NN"/>' in text
    for kind in ("arduino", "platformio"):
        with pytest.raises(InputError, match=rf"(?s)for {kind} cannot bring CMSIS-NN.*--kernels native"):
            api.compile(tiny(), dataclasses.replace(given, packages=(kind,)))


@pytest.mark.cmsis_nn
def test_an_archive_does_not_say_where_cmsis_nn_lies() -> None:
    given = api.Options(board="nrf5340dk", kernels="cmsis-nn", cmsis_nn=release_or_skip().path, packages=("zip",))
    module = api.compile(tiny(), given)
    (archive,) = (content for path, content in module.files.items() if path.suffix == ".zip")
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        path = json.loads(files.read("tiny/mcugen.json"))["options"]["cmsis_nn"]["path"]
    assert path and "/" not in path and module.manifest.options["cmsis_nn"]["path"].endswith(f"/{path}")
