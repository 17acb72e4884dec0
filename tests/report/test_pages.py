"""`mcugen docs`: pages by name, and what errors and pages say of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.errors import InputError
from mcugen.report.pages import find_page, list_pages

ROOT = Path(__file__).parents[2]
NAMES = {page.name for page in list_pages()}


def test_every_page_has_a_name_and_a_title() -> None:
    assert len(NAMES) == len(list((ROOT / "docs").rglob("*.md")))
    assert {"numbers", "ci", "zephyr/options"} <= NAMES
    assert all(page.title and page.title != page.name for page in list_pages())


@pytest.mark.parametrize("spelling", ["zephyr/options", "options", "docs/zephyr/options.md", " zephyr/options/"])
def test_spellings(spelling: str) -> None:
    assert find_page(spelling).path == ROOT / "docs" / "zephyr" / "options.md"


def test_a_page_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"did you mean numbers\?"):
        find_page("number")
    with pytest.raises(InputError, match="`mcugen docs` lists them"):
        find_page("../pyproject")


def test_what_texts_refer_to_is_there() -> None:
    files = [
        path for top in ("mcugen", "docs") for path in (ROOT / top).rglob("*") if path.suffix in (".py", ".md", ".j2")
    ]
    found = {
        name
        for path in (*files, ROOT / "README.md")
        for name in re.findall(r"mcugen docs ([a-z_/]+)", path.read_text())
    }
    assert {"operators", "plugins"} <= found
    assert found <= NAMES


def test_in_a_fresh_process() -> None:
    def docs(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mcugen", "docs", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert docs("numbers").stdout == (ROOT / "docs" / "numbers.md").read_text()
    assert docs("numbers", "--path").stdout.strip() == str(ROOT / "docs" / "numbers.md")
    wrong = docs("no_such_page")
    assert wrong.returncode == 2 and "there is no page" in wrong.stderr and not wrong.stdout
