"""The table, the Markdown and the JUnit report of `mcugen ci`: all figures, and nothing breaks out of its place."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mcugen.report import comparison, matrix
from mcugen.report.junit import junit
from mcugen.verify.budgets import Check
from mcugen.verify.matrix import MatrixResult, ModuleResult
from mcugen.verify.record import Record
from mcugen.verify.regression import compare_records
from tests.verify.outcomes import layer, outcome

RECORD = outcome([layer("stem", 1000)]).as_json() | {"milliseconds": 2.5}
EMIT = Check("emit", "passed", "2,064 B of flash (linked), 256 B of arena", seconds=1.5)
VERIFY = Check("verify", "passed", "firmware equals the integer reference", seconds=0.25)
OVER = Check("flash", "failed", "2,064 B, 64 B over the budget of 2,000 B (+3.2 %)", "2,064 B, 64 B over", 1)
WRONG = Check("emit", "error", "the model file does not exist", "the model file does not exist\n  at: x.pt2", 2, 0.5)
SKIPPED = Check("verify", "skipped", "the module was not emitted")


def result(*modules: ModuleResult) -> MatrixResult:
    return MatrixResult("mcugen.yml", modules, 12.0)


def module(model: str, board: str, *checks: Check, record: bool = True) -> ModuleResult:
    return ModuleResult(model, board, f"build/{board}/{model}", checks, RECORD if record else None)


MIXED = result(
    module("kws", "nrf5340dk", EMIT, VERIFY),
    module("kws", "micro.bit", EMIT, VERIFY, OVER),
    module("gone", "nrf5340dk", WRONG, SKIPPED, record=False),
)


def text(found: MatrixResult) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(matrix.text_summary(found))
    return console.export_text()


def test_the_table_has_the_figures_and_what_is_wrong() -> None:
    lines = text(MIXED).splitlines()
    assert lines[1].split() == "kws nrf5340dk 1,010 2,020 2.5 2,064 256 256 120 passed".split()
    assert lines[2].endswith("over flash") or "over flash" in lines[2]
    assert "not emitted" in lines[3] and lines[3].split()[2:9] == ["-"] * 7
    assert lines[4].strip() == "2 of 3 modules did not pass in 12 s"
    assert "1 module passed in 12 s" in text(result(module("kws", "a", EMIT)))


def test_markdown_shows_names_as_code_and_failures_below() -> None:
    page = matrix.markdown(MIXED)
    assert page.startswith(f"{matrix.MARKER}\n### mcugen: 2 of 3 modules did not pass in 12 s\n")
    assert "| `kws` | `nrf5340dk` | 1,010 | 2,020 | 2.5 | 2,064 | 256 | 256 | 120 | passed |" in page
    assert "| **2,064** | 256 | 256 | 120 | **over flash** |" in page
    assert "* `kws on micro.bit`, flash: `2,064 B, 64 B over the budget of 2,000 B (+3.2 %)`" in page
    evil = result(module("a|b`<img>", "x", Check("emit", "error", "`<b>\x1b[31m\n# title", exit_code=2)))
    page = matrix.markdown(evil)
    assert "`a_b__img>`" in page and "\x1b" not in page and "\n# title" not in page and "`__b>_[31m_# title`" in page


def test_markdown_fits_a_comment() -> None:
    many = result(*(module(f"model{i}", "board", Check("emit", "error", "x" * 5000, exit_code=2)) for i in range(900)))
    page = matrix.markdown(many)
    assert len(page.encode()) < 65_536
    assert page.rstrip().endswith("more lines are left out.")
    assert all(line.count("`") % 2 == 0 for line in page.splitlines())


def test_markdown_folds_what_changed() -> None:
    old, new = record_of(1000), record_of(1100)
    changed = replace(module("kws", "nrf5340dk", EMIT), change=compare_records(old, new))
    same = replace(module("kws", "other", EMIT), change=compare_records(old, old))
    page = matrix.markdown(result(changed, same))
    assert page.count("<details>") == page.count("</details>") == 1
    assert "<summary>kws on nrf5340dk: change since the baseline</summary>" in page
    assert "| `stem` | `conv2d` | 1,000 → 1,100 (+10.00 %)" in page and page.count(comparison.MARKER) == 0
    assert "Nothing changed since the baseline." in matrix.markdown(result(same))
    many = matrix.markdown(result(*[replace(changed, model=f"m{i}") for i in range(200)]))
    assert len(many.encode()) < 65_536 and many.rstrip().endswith("more do not fit here.")


def record_of(instructions: int) -> Record:
    return Record.model_validate_json(json.dumps(outcome([layer("stem", instructions)]).as_json()))


def test_junit_has_a_case_for_each_check() -> None:
    root = ElementTree.fromstring(junit(MIXED))
    assert root.tag == "testsuites"
    counts = {key: root.attrib[key] for key in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {"tests": "7", "failures": "1", "errors": "1", "skipped": "1", "time": "12.000"}
    assert [suite.attrib["name"] for suite in root] == ["kws", "gone"]
    assert [suite.attrib["tests"] for suite in root] == ["5", "2"]
    assert root[0].attrib["time"] == "3.500"
    cases = root.findall("testsuite/testcase")
    assert all(set(case.attrib) == {"classname", "name", "time"} for case in cases)
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in cases}) == 7
    assert cases[3].attrib == {
        "classname": "mcugen.kws.micro_bit",
        "name": "verify (kws on micro.bit)",
        "time": "0.250",
    }
    (failure,) = root.findall(".//failure")
    assert failure.attrib["message"] == OVER.detail and failure.text is not None and "64 B over" in failure.text
    (error,) = root.findall(".//error")
    assert error.text is not None and "at: x.pt2" in error.text
    assert root.find(".//skipped") is not None


ANY = st.text(st.characters(exclude_categories=()), max_size=40)


@given(ANY, ANY)
def test_junit_takes_any_text(name: str, said: str) -> None:
    """Control characters, halves of surrogates and markup: the report stays XML with the same cases."""
    found = result(module(name, "board", Check("emit", "failed", said, said, 1)))
    root = ElementTree.fromstring(junit(found))
    (failure,) = root.findall(".//failure")
    assert root[0].attrib["tests"] == "1"
    assert failure.text is not None
    if said.isascii() and said.isprintable():
        assert failure.attrib["message"] == said and said in failure.text


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\x85", "\ud800", "\ufffe", "\x7f"])
def test_control_characters_are_written_out(letter: str) -> None:
    found = junit(result(module("kws", "b", Check("emit", "failed", f"a{letter}b", "", 1)))).decode()
    assert letter not in found or letter in "\x7f\x85"  # those two XML has
