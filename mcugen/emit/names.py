"""Names from a model never reach C source, a path or a shell unsanitised: this is the only door."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcugen.errors import InputError

_C_RESERVED = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    _Bool _Complex _Imaginary _Alignas _Alignof _Atomic _Generic _Noreturn _Static_assert _Thread_local asm typeof
    main memcpy memset memory arena""".split()
)
_MAX_LENGTH = 48


def c_identifier(text: str, fallback: str = "model") -> str:
    """A lower-case C identifier that resembles the text; never a keyword, never empty, at most 48 characters."""
    name = re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")[:_MAX_LENGTH].rstrip("_")
    if not name:
        name = fallback
    if name[0].isdigit() or name in _C_RESERVED:
        name = f"m_{name}"
    return name


def module_name(text: str) -> str:
    """The module's name from `--name` or the model file's stem.

    Raises:
        InputError: nothing usable is left of the text.
    """
    if not re.search(r"[0-9A-Za-z]", text):
        raise InputError(f"no module name can be made from {text!r}", hint="give one with --name, such as --name kws")
    return c_identifier(text)


def unique_identifiers(texts: Iterable[str], fallback: str) -> list[str]:
    """C identifiers for several names of one model; later ones that collide get a number."""
    taken: set[str] = set()
    names = []
    for text in texts:
        base = candidate = c_identifier(text, fallback)
        number = 2
        while candidate in taken:
            candidate = f"{base}_{number}"
            number += 1
        taken.add(candidate)
        names.append(candidate)
    return names


def comment_text(text: str) -> str:
    """Text that is safe inside a C block comment and a single line: printable ASCII without comment markers."""
    printable = re.sub(r"[^ -~]", "?", text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").rstrip("\\")
