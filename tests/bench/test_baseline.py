"""The check against figures of before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcugen.bench.baseline import Baseline, check, load_baseline, updated, write_baseline
from mcugen.errors import InputError
from tests.bench.rows import row


def before(**figures: object) -> Baseline:
    return updated([row(**figures)], None, whole=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("figure", "old", "passes", "fails"),
    [
        ("instructions", 2000, 2020, 2021),
        ("cycles", 3000, 3030, 3031),
        ("flash_bytes", 4000, 4040, 4041),
        ("arena_bytes", 500, 505, 506),
        ("stack_bytes", 100, 101, 102),
    ],
)
def test_a_figure_may_rise_by_one_percent(figure: str, old: int, passes: int, fails: int) -> None:
    baseline = before(**{figure: old})
    assert check([row(**{figure: passes})], baseline).failures == ()
    (line,) = check([row(**{figure: fails})], baseline).failures
    assert line.startswith(f"net/nrf5340dk/native/speed: {figure} {old:,} -> {fails:,} (+"), line


def test_what_fell_is_told_and_no_failure() -> None:
    verdict = check([row(instructions=1900)], before())
    assert (verdict.failures, len(verdict.fallen)) == ((), 1)


def test_cycles_of_another_model_are_not_compared() -> None:
    assert check([row(cycles=9000, cycles_source="model:cortex-m7")], before()).failures == ()
    assert check([row(cycles=None, cycles_source="none")], before()).failures == ()


def test_an_unknown_row_fails() -> None:
    (line,) = check([row("other")], before()).failures
    assert line == "other/nrf5340dk/native/speed: not in the baseline: write it with --update-baseline"


def test_rows_of_others_are_not_answered_for() -> None:
    assert check([row(kernels="cmsis-nn", instructions=10**6)], before()).failures == ()
    assert list(updated([row(kernels="cmsis-nn")], None, whole=True).rows) == []
    assert check([row(failure="does not fit")], before()).failures == ()


def test_another_compiler_is_told() -> None:
    assert "13.2.1" in check([row(compiler="arm-none-eabi-gcc 13.2.1")], before()).warning
    assert check([row()], before()).warning == ""


def test_a_part_of_the_suite_leaves_the_others_figures() -> None:
    old = updated([row("a"), row("b")], None, whole=True)
    assert set(updated([row("a", instructions=1)], old, whole=False).rows) == {
        "a/nrf5340dk/native/speed",
        "b/nrf5340dk/native/speed",
    }
    assert set(updated([row("a")], old, whole=True).rows) == {"a/nrf5340dk/native/speed"}


def test_a_row_that_failed_keeps_its_figures() -> None:
    old = updated([row("a"), row("b")], None, whole=True)
    new = updated([row("a"), row("b", failure="no emulator")], old, whole=True)
    assert new.rows["b/nrf5340dk/native/speed"] == old.rows["b/nrf5340dk/native/speed"]


def test_the_file_is_sorted_and_the_same_each_time(tmp_path: Path) -> None:
    for name, rows in (("one", [row("b"), row("a")]), ("two", [row("a"), row("b")])):
        write_baseline(updated(rows, None, whole=True), tmp_path / name)
    text = (tmp_path / "one").read_text()
    assert text == (tmp_path / "two").read_text()
    assert [line.split('"')[1] for line in text.splitlines() if "instructions" in line] == [
        "a/nrf5340dk/native/speed",
        "b/nrf5340dk/native/speed",
    ]
    assert check([row("a"), row("b")], load_baseline(tmp_path / "one")).failures == ()
    assert json.loads(text)["compiler"] == "arm-none-eabi-gcc 12.2.1"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "is not JSON"),
        ("[]", "is wrong"),
        ('{"compiler": "x", "rows": {"a": {"instructions": -1, "flash_bytes": 0}}}', "is wrong"),
        ('{"compiler": "x", "rows": {}, "more": 1}', "is wrong"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(InputError) as error:
        load_baseline(tmp_path / "b.json")
    assert what in str(error.value) and "b.json" in str(error.value)
