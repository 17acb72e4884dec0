"""Vela's own estimate, from the summary that it writes beside its output (`…_summary_<system configuration>.csv`)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen.borders.files import Source, read_bytes

_LIMIT = 1 << 20
_NUMBERS = ("nn_macs", "cycles_npu", "cycles_total", "core_clock")


@dataclass(frozen=True)
class Summary:
    """What Vela estimates of a network.

    Attributes:
        npu: cycles of the NPU itself.
        total: cycles with the waits for memory.
    """

    configuration: str
    macs: int
    npu: int
    total: int
    clock: float

    def as_json(self) -> dict[str, Any]:
        return {
            "configuration": self.configuration,
            "macs": self.macs,
            "cycles_of_the_npu": self.npu,
            "cycles": self.total,
            "clock_hz": self.clock,
        }


def read_summary(path: Path) -> Summary:
    """The last network of a summary.

    Raises:
        InputError: there is no such file, or it is none of Vela's.
    """
    source = Source(path, "Vela's summary", "give the …_summary_….csv that Vela writes beside its output")
    try:
        rows = list(csv.DictReader(io.StringIO(read_bytes(source, _LIMIT).decode())))
    except (UnicodeDecodeError, csv.Error) as error:
        raise source.error("is no table") from error
    if not rows:
        raise source.error("has no network")
    row = rows[-1]
    try:
        macs, npu, total, clock = (float(row[name]) for name in _NUMBERS)
        names = [row[name] for name in ("accelerator_configuration", "system_config", "memory_mode")]
    except (KeyError, TypeError, ValueError) as error:
        raise source.error("does not have Vela's columns", where=f"one of {', '.join(_NUMBERS)}") from error
    return Summary(", ".join(names), int(macs), int(npu), int(total), clock)
