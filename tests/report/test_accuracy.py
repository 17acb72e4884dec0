"""What verify says is equal to what, and how far that is from the float model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from mcugen.emit.manifest import AccuracyEntry
from mcugen.report.html import write_report
from mcugen.report.page.subjects import verified
from mcugen.report.text import accuracy, verify_summary
from mcugen.verify.result import VerifyOutcome
from tests.verify.outcomes import layer, outcome


def measured(
    sqnr_db: dict[str, float] | None, *warnings: str, differing: dict[str, float] | None = None
) -> VerifyOutcome:
    result = outcome([layer("stem")])
    entry = None if sqnr_db is None else AccuracyEntry(samples=32, sqnr_db=sqnr_db, differing=differing or {})
    manifest = result.manifest.model_copy(update={"accuracy": entry, "warnings": warnings})
    return replace(result, manifest=manifest)


def printed(result: VerifyOutcome) -> str:
    console = Console(width=200, record=True)
    for part in verify_summary(result, layers=False):
        console.print(part)
    return console.export_text(styles=True)


def test_two_statements() -> None:
    text = printed(measured({"scores": 38.5, "boxes": 29.0}))
    assert "firmware equals the integer reference bit for bit" in text
    assert "scores 38.5 dB, boxes 29.0 dB (SQNR) of the float model, on 32 calibration samples" in text
    assert "\x1b[1;32mmatch" in text


def test_equal_and_useless_is_not_green() -> None:
    text = printed(measured({"scores": -0.8}, "output 'scores' is only -0.8 dB"))
    assert "\x1b[1;33mmatch" in text and "warning: output 'scores'" in text


def test_integers_are_counted() -> None:
    text = printed(measured({"scores": 38.5}, differing={"label": 0.015}))
    assert "scores 38.5 dB (SQNR) of the float model and differs from it" in text and "label in 1.5%" in text
    assert "\x1b[1;32mmatch" in text
    text = printed(measured({}, differing={"label": 0.3}))
    assert "reference differs from the float model in the values of label in 30.0%" in text
    assert "\x1b[1;33mmatch" in text


def test_unknown() -> None:
    manifest = measured(None).manifest
    narrow = manifest.model_copy(update={"options": {**manifest.options, "io": "int8"}})
    for source, words in (("none", "the model came quantized"), ("file", "its ports were made coarser")):
        model = manifest.model.model_copy(update={"calibration": source})
        assert accuracy(narrow.model_copy(update={"model": model})) == f"not known: {words}"
    assert "not known" in printed(measured(None))


def test_the_page_and_the_object(tmp_path: Path) -> None:
    result = measured({"scores": 38.5}, "calibration has <one> sample")
    write_report(verified(result, None), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "scores 38.5 dB" in page and "calibration has &lt;one&gt; sample" in page
    body = json.loads(json.dumps(result.as_json()))
    wanted = {"samples": 32, "sqnr_db": {"scores": 38.5}, "program": "float model", "differing": {}}
    assert body["accuracy"] == wanted
    assert body["warnings"] == ["calibration has <one> sample"]
