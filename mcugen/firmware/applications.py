"""What stands around a module in bare-metal firmware: one application each of `harness/`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Application:
    """One way to feed a module.

    Attributes:
        name: as in messages.
        sources: below `harness/`, besides those that every application has.
        console: it speaks over the board's UART, whose driver is linked as well; otherwise by semihosting.
        vectors: the module's own vectors are in the image.
    """

    name: str
    sources: tuple[str, ...]
    console: bool
    vectors: bool = False


FILES = Application("files", ("files.c", "semihosting.c"), console=False)
SELF_TEST = Application("self-test", ("self_test.c", "console.c"), console=True, vectors=True)
