"""What the compiler and the assembler have read for a module: nothing but the module, and their own headers.

C can name any file of the workstation, in `#include` or in the assembler's `.include` and `.incbin`, and so bring it
into the firmware. An object that was made of such a file is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mcugen.errors import InputError


def check_dependencies(source: Path, listings: Sequence[Path], allowed: Sequence[Path]) -> None:
    """Args:
        listings: as GCC's `-MD` and GNU as's `--MD` write them: "target: file file ...".
        allowed: folders.

    Raises:
        InputError: a file outside of these was read.
    """
    roots = [folder.resolve() for folder in allowed]
    for listing in listings:
        for name in _files(listing.read_text(errors="replace") if listing.exists() else ""):
            path = (listing.parent.parent / name).resolve()
            # The assembler also lists names that it was only told, for messages.
            if not path.exists() or any(path.is_relative_to(root) for root in roots):
                continue
            raise InputError(
                f"{source.name} takes in {name}, which is not of the module",
                where=str(source),
                hint="emit the model again; a module that mcugen wrote takes in its own files only",
            )


def _files(text: str) -> list[str]:
    """The prerequisites of make's rules; "\\ " is a space in a name."""
    joined = text.replace("\\\n", " ")
    names = []
    for rule in joined.splitlines():
        _, colon, rest = rule.partition(": ")
        words = re.findall(r"(?:\\.|\S)+", rest) if colon else []
        names += [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words]
    return names
