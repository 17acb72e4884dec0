"""Which files of the kernel library a module needs: the called kernels and, transitively, what they include."""

from __future__ import annotations

import functools
import os.path
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from mcugen.resources import data_folder

PLUGIN_FOLDER = "plugins"
PLUGIN_SOURCES: dict[PurePosixPath, bytes] = {}
"""C files that plugins bring, by their path below the kernel library: "plugins/<plugin>/<file>"."""

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def kernel_files(sources: Iterable[str]) -> dict[PurePosixPath, bytes]:
    """File contents by their path inside the module's `kernels/` folder.

    Args:
        sources: paths below `kernels_cmsis/`, such as "dsp/convolution/conv2d_s8.c".

    Headers of `kernels_cmsis/include/` land directly in `kernels/`, everything else keeps its folder. A file names what
    it includes by the way from its own folder, so that no compiler needs to be told where that is.
    """
    library = data_folder("kernels_cmsis")
    found: dict[PurePosixPath, bytes] = {}
    pending = [PurePosixPath(s) for s in sorted(set(sources))]
    while pending:
        relative = pending.pop()
        target = _target(relative)
        if target in found:
            continue
        text = (PLUGIN_SOURCES.get(relative) or (library / relative).read_bytes()).decode()
        included = {name: _resolve(library, relative, name) for name in _INCLUDE.findall(text)}
        found[target] = _INCLUDE.sub(functools.partial(_by_relative_path, target, included), text).encode()
        pending += included.values()
    return dict(sorted(found.items()))


def _target(relative: PurePosixPath) -> PurePosixPath:
    """Where a file of the library lies in `kernels/`."""
    return PurePosixPath(*relative.parts[1:]) if relative.parts[0] == "include" else relative


def _by_relative_path(includer: PurePosixPath, included: Mapping[str, PurePosixPath], directive: re.Match[str]) -> str:
    way = os.path.relpath(_target(included[directive[1]]), includer.parent)
    return directive[0].replace(f'"{directive[1]}"', f'"{PurePosixPath(way)}"')


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
