"""Comparing the figures of two modules: differences, layers that belong together, limits."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen.errors import InputError
from mcugen.verify.record import LayerRecord, NpuPartRecord, NpuRecord, Record
from mcugen.verify.regression import Change, Comparison, compare_records, parse_percent

counts = st.integers(0, 2000)
maybe = st.none() | counts


@st.composite
def records(draw: st.DrawFn) -> Record:
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6))
    layers = tuple(
        LayerRecord(
            name=name,
            op=draw(st.sampled_from(["conv2d", "add"])),
            macs=draw(st.sampled_from([0, 100])),
            instructions=draw(counts),
            cycles=draw(maybe),
            flash_bytes=draw(maybe),
            ram_bytes=draw(maybe),
        )
        for name in names
    )
    return Record(
        match=draw(st.booleans()),
        board=draw(st.sampled_from(["", "nrf5340dk", "mps2_an385"])),
        runner=draw(st.sampled_from(["qemu", "renode"])),
        instructions=draw(counts),
        cycles=draw(maybe),
        cycles_source=draw(st.sampled_from(["none", "model:cortex-m4"])),
        arena_bytes=draw(counts),
        flash_bytes=draw(counts),
        ram_bytes=draw(counts),
        stack_bytes=draw(counts),
        layers=layers,
    )


def record(*layers: LayerRecord, **changes: object) -> Record:
    plain = Record(
        match=True,
        runner="qemu",
        instructions=1000,
        cycles=2000,
        cycles_source="model:cortex-m4",
        arena_bytes=100,
        flash_bytes=1000,
        ram_bytes=100,
        stack_bytes=100,
        layers=layers,
    )
    return plain.model_copy(update=changes)


def layer(name: str, op: str = "conv2d", macs: int = 100, instructions: int = 1000) -> LayerRecord:
    return LayerRecord(name=name, op=op, macs=macs, instructions=instructions)


def changes(comparison: Comparison) -> list[Change]:
    return [*comparison.totals, *(c for one in comparison.layers for c in one.changes)]


def pairs(old: list[LayerRecord], new: list[LayerRecord]) -> list[tuple[str | None, str | None]]:
    return [(c.old_name, c.new_name) for c in compare_records(record(*old), record(*new)).layers]


@given(records())
def test_a_record_does_not_differ_from_itself(one: Record) -> None:
    comparison = compare_records(one, one, Fraction(0))
    assert not any(change.difference for change in changes(comparison))
    assert {c.status for c in comparison.layers} <= {"unchanged"}
    assert not comparison.over_limit
    assert comparison.ok == one.match


def negated(found: Sequence[Change]) -> list[int | None]:
    return [None if c.difference is None else -c.difference for c in found]


@given(records(), records())
def test_swapping_negates_differences(one: Record, other: Record) -> None:
    forth, back = compare_records(one, other), compare_records(other, one)
    assert [c.difference for c in forth.totals] == negated(back.totals)
    there = {(c.old_name, c.new_name): [d.difference for d in c.changes] for c in forth.layers}
    here = {(c.new_name, c.old_name): negated(c.changes) for c in back.layers}
    assert there == here


@given(records(), records())
def test_every_layer_is_there_once(one: Record, other: Record) -> None:
    layers = compare_records(one, other).layers
    assert sorted(c.old_name for c in layers if c.old_name) == sorted(r.name for r in one.layers)
    assert [c.new_name for c in layers if c.new_name] == [r.name for r in other.layers]


@given(records(), records(), st.fractions(0, 200), st.fractions(0, 200))
def test_a_higher_limit_never_finds_more(one: Record, other: Record, limit: Fraction, more: Fraction) -> None:
    strict, mild = (compare_records(one, other, bound).over_limit for bound in (limit, limit + more))
    assert set(mild) <= set(strict)
    assert not compare_records(one, other).over_limit


@given(records(), records())
def test_cycles_of_different_sources_never_meet(one: Record, other: Record) -> None:
    comparison = compare_records(one, other)
    if any(change.figure == "cycles" for change in changes(comparison)):
        assert one.cycles_source == other.cycles_source and None not in (one.cycles, other.cycles)


@pytest.mark.parametrize(
    ("old", "new", "limit", "over"),
    [
        (1000, 1020, "2%", False),
        (1000, 1021, "2%", True),
        (1000, 1005, "0.5%", False),
        (1000, 1006, "0.5%", True),
        (3, 4, "33.333", True),
        (3, 4, "33.34", False),
        (1000, 1, "0", False),
        (0, 0, "0", False),
        (0, 1, "1000000", True),
        (None, 5, "0", False),
        (5, None, "0", False),
    ],
)
def test_the_limit_is_exact(old: int | None, new: int | None, limit: str, over: bool) -> None:
    assert Change("instructions", old, new).exceeds(parse_percent(limit)) == over


def test_growth_from_zero_has_no_percentage() -> None:
    assert Change("stack_bytes", 0, 8).percent is None
    assert Change("stack_bytes", 0, 0).percent == 0
    assert Change("stack_bytes", 8, 0).percent == -100
    assert Change("stack_bytes", None, 8).percent is None


@pytest.mark.parametrize("text", ["", "%", "-1%", "+1", "two", "1,5%", "nan", "inf", "1e3", "1/2", "2%%", "٢"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(InputError, match="is not a percentage"):
        parse_percent(text)


@pytest.mark.parametrize(("text", "value"), [("2%", 2), ("2", 2), (" 0.5 % ", Fraction(1, 2)), ("0", 0)])
def test_percentages(text: str, value: Fraction) -> None:
    assert parse_percent(text) == value


def test_what_the_limit_holds_for() -> None:
    old = record(layer("a", instructions=100))
    new = record(
        layer("a", instructions=200), cycles=4000, arena_bytes=200, flash_bytes=2000, ram_bytes=200, stack_bytes=200
    )
    over = [(e.layer, e.change.figure) for e in compare_records(old, new, Fraction(2)).over_limit]
    assert over == [(None, "flash_bytes"), (None, "ram_bytes"), (None, "stack_bytes"), ("a", "instructions")]


def test_the_failure_names_figures_layers_and_the_limit() -> None:
    old = record(layer("stem", instructions=1000))
    new = record(layer("stem", instructions=1100), stack_bytes=132, match=False)
    failure = compare_records(old, new, Fraction(5, 2)).failure
    assert failure.splitlines() == [
        "MISMATCH: the new firmware does not compute what the model computes",
        "grew by more than 2.5 %:",
        "  stack_bytes 100 -> 132 (+32, +32.00 %)",
        "  layer stem: instructions 1,000 -> 1,100 (+100, +10.00 %)",
    ]


def test_a_mismatch_fails_without_a_limit() -> None:
    assert not compare_records(record(), record(match=False)).ok
    assert compare_records(record(match=False), record()).ok


A, B, C = layer("a"), layer("b", "add", 0), layer("c", "softmax", 0)


def test_names_match_wherever_they_stand() -> None:
    assert pairs([A, B, C], [C, A, B]) == [("c", "c"), ("a", "a"), ("b", "b")]


def test_added_and_removed_layers() -> None:
    assert pairs([A, B], [B, C]) == [("b", "b"), (None, "c"), ("a", None)]


def test_a_renamed_layer_is_found_by_its_place_operator_and_macs() -> None:
    assert pairs([A, B, C], [A, layer("sum", "add", 0), C]) == [("a", "a"), ("b", "sum"), ("c", "c")]
    assert compare_records(record(B), record(layer("sum", "add", 0))).layers[0].status == "renamed"
    # Another operator, other MACs, another place:
    assert pairs([A, B], [A, layer("x", "mul", 0)]) == [("a", "a"), (None, "x"), ("b", None)]
    assert pairs([A], [layer("x", macs=99)]) == [(None, "x"), ("a", None)]
    assert pairs([A, B, C], [A, C, layer("sum", "add", 0)]) == [("a", "a"), ("c", "c"), (None, "sum"), ("b", None)]


def test_renamed_layers_in_a_row_keep_their_order() -> None:
    assert pairs([A, layer("p"), layer("q")], [A, layer("x"), layer("y")]) == [("a", "a"), ("p", "x"), ("q", "y")]


def test_an_unclear_renaming_is_not_guessed() -> None:
    assert pairs([layer("p"), layer("q")], [layer("x")]) == [(None, "x"), ("p", None), ("q", None)]


def test_what_differs_besides_the_model_is_said() -> None:
    assert compare_records(record(board="nrf5340dk"), record()).warnings == ()
    old = record(board="nrf5340dk", core="cortex-m33", machine="an505", match=False)
    new = record(board="mps2_an385", core="cortex-m3", machine="an385", runner="renode", cycles_source="none")
    text = "\n".join(compare_records(old, new).warnings)
    for words in ("nrf5340dk and mps2_an385", "cortex-m33 and", "qemu and renode", "an505 and an385", "cycles", "old"):
        assert words in text


def test_an_npu_has_a_figure_of_its_own() -> None:
    parts = (NpuPartRecord(npu_cycles=40), NpuPartRecord(npu_cycles=2))
    without, with_it = record(), record(npu=NpuRecord(accelerator="ethos-u55-128", parts=parts))
    moved = compare_records(without, with_it, Fraction(0))
    assert Change("npu_cycles", 0, 42) in moved.totals
    assert Change("instructions", 1000, 1000) in moved.totals
    assert moved.ok, "an estimate is under no limit"
    assert "NPUs: none and ethos-u55-128" in "".join(moved.warnings)
    assert compare_records(with_it, with_it).warnings == ()
    plain = compare_records(record(npu=NpuRecord(accelerator="ethos-u55-128", parts=())), without)
    assert plain.warnings == () and "npu_cycles" not in {change.figure for change in plain.totals}
