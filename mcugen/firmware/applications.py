"""What stands around a module in bare-metal firmware: one application each of `harness/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Application:
    """One way to feed a module.

    Attributes:
        name: as in messages.
        sources: below `harness/`, besides those that every application has.
        console: it speaks over the board's UART, whose driver is linked as well; otherwise whoever watches the core
            gives it samples.
        vectors: the module's own vectors are in the image.
        headers: generated ones that its sources include, by name.
    """

    name: str
    sources: tuple[str, ...]
    console: bool
    vectors: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


SAMPLES = Application("samples", ("samples.c", "exchange.c"), console=False)
SELF_TEST = Application("self-test", ("self_test.c", "console.c"), console=True, vectors=True)
MLPERF_TINY = Application("MLPerf Tiny", ("mlperf_tiny.c", "console.c"), console=True)
