"""Arduino libraries, built as Arduino's tools do it: `src/` recursively, with nothing else to find headers in."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcugen import api
from mcugen.errors import InputError
from tests.emit import program
from tests.emit.test_golden import tiny
from tests.package.arduino import sketch
from tests.package.conftest import emit

TWO = """#include <tiny.h>
#include <OTHER.h>

static int8_t image[TINY_INPUT_0_ELEMENTS], scores[TINY_OUTPUT_0_ELEMENTS];

void setup()
{
    Serial.begin(9600);
}

void loop()
{
    Serial.println(tiny_run(image, scores));
    Serial.println((long)tiny_argmax_output(scores));
    Serial.println((long)OTHER_model.input_count);
    Serial.println(OTHER_model.run(OTHER_model.arena, 0, NULL, NULL));
}
"""
arduino_builder = pytest.mark.skipif(shutil.which("arduino-builder") is None, reason="needs arduino-builder")


def library(packages: dict[str, Path], name: str) -> Path:
    return packages[name] / "arduino" / name


def two(folder: Path, other: str) -> Path:
    (folder / "Two").mkdir()
    (folder / "Two" / "Two.ino").write_text(TWO.replace("OTHER", other))
    return folder / "Two"


def output(elf: Path) -> list[str]:
    return subprocess.run([elf], capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()


def build_by_tool(at: Path, libraries: Sequence[Path], board: str, work: Path) -> Path:
    """By arduino-builder, which looks for the libraries itself."""
    (work / "libraries").mkdir(parents=True)
    for path in libraries:
        shutil.copytree(path, work / "libraries" / path.name)
    (work / "build").mkdir()
    command = ["arduino-builder", "-hardware", "/usr/share/arduino-builder", "-hardware", sketch.HARDWARE]
    command += ["-tools", "/usr/bin", "-libraries", work / "libraries", "-fqbn", f"plain:any:{board}"]
    command += ["-build-path", work / "build", "-warnings", "all", at]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return work / "build" / f"{at.name}.ino.elf"


def test_two_libraries_in_one_sketch(packages: dict[str, Path], tmp_path: Path) -> None:
    libraries = [library(packages, "tiny"), library(packages, "sums")]
    found = output(sketch.build(two(tmp_path, "sums"), libraries, "workstation", tmp_path / "build"))
    assert found[0] == "0" and found[2:] == ["1", "-1"]


@pytest.mark.parametrize("name", ["sums", *(pytest.param(name, marks=pytest.mark.slow) for name in ("tiny", "kinds"))])
def test_the_self_test(packages: dict[str, Path], tmp_path: Path, name: str) -> None:
    at = library(packages, name)
    found = output(sketch.build(at / "examples" / "SelfTest", [at], "workstation", tmp_path / "build"))
    assert found == [f"{name}: 2 of 2 vectors match"]


@pytest.mark.slow
def test_the_example_prints_scores(packages: dict[str, Path], tmp_path: Path) -> None:
    """Those of the module's own example."""
    at = library(packages, "tiny")
    found = output(sketch.build(at / "examples" / "Inference", [at], "workstation", tmp_path / "build"))
    assert found[:2] == ["scores:", "  [1] 0.8320"] and found[-1] == "0 us"


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("sums", "Inference"),
        pytest.param("kinds", "Inference", marks=pytest.mark.slow),
        pytest.param("tiny", "SelfTest", marks=pytest.mark.slow),
    ],
)
def test_examples_for_the_core(packages: dict[str, Path], tmp_path: Path, name: str, example: str) -> None:
    at = library(packages, name)
    assert sketch.build(at / "examples" / example, [at], "m33", tmp_path / "build").is_file()


@pytest.mark.slow
@arduino_builder
@pytest.mark.parametrize("board", ["workstation", "m33"])
def test_two_libraries_by_arduinos_own_tool(packages: dict[str, Path], tmp_path: Path, board: str) -> None:
    libraries = [library(packages, "tiny"), library(packages, "kinds")]
    elf = build_by_tool(two(tmp_path, "kinds"), libraries, board, tmp_path / "tool")
    assert board == "m33" or output(elf)[2:] == ["9", "-1"]


@pytest.mark.slow
@arduino_builder
@pytest.mark.parametrize("example", ["Inference", "SelfTest"])
@pytest.mark.parametrize("name", ["tiny", "kinds", "sums"])
def test_examples_by_arduinos_own_tool(packages: dict[str, Path], tmp_path: Path, name: str, example: str) -> None:
    at = library(packages, name)
    assert build_by_tool(at / "examples" / example, [at], "m33", tmp_path / "tool").is_file()


@pytest.mark.slow
@pytest.mark.emulator
def test_the_library_on_its_core(packages: dict[str, Path], tmp_path: Path) -> None:
    """The bits of the module itself, on the core that it is for."""
    at = library(packages, "tiny")
    text = f"""#include "{at / "src" / "tiny.h"}"
int program(void)
{{
    static int8_t input[TINY_INPUT_0_ELEMENTS], output[TINY_OUTPUT_0_ELEMENTS];
    take(input, sizeof input);
    const int status = tiny_run(input, output);
    give(output, sizeof output);
    return status;
}}
"""
    given = bytes(i * 7 % 256 for i in range(90))
    found = program.on_target(at, text, given, tmp_path / "library", "nrf5340dk", "**/*.c")
    own = text.replace(str(at / "src" / "tiny.h"), "tiny.h")
    module = packages["tiny"].parent
    assert found == program.on_host(module, own, given, tmp_path / "module") and len(set(found)) > 1


def test_a_board_with_another_core_is_told(packages: dict[str, Path], tmp_path: Path) -> None:
    """An error of the compiler that names both cores."""
    at = library(packages, "tiny")
    with pytest.raises(AssertionError, match=r"tiny was generated for cortex-m33 with DSP .*this build is for Armv6-M"):
        sketch.build(at / "examples" / "Inference", [at], "m0", tmp_path / "build")


def test_library_properties(packages: dict[str, Path]) -> None:
    """The rules of the specification, revision 2.2."""
    at = library(packages, "tiny")
    lines = (at / "library.properties").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert len(found) == len(lines)
    required = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"}
    assert required <= set(found)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]*", found["name"]) and found["name"] == at.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"]) and found["category"] == "Data Processing"
    assert [p.name for p in (at / "src").iterdir() if p.suffix == ".h"] == [found["includes"]] == ["tiny.h"]
    for example in (at / "examples").iterdir():
        assert (example / f"{example.name}.ino").is_file()
    keywords = [line for line in (at / "keywords.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"\w+\t(KEYWORD[12]|LITERAL1)", line) for line in keywords)
    assert "tiny_quantize_input\tKEYWORD2" in keywords


def test_names_of_arduinos_own(tmp_path: Path) -> None:
    """`Wire.h` and `wire.h` are one file where many sketches are written."""
    with pytest.raises(InputError, match=r"(?s)cannot be called wire: .*--name wire_model"):
        api.compile(tiny(), api.Options(board="nrf5340dk", name="wire", packages=("arduino",)))


@pytest.mark.slow
@pytest.mark.parametrize("board", ["microbit", "nucleo_h743zi", "mps3_an547"])
def test_every_class_of_core(tmp_path: Path, board: str) -> None:
    """Plain, with a wide bus and with Helium, by the C beside the instructions."""
    at = emit("tiny", tmp_path / "module", board) / "arduino" / "tiny"
    elf = sketch.build(at / "examples" / "SelfTest", [at], "workstation", tmp_path / "build")
    assert output(elf) == ["tiny: 2 of 2 vectors match"]
