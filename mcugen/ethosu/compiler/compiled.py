"""What Vela makes of a network: plain data, read from its raw output and its summary."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcugen.borders.files import Source
from mcugen.borders.npz import Npz, open_npz
from mcugen.errors import CheckFailedError
from mcugen.ethosu.job import Job, Place

_HINT = "install the version that `pip install 'mcugen[npu]'` brings"


@dataclass(frozen=True)
class Compiled(Job):
    """A network as one job of the NPU, its inputs and outputs in the order of the network's ports.

    Attributes:
        cycles: of an inference, by an estimate, in cycles of the NPU's clock.
        traffic_bytes: an estimate of what is read and written, by memory: "sram", "dram", "on_chip_flash",
            "off_chip_flash".
    """

    cycles: int
    traffic_bytes: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Refused:
    """A network that Vela does not put on the NPU as a whole.

    Attributes:
        reason: Vela's words, in one line.
        failed: that it did not say so of an operator, but came to no end.
    """

    reason: str
    failed: bool = False


MEMORIES = ("sram", "dram", "on_chip_flash", "off_chip_flash")
"""Kinds of memory, as Vela's summary calls them."""


def read_compiled(raw: Path, summary: Path) -> Compiled:
    """From the two files that Vela writes with `--output-format raw`.

    Raises:
        CheckFailedError: they are not as Vela 5.2 writes them.
    """
    try:
        with open_npz(Source(raw, "Vela's output", _HINT)) as npz:
            compiled = _read_raw(npz, _read_summary(summary))
    except (KeyError, ValueError, IndexError) as error:
        raise CheckFailedError(f"Vela's output is not understood: {error!r}", hint=_HINT) from error
    return compiled


def _read_summary(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        return next(csv.DictReader(file))


def _read_raw(npz: Npz, summary: dict[str, str]) -> Compiled:
    def number(name: str) -> int:
        return int(npz.read(name).ravel()[0])

    def places(kind: str) -> tuple[Place, ...]:
        shapes = npz.read(f"{kind}_shape")
        columns = [npz.read(f"{kind}_{part}").ravel() for part in ("elem_size", "region", "offset")]
        return tuple(
            Place(int(region), int(offset), math.prod(int(n) for n in np.atleast_1d(shape)) * int(item))
            for shape, item, region, offset in zip(shapes, *columns, strict=True)
        )

    if npz.read("variable_elem_size").size:
        raise ValueError("variables")
    scratch, fast = number("scratch_region"), number("scratch_fast_region")
    return Compiled(
        payload=npz.read_bytes("cmd_data"),
        weights=npz.read_bytes("weight_data"),
        weights_region=number("weight_region"),
        scratch_bytes=number("scratch_size"),
        scratch_region=scratch,
        fast_bytes=0 if fast == scratch else number("scratch_fast_size"),
        fast_region=fast,
        inputs=places("input"),
        outputs=places("output"),
        cycles=round(float(summary["cycles_total"])),
        traffic_bytes=tuple((m, round(float(summary[f"{m}_total_bytes"]))) for m in MEMORIES),
    )
