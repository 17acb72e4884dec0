"""The Markdown of `mcugen compare`, as GitHub shows it in a comment."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mcugen.report.comparison import MARKER, markdown
from mcugen.verify.record import LayerRecord, Record
from mcugen.verify.regression import compare_records
from mcugen.verify.result import LayerResult
from tests.verify.outcomes import layer, outcome

# GitHub's limit for a comment, in characters.
LARGEST_COMMENT = 65_536


def record(*layers: LayerResult, **figures: object) -> Record:
    return Record.model_validate(outcome(layers, **figures).as_json(), strict=False)


def test_the_whole_text() -> None:
    old = record(
        layer("stem", 1000), layer("gone", op="add", macs=0), layer("pool", macs=3), layer("head", 500, ram=16)
    )
    new = record(
        layer("stem", 1030), layer("average", macs=3), layer("head", 500, ram=8), layer("scores", op="softmax")
    )
    assert markdown(compare_records(old, new, Fraction(2))) == (
        "<!-- mcugen-compare -->\n"
        "### mcugen: change of `kws` on `nrf5340dk`\n"
        "\n"
        "**1 figure grew by more than 2 %.**\n"
        "\n"
        "- `layer stem: instructions 1,000 -> 1,030 (+30, +3.00 %)`\n"
        "\n"
        "| figure | old | new | change |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| instructions | 3,510 | 3,540 | +30 (+0.85 %) |\n"
        "| cycles | 7,020 | 7,080 | +60 (+0.85 %) |\n"
        "| flash (B) | 2,256 | 2,256 | 0 |\n"
        "| RAM (B) | 256 | 256 | 0 |\n"
        "| arena (B) | 256 | 256 | 0 |\n"
        "| stack (B) | 120 | 120 | 0 |\n"
        "\n"
        "| layer | operator | instructions | cycles | flash (B) | RAM (B) |\n"
        "| --- | --- | ---: | ---: | ---: | ---: |\n"
        "| `stem` | `conv2d` | 1,000 → 1,030 (+3.00 %) | 2,000 → 2,060 (+3.00 %) | 64 | 32 |\n"
        "| `average (was pool)` | `conv2d` | 1,000 | 2,000 | 64 | 32 |\n"
        "| `head` | `conv2d` | 500 | 1,000 | 64 | 16 → 8 (-50.00 %) |\n"
        "| `scores (added)` | `softmax` | 1,000 | 2,000 | 64 | 32 |\n"
        "| `gone (removed)` | `add` | 1,000 | 2,000 | 64 | 32 |\n"
    )


def test_nothing_changed() -> None:
    same = record(layer("stem"), layer("head"))
    text = markdown(compare_records(same, same, Fraction(2)))
    assert "instructions, flash, RAM and stack grew by no more than 2 %." in text
    assert text.endswith("\n2 layers are unchanged.\n") and "| layer |" not in text
    assert "`stem`" in markdown(compare_records(same, same), show_all=True)


def test_a_mismatch_and_warnings_stand_at_the_top() -> None:
    text = markdown(compare_records(record(layer("stem")), record(layer("stem", match=False), board="mps2_an385")))
    head = text[: text.index("| figure |")]
    assert "**MISMATCH: the new firmware does not compute what the model computes.**" in head
    assert "- warning: `the figures are of different boards: nrf5340dk and mps2_an385`" in head


def test_thousands_of_layers_fit_into_a_comment() -> None:
    old = record(*(layer(f"layer_with_a_long_name_{i}", 1000) for i in range(3000)))
    new = record(*(layer(f"layer_with_a_long_name_{i}", 2000) for i in range(3000)))
    text = markdown(compare_records(old, new, Fraction(0)))
    assert len(text) < LARGEST_COMMENT
    assert "- and 2981 more\n" in text
    shown = sum(line.startswith("| `layer_with") for line in text.splitlines())
    assert shown > 100 and f"{3000 - shown} more rows of layers do not fit here.\n" in text


@given(st.lists(st.text(max_size=300), unique=True, max_size=20), st.text(min_size=1))
def test_names_break_neither_the_table_nor_the_comment(names: list[str], board: str) -> None:
    layers = tuple(LayerRecord(name=name, op=name, macs=1, instructions=0) for name in names)
    old = record().model_copy(update={"layers": layers, "board": board, "machine": board})
    grown = tuple(one.model_copy(update={"instructions": 1}) for one in layers)
    text = markdown(compare_records(old, old.model_copy(update={"layers": grown}), Fraction(0)))
    assert text.startswith(f"{MARKER}\n") and text.count("<!--") == 1
    rows = [line for line in text.split("\n") if line.startswith("| `")]
    assert len(rows) == len(names)
    for row in rows:
        # No cycles: layer, operator, instructions, flash and RAM between six bars; code spans are closed.
        assert row.count("|") == 6 + ("cycles" in text)
        assert row.count("`") == 4
