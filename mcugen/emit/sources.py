"""Which files of the kernel library a module needs: the called kernels and, transitively, what they include."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mcugen.resources import data_folder

PLUGIN_FOLDER = "plugins"
PLUGIN_SOURCES: dict[PurePosixPath, bytes] = {}
"""C files that plugins bring, by their path below the kernel library: "plugins/<plugin>/<file>"."""

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def kernel_files(sources: Iterable[str]) -> dict[PurePosixPath, bytes]:
    """File contents by their path inside the module's `kernels/` folder.

    Args:
        sources: paths below `kernels_cmsis/`, such as "dsp/conv2d_s8.c".

    Headers of `kernels_cmsis/include/` land directly in `kernels/`, everything else keeps its folder.
    """
    library = data_folder("kernels_cmsis")
    found: dict[PurePosixPath, bytes] = {}
    pending = [PurePosixPath(s) for s in sorted(set(sources))]
    while pending:
        relative = pending.pop()
        target = PurePosixPath(*relative.parts[1:]) if relative.parts[0] == "include" else relative
        if target in found:
            continue
        text = PLUGIN_SOURCES.get(relative) or (library / relative).read_bytes()
        found[target] = text
        pending += [_resolve(library, relative, name) for name in _INCLUDE.findall(text.decode())]
    return dict(sorted(found.items()))


def _resolve(library: Path, includer: PurePosixPath, name: str) -> PurePosixPath:
    """C's rule: first beside the including file, then on the include path (the library's root, then `include/`)."""
    for folder in (includer.parent, PurePosixPath(), PurePosixPath("include")):
        candidate = _normalise(folder / name)
        if candidate in PLUGIN_SOURCES or (library / candidate).is_file():
            return candidate
    raise FileNotFoundError(f"kernels_cmsis/{includer} includes {name!r}, which is not in the kernel library")


def _normalise(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)
