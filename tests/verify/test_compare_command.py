"""`mcugen compare`: what it prints, and its exit codes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mcugen import cli
from mcugen.report.comparison import MARKER
from tests.verify.outcomes import layer, outcome, write

OLD = outcome([layer("stem", 1000), layer("head", 500)])
GROWN = outcome([layer("stem", 1030), layer("head", 500)])
DIFFERENT = outcome([layer("stem", 1000, match=False), layer("head", 500)])

Capture = pytest.CaptureFixture[str]


def compare(folder: Path, new: object, *options: str) -> int:
    return cli._run(
        ["compare", str(write(folder / "old.json", OLD)), str(write(folder / "new.json", new)), *options]  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("new", "options", "code", "words"),
    [
        (OLD, ("--fail-over", "0"), 0, ()),
        (GROWN, (), 0, ()),
        (GROWN, ("--fail-over", "3%"), 0, ()),
        (GROWN, ("--fail-over", "2%"), 1, ("more than 2 %", "layer stem: instructions 1,000 -> 1,030 (+30, +3.00 %)")),
        (outcome(OLD.measurement.layers, stack_bytes=0), ("--fail-over", "0"), 0, ()),
        (outcome(OLD.measurement.layers, flash_bytes=4000), ("--fail-over", "20"), 1, ("flash_bytes",)),
        (DIFFERENT, (), 1, ("MISMATCH",)),
        (DIFFERENT, ("--fail-over", "2%"), 1, ("MISMATCH",)),
        (GROWN, ("--fail-over", "much"), 2, ("'much' is not a percentage", "--fail-over")),
        (GROWN, ("--format", "html"), 2, ("html",)),
    ],
)
def test_exit_codes(
    new: object, options: tuple[str, ...], code: int, words: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    for form in ((), ("--json",), ("--format", "markdown")):
        if "--format" not in options or not form:
            assert compare(tmp_path, new, *options, *form) == code
    printed = capsys.readouterr()
    assert ("error: " in printed.err or "Error" in printed.err) == (code > 0)
    for word in words:
        assert word in printed.err


def test_json_is_one_object(tmp_path: Path, capsys: Capture) -> None:
    assert compare(tmp_path, GROWN, "--fail-over", "2.5%", "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert {"old", "new", "totals", "layers", "over_limit", "ok"} <= set(result)
    assert result["old"]["board"] == "nrf5340dk" and result["ok"] is False and result["limit_percent"] == 2.5
    assert result["totals"][0] == {
        "figure": "instructions",
        "old": 1510,
        "new": 1540,
        "difference": 30,
        "percent": pytest.approx(100 * 30 / 1510),
    }
    assert [(one["name"], one["status"]) for one in result["layers"]] == [("stem", "changed"), ("head", "unchanged")]
    assert [(e["layer"], e["figure"], e["difference"]) for e in result["over_limit"]] == [("stem", "instructions", 30)]


def test_the_tables_hide_unchanged_layers(tmp_path: Path, capsys: Capture) -> None:
    assert compare(tmp_path, GROWN) == 0
    text = capsys.readouterr().out
    assert "1,000 -> 1,030 (+3.00 %)" in text and "head" not in text and "1 layer is unchanged" in text
    assert compare(tmp_path, GROWN, "--all") == 0
    text = capsys.readouterr().out
    assert "head" in text and "unchanged" not in text


def test_markdown_begins_with_the_marker(tmp_path: Path, capsys: Capture) -> None:
    assert compare(tmp_path, GROWN, "--format", "markdown") == 0
    assert capsys.readouterr().out.splitlines()[0] == MARKER == "<!-- mcugen-compare -->"


def test_other_boards_are_a_warning(tmp_path: Path, capsys: Capture) -> None:
    other = outcome(OLD.measurement.layers, board="mps2_an385", cycles=None, cycles_source="none")
    assert compare(tmp_path, other, "--fail-over", "2%", "--json") == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert "warning: the figures are of different boards: nrf5340dk and mps2_an385" in printed.err
    assert "cycles are not compared" in printed.err
    assert "cycles" not in {change["figure"] for change in result["totals"]}
    assert len(result["warnings"]) == 4


def test_files_of_older_versions_are_compared(tmp_path: Path, capsys: Capture) -> None:
    fields = OLD.as_json()
    for one in fields["layers"]:
        del one["flash_bytes"], one["ram_bytes"]
    old = tmp_path / "older.json"
    old.write_text(json.dumps(fields))
    assert cli._run(["compare", str(old), str(write(tmp_path / "new.json", GROWN)), "--fail-over", "5"]) == 0
    assert "? -> 64" in capsys.readouterr().out


def test_markup_in_names_is_text(tmp_path: Path, capsys: Capture) -> None:
    odd = dataclasses.replace(layer("stem"), entry=layer("[red]stem[/]").entry)
    assert compare(tmp_path, outcome([odd])) == 0
    assert "[red]stem[/]" in capsys.readouterr().out
