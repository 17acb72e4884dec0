"""The Robot Framework keywords in suites against a played Renode: what they accept and what they say."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from robot.libdocpkg import LibraryDocumentation

from mcugen.resources import data_folder

KEYWORDS = data_folder("renode") / "keywords" / "mcugen_keywords.py"


def text(*values: int) -> str:
    return base64.b64encode(bytes(values)).decode()


DESCRIPTION = {
    "format": 1,
    "name": "fake",
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
            "bytes": 3,
            "instructions": 500,
            "symbol": "output_0",
            "offset": 0,
        }
    ],
    "samples": {
        "inputs": [[text(1, 2, 255)], [text(7, 8, 9)]],
        "outputs": [[text(2, 3, 0)], [text(8, 9, 10)]],
        "layers": [text(2, 3, 0)],
    },
}


def run(folder: Path, *steps: str, how: str = "", **changes: object) -> tuple[bool, str]:
    """Whether a test case of these steps passes, and what Robot Framework prints."""
    module = folder / "module"
    module.mkdir(exist_ok=True)
    (module / "fake.elf").touch()
    (module / "module.json").write_text(json.dumps({**DESCRIPTION, **changes}))
    suite = folder / "suite.robot"
    lines = [
        "*** Settings ***",
        f"Library    {KEYWORDS}",
        f"Library    {Path(__file__).parent}/fake_renode.py    {how}",
    ]
    lines += ["*** Test Cases ***", "Case", *(f"    {step}" for step in ("Load Module    ${CURDIR}/module", *steps))]
    suite.write_text("\n".join(lines) + "\n")
    options = ["--output", "NONE", "--log", "NONE", "--report", "NONE", "--consolewidth", "300"]
    done = subprocess.run(
        [sys.executable, "-m", "robot", *options, str(suite)], capture_output=True, text=True, cwd=folder, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def test_a_module_that_is_right(tmp_path: Path) -> None:
    passed, output = run(
        tmp_path,
        "Self Test Should Pass",
        "Run Inference    0",
        "Outputs Should Match",
        "Layer Should Match    plus",
        "Instructions Should Be Below    520",
        "Memory Should Be Intact",
        "${layers}=    Get Layers",
        "Should Be Equal    ${layers}[0]    plus",
        "${count}=    Get Layer Instructions    plus",
        "Should Be Equal As Integers    ${count}    500",
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
        (["Run Inference"], "FAULT", "faulted: access to an address without memory, at pc 0x00000105 (fake_run)"),
        (["Run Inference", "Instructions Should Be Below    519"], "", "took 520 instructions, 1 more than 519"),
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


def test_layers_that_grew_are_named(tmp_path: Path) -> None:
    layers = [{**DESCRIPTION["layers"][0], "instructions": 400}]  # type: ignore[index]
    passed, output = run(tmp_path, "Run Inference", "Instructions Should Be Below    100", layers=layers)
    assert not passed and "layer plus (add, add.portable): 500, 400 when the module was emitted" in output


def test_another_format_is_refused(tmp_path: Path) -> None:
    passed, output = run(tmp_path, format=2)
    assert not passed and "has format 2, these keywords read 1" in output


def test_every_keyword_is_documented() -> None:
    library = LibraryDocumentation(str(KEYWORDS))
    assert library.doc and len(library.keywords) == 11
    assert all(len(keyword.doc) > 40 for keyword in library.keywords)
    page = (data_folder("renode").parent / "docs" / "renode.md").read_text()
    assert all(keyword.name in page for keyword in library.keywords)
