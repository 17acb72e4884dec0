"""The Robot Framework keywords in suites against a played Renode: what they accept and what they say."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import robot
from robot.libdocpkg import LibraryDocumentation

from mcugen.emulate.blocks import Timing, pack_timings
from mcugen.resources import data_folder
from mcugen.testbench.renode_suite import library_files
from tests.renode.fake_renode import write_image


def text(*values: int) -> str:
    return base64.b64encode(bytes(values)).decode()


DESCRIPTION = {
    "format": 3,
    "name": "fake",
    "board": "fakeboard",
    "core": "cortex-m4",
    "memories": [{"name": "flash", "start": 0, "size": 0x10000}],
    "instructions": 416,
    "cycles": 713,
    "cycles_source": "model:cortex-m4",
    "elf": "fake.elf",
    "platform": "platform.repl",
    "console": "uart0",
    "stack_pattern": 0x5AC4A5E1,
    "labels": ["fake_run", "fake_layer_0", "fake_layer_end", "harness_run_end"],
    "inputs": [{"name": "x", "symbol": "input_0", "bytes": 3}],
    "outputs": [{"name": "y", "symbol": "output_0", "bytes": 3}],
    "layers": [
        {
            "name": "plus",
            "op": "add",
            "kernel": "add.portable",
            "instructions": 400,
            "cycles": 695,
            "results": [{"bytes": 3, "symbol": "output_0", "offset": 0}],
        }
    ],
    "samples": {
        "inputs": [[text(1, 2, 255)], [text(7, 8, 9)]],
        "outputs": [[text(2, 3, 0)], [text(8, 9, 10)]],
        "layers": [[text(2, 3, 0)]],
    },
}


# Two cycles for an instruction that follows nothing it could overlap with, else one; five more to jump.
TIMINGS = pack_timings([[(at, Timing(2, 2, 1, 5)) for at in range(0x100, 0x130, 2)]])
# Eight instructions, fifty times eight of which 49 jump back, and eight.
LAYER_CYCLES = 50 * (2 + 7) + 49 * 5
CYCLES = LAYER_CYCLES + 2 * (2 + 7)


def run(
    folder: Path, *steps: str, how: str = "", prepare: Callable[[Path], object] = lambda module: None, **changes: object
) -> tuple[bool, str]:
    """Whether a test case of these steps passes, and what Robot Framework prints."""
    module = folder / "module"
    module.mkdir(exist_ok=True)
    for name, content in library_files().items():
        (module / name).write_bytes(content)
    write_image(module / "fake.elf")
    (module / "platform.repl").touch()
    facts = {"timings": TIMINGS, "elf_sha256": hashlib.sha256((module / "fake.elf").read_bytes()).hexdigest()}
    (module / "module.json").write_text(json.dumps({**DESCRIPTION, **facts, **changes}))
    prepare(module)
    suite = folder / "suite.robot"
    lines = [
        "*** Settings ***",
        "Library    ${CURDIR}/module/mcugen_keywords.py",
        f"Library    {Path(__file__).parent}/fake_renode.py    {how}",
    ]
    lines += ["*** Test Cases ***", "Case", *(f"    {step}" for step in ("Load Module    ${CURDIR}/module", *steps))]
    suite.write_text("\n".join(lines) + "\n")
    words = io.StringIO()
    code = robot.run(str(suite), output=None, log=None, report=None, consolewidth=300, stdout=words, stderr=words)
    return code == 0, words.getvalue()


def test_a_module_that_is_right(tmp_path: Path) -> None:
    passed, output = run(
        tmp_path,
        "Self Test Should Pass",
        "Run Inference    0",
        "Outputs Should Match",
        "Layer Should Match    plus",
        "Instructions Should Be Below    417",
        "Instructions Should Be At Most    4_16",
        f"Cycles Should Be Below    {CYCLES + 1}",
        f"Cycles Should Be At Most    {CYCLES}",
        "Log Counts",
        "Memory Should Be Intact",
        "${layers}=    Get Layers",
        "Should Be Equal    ${layers}[0]    plus",
        "${count}=    Get Layer Instructions    plus",
        "Should Be Equal As Integers    ${count}    400",
        "${count}=    Get Layer Cycles    plus",
        f"Should Be Equal As Integers    ${{count}}    {LAYER_CYCLES}",
        "Run Inference    1",
        "Outputs Should Match",
    )
    assert passed, output


def test_inputs_and_outputs_of_ones_own(tmp_path: Path) -> None:
    steps = ["@{inputs}=    Create List    0a0b0c", "@{outputs}=    Create List    0b0c0d"]
    steps += ["Run Inference    inputs=${inputs}", "Outputs Should Match    ${outputs}"]
    assert run(tmp_path, *steps)[0]
    passed, output = run(tmp_path, steps[0], "Run Inference    inputs=${inputs}", "Outputs Should Match")
    assert not passed and "give `expected`" in output


@pytest.mark.parametrize(
    ("steps", "how", "words"),
    [
        (["Self Test Should Pass"], "SELF TEST", "first wrong layer is layer plus (add, add.portable): 1 of 3 values"),
        (["Run Inference", "Outputs Should Match"], "WRONG", "output y of sample 0 differs from the reference: 1 of 3"),
        (["Run Inference", "Outputs Should Match"], "WRONG", "first at 0: expected 2, got 3"),
        (["Run Inference", "Layer Should Match    plus"], "WRONG", "layer plus (add, add.portable) differs"),
        (["Run Inference", "Layer Should Match    minus"], "", "no layer minus; it has plus"),
        (["Run Inference    1", "Layer Should Match    plus"], "", "layers of sample 0 only"),
        (["Run Inference    2"], "", "has 2 samples, there is no sample 2"),
        (["Run Inference"], "STATUS", "the module returned an error: inference 1, status -1"),
        (["Run Inference"], "FAULT", "faulted: access to an address without memory, at pc 0x00000105 (fake_run + 0x4)"),
        (["Run Inference", "Instructions Should Be Below    416"], "", "took 416 instructions, not below 416"),
        (["Run Inference", "Instructions Should Be At Most    415"], "", "took 416 instructions, 1 more than 415"),
        (
            ["Run Inference", f"Cycles Should Be Below    {CYCLES}"],
            "",
            f"took {CYCLES} cycles (model:cortex-m4), not below {CYCLES}",
        ),
        (["Run Inference", "Cycles Should Be At Most    5"], "", f"{CYCLES - 5} more than 5"),
        (["Run Inference", "Cycles Should Be Below    4.5M"], "", "'4.5M' is no number of cycles"),
        (["Run Inference", "Instructions Should Be Below    -1"], "", "'-1' is no number of instructions"),
        (["Run Inference", "Instructions Should Be Below    ${EMPTY}"], "", "'' is no number of instructions"),
        (["Run Inference", "Get Layer Cycles    minus"], "", "no layer minus; it has plus"),
        (["Run Inference", "Get Instructions"], "UNCOUNTED", "counting failed"),
        (["Run Inference"], "HANG", "the firmware hung at pc 0x00000105 (fake_run + 0x4); its last output:"),
        (["Get Instructions"], "", "no inference has run"),
        (["Run Inference", "Memory Should Be Intact"], "OUTSIDE", "wrote outside its arena: the guard above"),
        (["Run Inference", "Memory Should Be Intact"], "DEEP", "used all of the stack"),
        (["@{i}=    Create List    00", "Run Inference    inputs=${i}"], "", "the module takes x: 3"),
        (["Load Module    ${CURDIR}/none"], "", "cannot read"),
        (["Load Module    ${CURDIR}/module    other.elf"], "", "there is no firmware"),
    ],
)
def test_what_is_said_of_what_is_wrong(tmp_path: Path, steps: list[str], how: str, words: str) -> None:
    passed, output = run(tmp_path, *steps, how=how)
    assert not passed and words in output, output


def test_a_hang_shows_the_last_output(tmp_path: Path) -> None:
    _, output = run(tmp_path, "Run Inference", how="HANG")
    lines = [line.strip() for line in output.splitlines()]
    assert {"mcugen fake on board", "self-test passed: 2 of 2", "half"} <= set(lines), output
    assert "Terminal tester failed" not in output


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda m: (m / "fake.elf").unlink(), "there is no firmware"),
        (lambda m: (m / "platform.repl").unlink(), "there is no file"),
        (lambda m: (m / "mcugen_blocks.cs").unlink(), "mcugen_blocks.cs: emit the module again"),
        (lambda m: (m / "fake.elf").write_text("int main;"), "is no ELF file"),
        (lambda m: (m / "fake.elf").write_bytes((m / "fake.elf").read_bytes()[:300]), "is a damaged ELF file"),
        (lambda m: write_image(m / "fake.elf", machine=62), "a program for another processor"),
        (lambda m: write_image(m / "fake.elf", sizes={"input_0": 9}), "its input_0 has 9 bytes, this module's x has 3"),
        (lambda m: write_image(m / "fake.elf", load=0x80000000), "no memory at 0x80000000"),
        (lambda m: (m / "module.json").write_text("[]"), "does not describe a module"),
        (lambda m: (m / "module.json").write_text("{"), "cannot read"),
    ],
)
def test_files_that_are_not_the_modules(tmp_path: Path, prepare: Callable[[Path], object], words: str) -> None:
    passed, output = run(tmp_path, prepare=prepare)
    assert not passed and words in output, output
    assert "Traceback" not in output


def test_firmware_of_another_module_says_what_it_lacks(tmp_path: Path) -> None:
    passed, output = run(tmp_path, labels=["other_run", "other_layer_end"])
    assert not passed and "is not the self-test firmware of module fake: it has no symbol other_run" in output


def test_cycles_of_other_firmware_or_of_a_core_without_a_model(tmp_path: Path) -> None:
    steps = ("Run Inference", "${known}=    Cycles Are Known", "Should Not Be True    ${known}", "Log Counts")
    assert run(tmp_path, *steps, timings=None)[0]
    passed, output = run(tmp_path, *steps, "Cycles Should Be Below    9", timings=None)
    assert not passed and "no timing model for cortex-m4" in output
    passed, output = run(tmp_path, *steps, "Get Cycles", elf_sha256="")
    assert not passed and "cycles are known for the emitted firmware only" in output


def test_a_passing_suite_prints_its_counts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "Run Inference", "Log Counts")[0]
    assert f"fake on fakeboard: 416 instructions, {CYCLES} cycles (model:cortex-m4)" in capfd.readouterr().out


def test_layers_that_grew_are_named(tmp_path: Path) -> None:
    layers = [{**DESCRIPTION["layers"][0], "instructions": 300}]  # type: ignore[index]
    passed, output = run(tmp_path, "Run Inference", "Instructions Should Be Below    100", layers=layers)
    assert not passed and "layer plus (add, add.portable): 400, 300 when the module was emitted" in output


def test_another_format_is_refused(tmp_path: Path) -> None:
    passed, output = run(tmp_path, format=1)
    assert not passed and "has format 1, these keywords read 3" in output


def test_every_keyword_is_documented(tmp_path: Path) -> None:
    for name, content in library_files().items():
        (tmp_path / name).write_bytes(content)
    library = LibraryDocumentation(str(tmp_path / "mcugen_keywords.py"))
    assert library.doc and len(library.keywords) == 19
    assert all(len(keyword.doc) > 40 for keyword in library.keywords)
    page = (data_folder("renode").parent / "docs" / "renode.md").read_text()
    assert all(keyword.name in page for keyword in library.keywords)
