"""Names from a model never reach C source, a path or a shell unsanitised: this is the only door."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterable

from mcugen.errors import InputError
from mcugen.resources import data_folder

log = logging.getLogger(__name__)

_C_RESERVED = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    _Bool _Complex _Imaginary _Alignas _Alignof _Atomic _Generic _Noreturn _Static_assert _Thread_local asm typeof
    main memcpy memset memory arena""".split()
)
_MAX_LENGTH = 48


def c_identifier(text: str, fallback: str = "model") -> str:
    """A lower-case C identifier that resembles the text; never a keyword, never empty, at most 48 characters."""
    name = _sanitized(text, fallback)
    return f"m_{name}" if name in _C_RESERVED else name


def _sanitized(text: str, fallback: str) -> str:
    name = re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")[:_MAX_LENGTH].rstrip("_") or fallback
    return f"m_{name}" if name[0].isdigit() else name


def module_name(text: str) -> str:
    """The module's name from `--name` or the model file's stem; its header, library and functions are called by it.

    Raises:
        InputError: nothing usable is left of the text, or the name means something else to a compiler or to CMake.
    """
    if not re.search(r"[0-9A-Za-z]", text):
        raise InputError(f"no module name can be made from {text!r}", hint="give one with --name, such as --name kws")
    name = _sanitized(text, "model")
    if name in reserved_module_names():
        raise InputError(
            f"a module cannot be called {name}: its header {name}.h or its library would take the place of another",
            hint=f"give another name with --name, such as --name {name}_model",
        )
    if name.split("_")[0] == "mcugen":
        raise InputError(
            f"a module cannot be called {name}: names with mcugen_ are those of mcugen's own headers and functions",
            hint="give another name with --name, such as --name kws",
        )
    return name


def default_module_name(text: str) -> str:
    """The module's name when the user gives none: made from the model file's stem, changed where `module_name` refuses.

    Raises:
        InputError: nothing usable is left of the text.
    """
    try:
        return module_name(text)
    except InputError:
        if _sanitized(text, "model") not in reserved_module_names():
            raise
    name = module_name(f"{text}_model")
    log.warning("the module is called %s, since %s would take the place of another header or library", name, text)
    return name


@functools.cache
def reserved_module_names() -> frozenset[str]:
    """The words of `zephyr_module/cmake/reserved_names.txt`, which the CMake functions read too."""
    text = (data_folder("zephyr_module") / "cmake" / "reserved_names.txt").read_text()
    return frozenset(re.sub(r"^#.*$", "", text, flags=re.MULTILINE).split())


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


def plain_text(text: str) -> str:
    """Text that means nothing but itself in a C string, a Makefile or Markdown."""
    return re.sub(r"[^0-9A-Za-z_.:/ -]", "_", text)
