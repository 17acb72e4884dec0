"""Moves C files to other places, where their `#include "..."` lines find each other again without an include path."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

_INCLUDE = re.compile(rb'^(\s*#\s*include\s+)"([^"]+)"', re.MULTILINE)


def move(
    files: Mapping[PurePosixPath, bytes], places: Mapping[PurePosixPath, PurePosixPath], *search: PurePosixPath
) -> dict[PurePosixPath, bytes]:
    """The files at their new places; an include of a file that moves, too, names the way to its new place.

    Args:
        places: new path by old path; what is not in it is left out.
        search: folders, by old path, where a file is looked for that is not beside the one that includes it.
    """
    moved: dict[PurePosixPath, bytes] = {}
    for old, new in places.items():

        def name_anew(line: re.Match[bytes], old: PurePosixPath = old, new: PurePosixPath = new) -> bytes:
            wanted = line[2].decode()
            for folder in (old.parent, *search):
                found = places.get(PurePosixPath(os.path.normpath(folder / wanted)))
                if found is not None:
                    way = PurePosixPath(os.path.relpath(found, new.parent))
                    return line[1] + f'"{way}"'.encode()
            return line[0]

        if new in moved:
            raise ValueError(f"two files would be called {new}")
        moved[new] = _INCLUDE.sub(name_anew, files[old])
    return moved
