"""The page in a real browser: nothing is logged, boxes do not touch, keys and clicks do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcugen.report.html import render_page
from tests.plan.networks import mobilenet
from tests.report.page.browser import PROGRAM, Browser, browser
from tests.report.page.subjects import residual, subject_of

if PROGRAM is None:
    pytest.skip("needs Chromium (Debian's package chromium)", allow_module_level=True)

_RECTANGLES = """[...document.querySelectorAll("#graph .box .body")].map((b) => {
    const r = b.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })"""
# Texts that leave their box.
_WIDE = """[...document.querySelectorAll("#graph .box")].filter((box) => {
    const outer = box.querySelector(".body").getBoundingClientRect();
    return [...box.querySelectorAll("text")].some((text) => {
        const inner = text.getBoundingClientRect();
        return inner.left < outer.left || inner.right > outer.right || inner.bottom > outer.bottom + 1; });
    }).map((box) => box.textContent.trim())"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    path = folder / "report.html"
    path.write_text(render_page(subject_of(residual(33))), encoding="utf-8")
    with browser(folder / "profile") as found:
        found.open(path)
        yield found


def test_nothing_is_logged_and_nothing_loaded(page: Browser) -> None:
    assert page.run("document.readyState") == "complete"
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "about:"))] == []


def test_a_hundred_boxes_do_not_touch_and_can_be_read(page: Browser) -> None:
    boxes = page.run(_RECTANGLES)
    assert len(boxes) >= 102
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    assert page.run(_WIDE) == []
    # At its first size the title of a layer is text of 12 pixels, and the picture scrolls.
    assert page.run("document.querySelector('#graph .title').getBoundingClientRect().height") > 10
    assert page.run("(() => { const v = document.querySelector('.view'); return v.scrollHeight > v.clientHeight; })()")
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), "the page itself scrolls to the side"


def test_zoom(page: Browser) -> None:
    width = "document.querySelector('#graph').getBoundingClientRect().width"
    first = page.run(width)
    page.run("document.querySelector('[data-zoom=in]').click()")
    assert page.run(width) > first * 1.2
    page.run("document.querySelector('[data-zoom=fit]').click()")
    assert page.run(
        "(() => { const v = document.querySelector('.view'); return v.scrollHeight <= v.clientHeight + 1; })()"
    )
    page.run("document.querySelector('[data-zoom=one]').click()")


def test_keys(page: Browser) -> None:
    """Arrows walk along the schedule, Enter opens the panel, Escape goes back to the box."""
    page.run("document.querySelector('#graph .layer').focus()")
    for _ in range(2):
        page.press("ArrowDown")
    assert page.run("document.activeElement.dataset.layer") == "2"
    page.press("Enter")
    assert page.run("document.activeElement.id") == "panel2"
    assert page.run("getComputedStyle(document.querySelector('#panel2')).display") == "block"
    assert page.run("[...document.querySelectorAll('.panel')].filter((p) => p.offsetHeight).length") == 1
    page.press("Escape")
    assert page.run("document.activeElement.dataset.layer") == "2"


def test_a_click_in_a_table_chooses_everywhere(page: Browser) -> None:
    page.run("document.querySelector('#layers tbody tr[data-layer=\"5\"] td').click()")
    assert page.run("document.querySelector('#graph .chosen').dataset.layer") == "5"
    assert page.run("document.querySelector('.panel.chosen').id") == "panel5"


def test_tables_sort(page: Browser) -> None:
    column = "[...document.querySelectorAll('#layers tbody tr')].map((r) => Number(r.cells[5].dataset.order))"
    click = "document.querySelectorAll('#layers thead th button')[5].click()"
    page.run(click)
    values = page.run(column)
    assert values == sorted(values, reverse=True) and len(set(values)) > 2
    page.run(click)
    assert page.run(column) == sorted(values)
    assert page.run("document.querySelectorAll('#layers thead th')[5].getAttribute('aria-sort')") == "ascending"


def test_light_and_dark(page: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    page.dark(False)
    light = page.run(paper)
    page.dark(True)
    dark = page.run(paper)
    assert light != dark
    page.run("document.querySelector('#theme').click()")
    assert page.run(paper) == light
    page.run("document.querySelector('#theme').click()")
    assert page.run(paper) == dark
    page.dark(False)


def test_a_narrow_window_and_paper(page: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    text = render_page(subject_of(mobilenet()))
    assert len(text.encode()) < 2_000_000
    path.write_text(text, encoding="utf-8")
    page.open(path, width=420, height=800)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.printed().startswith(b"%PDF")
    assert page.complaints == []
