"""Budgets against figures, growth against a baseline, and the file that keeps one."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from mcugen.errors import InputError
from mcugen.verify.budgets import Budgets, Check, growth, judge
from mcugen.verify.matrix import MatrixResult, ModuleResult, compare_with_baseline, load_baseline
from mcugen.verify.record import Record
from mcugen.verify.regression import compare_records
from tests.verify.outcomes import layer, outcome


def record(instructions: int = 1000, **figures: object) -> Record:
    found = outcome([layer("stem", instructions)], **figures).as_json()
    return Record.model_validate_json(json.dumps(found | {"milliseconds": 2.5}))


def judged(
    budgets: Budgets, top_1: tuple[int, int] | None = None, sqnr: float | str | None = None, **figures: object
) -> dict[str, Check]:
    return {check.name: check for check in judge(record(**figures), budgets, top_1, sqnr)}


def test_no_budget_is_no_check() -> None:
    assert judged(Budgets()) == {}


def test_each_bound_holds_for_its_figure_and_is_reached_but_not_passed() -> None:
    figures = {"flash": 2064, "ram": 256, "arena": 256, "stack": 120, "instructions": 1010, "cycles": 2020}
    assert {check.status for check in judged(Budgets(**figures, milliseconds=2.5)).values()} == {"passed"}
    tight = {name: value - 1 for name, value in figures.items()}
    found = judged(Budgets(**tight, milliseconds=2.4))
    assert list(found) == [*figures, "milliseconds"]
    assert {(check.status, check.exit_code) for check in found.values()} == {("failed", 1)}
    assert found["flash"].detail == "2,064 B, 1 B over the budget of 2,063 B (+0.0 %)"
    assert found["instructions"].detail == "1,010, 1 over the budget of 1,009 (+0.1 %)"
    assert found["milliseconds"].detail == "2.5 ms, 0.1 ms over the budget of 2.4 ms (+4.2 %)"
    assert judged(Budgets(flash=0))["flash"].detail == "2,064 B, 2,064 B over the budget of 0 B"


def test_what_cannot_be_held_fails() -> None:
    assert "no timing model for cortex-m33" in judged(Budgets(cycles=10**9), cycles=None)["cycles"].detail
    assert "`inputs` and `labels`" in judged(Budgets(top_1=Fraction(50)))["top-1"].detail
    assert judged(Budgets(top_1=Fraction(50)))["top-1"].status == "failed"
    assert judged(Budgets(sqnr=30))["sqnr"].detail == "cannot be held: the model has no `inputs`"
    assert judged(Budgets(sqnr=30), sqnr="no float program")["sqnr"].text == "cannot be held: no float program"


def test_accuracy_is_a_lower_bound_and_exact() -> None:
    third = Budgets(top_1=Fraction(100, 3))
    assert judged(third, (1, 3))["top-1"].status == "passed"
    assert judged(third, (333, 1000))["top-1"].status == "failed"
    assert judged(Budgets(top_1=Fraction(90)), (89, 100))["top-1"].detail == (
        "89 of 100 samples (89.0 %) get their class, 90 % must"
    )


def test_distance_from_the_float_model_is_a_lower_bound() -> None:
    found = judged(Budgets(sqnr=30.0), sqnr=29.96)["sqnr"]
    assert (found.status, found.exit_code) == ("failed", 1)
    assert found.detail == "the worst output is at 29.96 dB (SQNR) of the float model, 30 dB must be"
    assert judged(Budgets(sqnr=30.0), sqnr=30.0)["sqnr"].status == "passed"


def test_growth() -> None:
    limit = Fraction(2)

    def grew(new: Record, old: Record) -> Check:
        return growth(compare_records(old, new, limit), limit)

    assert grew(record(1020), record(1000)).status == "passed"
    grown = grew(record(2000), record(1000))
    assert (grown.status, grown.exit_code) == ("failed", 1)
    # The module's 10 further instructions did not grow, so its layer grew by more.
    assert grown.detail.startswith(
        "layer stem: instructions 1,000 -> 2,000 (+1,000, +100.00 %), and 1 more: more than 2 %"
    )
    assert grown.text.splitlines()[1] == "  instructions 1,010 -> 2,010 (+1,000, +99.01 %)"
    assert growth(None, limit).status == "skipped"
    assert "different boards" in grew(record(), record(board="microbit")).detail


def matrix(*modules: ModuleResult) -> MatrixResult:
    return MatrixResult("mcugen.yml", modules, 1.0)


def module(instructions: int, model: str = "kws", *checks: Check) -> ModuleResult:
    return ModuleResult(model, "nrf5340dk", "build/x", checks, record=outcome([layer("a", instructions)]).as_json())


def test_a_result_is_the_baseline_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    failed = ModuleResult("broken", "nrf5340dk", "build/y", (Check("emit", "error", "x", exit_code=2),))
    path.write_text(json.dumps(matrix(module(1000), failed).as_json()))
    assert {key: kept.instructions for key, kept in load_baseline(path).items()} == {("kws", "nrf5340dk"): 1010}
    key = ("kws", "nrf5340dk")
    now = matrix(module(1100), module(5, "new"))
    assert compare_with_baseline(now, path, {}, None)[key].ok
    assert not compare_with_baseline(now, path, {key: Fraction(2)}, None)[key].ok
    assert compare_with_baseline(now, path, {key: Fraction(2)}, "20%")[key].ok
    assert list(compare_with_baseline(now, path, {}, None)) == [key]
    with pytest.raises(InputError, match="none of the modules"):
        compare_with_baseline(matrix(module(5, "new")), path, {}, None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "the baseline does not exist"),
        ("{", "does not hold what `mcugen ci` writes"),
        ("{}", "does not hold what `mcugen ci` writes"),
        ('{"results": [{"model": "a", "board": "b", "record": {}}]}', "does not hold"),
        ('{"match": true, "instructions": 3}', "does not hold"),
    ],
)
def test_a_wrong_baseline(content: str | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        load_baseline(path)
    assert caught.value.hint is not None and "--update-baseline" in caught.value.hint


def test_the_gravest_reason_decides_how_a_command_ends() -> None:
    passed, failed = Check("emit", "passed", ""), Check("flash", "failed", "f", "full", 1)
    wrong, skipped = Check("emit", "error", "w", "", 2), Check("verify", "skipped", "not emitted")
    assert matrix(module(1, "a", passed)).exit_code == 0 and matrix(module(1, "a", passed)).ok
    assert matrix(module(1, "a", passed), module(1, "b", passed, failed)).exit_code == 1
    mixed = matrix(module(1, "a", failed), module(1, "b", wrong, skipped))
    assert mixed.exit_code == 2 and not mixed.ok
    assert mixed.failure == "a on nrf5340dk: flash: full\nb on nrf5340dk: emit: w"
    assert matrix(module(1, "b", skipped)).ok
