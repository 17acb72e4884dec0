"""The pages as a site: each is in the navigation, links lead somewhere, and reading it needs no network."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
# Pages of the repository's root: tools/site_hooks.py.
OUTSIDE = {"index.md", "contributing.md", "changes.md"}
PAGES = sorted(DOCS.rglob("*.md"))


def places(nav: Any) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from places(value)


def test_every_page_is_in_the_navigation_once() -> None:
    listed = list(places(CONFIG["nav"]))
    assert len(listed) == len(set(listed))
    there = {page.relative_to(DOCS).as_posix() for page in PAGES} | OUTSIDE
    assert set(listed) == there, "nav of mkdocs.yml: add a new page where readers look for it"


def heading_anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_between_pages(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in heading_anchors(target), link


@pytest.mark.slow
def test_the_site_reads_without_a_network(tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("needs mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= len(PAGES) + len(OUTSIDE)
    for page in pages:
        if page.name == "404.html":  # of a server: its links start at the root
            continue
        text = page.read_text()
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*? src=\"([^\"]+)|<link[^>]*? href=\"([^\"]+)", text)
        for address in (src or href for src, href in loaded):
            assert not urlsplit(address).netloc, f"{page.name} loads {address}"
            assert (page.parent / unquote(urlsplit(address).path)).exists(), address
        for address in re.findall(r"<a[^>]*? href=\"([^\"#]+)", text):
            if not urlsplit(address).scheme:
                assert (page.parent / unquote(urlsplit(address).path)).exists(), f"{page.name} links to {address}"
    for sheet in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", sheet.read_text()), sheet.name
