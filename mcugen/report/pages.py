"""The pages of documentation that come with mcugen: `mcugen docs`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from mcugen.errors import InputError
from mcugen.resources import data_folder

_INDEX = "README"


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: its path below docs/ without the suffix, such as "numbers" and "zephyr/tutorial"; of a folder's README.md
            the folder's name.
        title: its first heading.
    """

    name: str
    title: str
    path: Path

    def read(self) -> str:
        """The Markdown."""
        return self.path.read_text()


def list_pages() -> list[Page]:
    """All pages, those of folders behind the others."""
    top = data_folder("docs")
    pages = [_page(path, top) for path in top.rglob("*.md")]
    return sorted(pages, key=lambda page: ("/" in page.name, page.name))


def find_page(name: str) -> Page:
    """The page of that name; "docs/numbers.md", as texts write it, is "numbers".

    Raises:
        InputError: there is none.
    """
    wanted = name.strip().removeprefix("docs/").removesuffix(".md").strip("/").removesuffix("/" + _INDEX)
    pages = {page.name: page for page in list_pages()}
    if wanted in pages:
        return pages[wanted]
    # The last part alone, where it is one page's.
    ends = [page for page in pages.values() if page.name.rpartition("/")[2] == wanted]
    if len(ends) == 1:
        return ends[0]
    close = [page.name for page in ends] or difflib.get_close_matches(wanted, pages, n=3)
    hint = "`mcugen docs` lists them" + (f"; did you mean {' or '.join(close)}?" if close else "")
    raise InputError(f"there is no page {name!r}", hint=hint)


def _page(path: Path, top: Path) -> Page:
    name = path.relative_to(top).with_suffix("").as_posix().removesuffix("/" + _INDEX)
    first = next((line for line in path.read_text().splitlines() if line.startswith("# ")), f"# {name}")
    return Page(name, first.removeprefix("# ").strip(), path)
