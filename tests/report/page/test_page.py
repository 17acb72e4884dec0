"""What is in the page: one file that loads nothing, with every layer in the picture, the table and a panel."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mcugen.report.html import render_page
from mcugen.report.markdown import report
from mcugen.report.page.subject import LayerNoise, Subject, Table
from tests.emit.test_golden import tiny
from tests.report.page.subjects import residual, subject_of


class Page(HTMLParser):
    """Elements with their attributes; every element that is opened has to be closed."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def having(self, **attributes: str) -> list[tuple[str, dict[str, str]]]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [(t, a) for t, a in self.elements if all(a.get(name) == value for name, value in wanted.items())]


def test_a_verified_module() -> None:
    subject = subject_of(tiny())
    text = render_page(subject)
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for i, layer in enumerate(subject.layers):
        found = {tag for tag, _ in page.having(data_layer=str(i))}
        assert {"g", "tr", "span"} <= found, f"{layer.name} is missing in the picture, a table or the bar of time"
        assert f"panel{i}" in ids
        assert page.having(aria_controls=f"panel{i}")
    sections = {"network", "layers", "time", "roofline", "memory", "kernels"}
    assert sections <= set(ids)
    assert all(a["href"].removeprefix("#") in ids for tag, a in page.elements if tag == "a")
    # Two edges lead from the stem; the shape is written once.
    assert text.count('data-tip="stem: 1×6×5×4 int8"') == 2
    assert "image: 1×6×5×3 int8" in text


def test_nothing_is_loaded() -> None:
    text = render_page(subject_of(tiny()))
    page = Page(text)
    for tag, attributes in page.elements:
        assert tag not in ("iframe", "img", "object", "embed", "base")
        assert "src" not in attributes and not attributes.get("href", "#").startswith("http")
        assert not [name for name in attributes if name.startswith("on")], "handlers are in the script"
    assert "@import" not in text and not re.search(r"url\((?!#)", text)


def test_an_emitted_module_has_no_counts() -> None:
    page = render_page(subject_of(tiny(), run=False))
    ids = {a["id"] for _, a in Page(page).elements if "id" in a}
    assert "network" in ids and not {"time", "roofline"} & ids
    assert "instructions</th>" not in page and "mcugen verify --report" in page and "linked" in page


def test_a_module_without_details() -> None:
    subject = replace(subject_of(tiny()), details=None)
    page = Page(render_page(subject))
    ids = {a["id"] for _, a in page.elements if "id" in a}
    assert {"layers", "panel0", "memory"} <= ids and "graph" not in ids


def test_strange_names_stay_text() -> None:
    subject = subject_of(tiny())
    bad = '"><script>alert(1)</script>'
    layers = tuple(
        replace(one, entry=one.entry.model_copy(update={"name": bad, "source": bad})) for one in subject.measured.layers
    )  # type: ignore[union-attr]
    manifest = subject.manifest.model_copy(update={"layers": tuple(one.entry for one in layers)})
    changed = replace(subject, manifest=manifest, measured=replace(subject.measured, layers=layers), problems=[bad])  # type: ignore[type-var]
    assert render_page(changed).count("<script>") == 1
    assert "<script>" not in report(changed) and '"' not in report(changed)


def test_noise_along_the_network() -> None:
    subject = subject_of(tiny())
    rows = [LayerNoise("image", 60.0, None, 0.0)]
    rows += [LayerNoise(e.name, 40.0 - i, 50.0, 0.8 if i == 2 else 0.05) for i, e in enumerate(subject.layers)]
    table = Table("Remedies", ("what", "gain"), (("int16 | here", "+2.1 dB"),), numbers=1)
    subject = replace(subject, noise=rows, tables=[table])
    text = render_page(subject)
    assert ">in</text>" in text
    assert 'value="noise"' in text and "38.0 dB, all error up to here" in text and "int16 | here" in text
    assert "| int16 / here | " in report(subject) and "38.0 dB" in report(subject)


@pytest.mark.parametrize("board", ["nrf5340dk", "microbit"])
def test_a_core_without_a_timing_model(board: str) -> None:
    subject = subject_of(tiny(), board=board)
    measured = subject.measured
    assert measured is not None
    layers = tuple(replace(layer, cycles=None) for layer in measured.layers)
    bare: Subject = replace(
        subject, measured=replace(measured, cycles=None, estimate=None, cycles_source="none", layers=layers)
    )
    assert "% of instructions" in render_page(bare)


def test_a_hundred_layers_are_small() -> None:
    subject = subject_of(residual(33))
    assert len(subject.layers) >= 100
    assert len(render_page(subject).encode()) < 2_000_000
    assert len(report(subject)) < 65_536, "GitHub's limit for a comment"


def test_markdown() -> None:
    text = report(subject_of(tiny()))
    assert text.startswith("### tiny on nrf5340dk\n\n✅ match: firmware equals")
    assert "| no. | layer | kernel | MACs | instructions |" in text
    assert "| 0 | stem | conv2d" in text
