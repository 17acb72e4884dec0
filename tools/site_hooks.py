"""Hooks of MkDocs: pages of the repository's root join the site, and links out of it lead to the repository."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
# Pages beside docs/, and what the site calls them.
OUTSIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md"}
_LINK = re.compile(r"(\]\()(?!https?://|#|mailto:)([^)#\s]+)")


def on_files(files: Files, config: Any) -> Files:
    for source, target in OUTSIDE.items():
        files.append(File.generated(config, target, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links as they are in the repository become those of the site, or lead to the repository."""
    names = {target: source for source, target in OUTSIDE.items()}
    place = names.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def resolved(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(place), found[2]))
        inside = OUTSIDE.get(path, path.removeprefix("docs/") if path.startswith("docs/") else "")
        if inside and files.get_file_from_path(inside):
            return found[1] + posixpath.relpath(inside, posixpath.dirname(page.file.src_uri) or ".")
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{found[1]}{config['repo_url']}/{kind}/main/{path}"

    return _LINK.sub(resolved, markdown)
