"""Whose bits: every operator's random files run by mcugen's reference and by the interpreters there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tests.frontend.litert.cases import CASES
from tests.frontend.litert.files import Array, litert, ours, read, tflm

Runner = Callable[[bytes, Sequence[Array]], list[Array]]

RUNNERS: dict[str, Runner] = {
    "TFLM": tflm,
    "LiteRT, reference kernels": litert,
    "LiteRT, optimized kernels": lambda data, inputs: litert(data, inputs, optimized=True),
}


def table(seeds: int) -> str:
    """Markdown: a row for each operator, a column for each interpreter."""
    lines = [f"| operator | {' | '.join(RUNNERS)} |", "| --- " * (len(RUNNERS) + 1) + "|"]
    for name in sorted(CASES):
        cells = [_cell(name, runner, seeds) for runner in RUNNERS.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(name: str, runner: Runner, seeds: int) -> str:
    """What an interpreter makes of an operator, beside what mcugen does."""
    different = elements = largest = 0
    for seed in range(seeds):
        data, inputs = CASES[name](np.random.default_rng(seed))
        mine = ours(read(data), inputs)
        try:
            theirs = runner(data, inputs)
        except (RuntimeError, ValueError):
            return "refuses it"
        for a, b in zip(mine, theirs, strict=True):
            distance = np.abs(a.astype(np.int64) - b.reshape(a.shape).astype(np.int64))
            different, elements = different + int((distance > 0).sum()), elements + distance.size
            largest = max(largest, int(distance.max(initial=0)))
    if not different:
        return "equal"
    return f"{100 * different / elements:.2g} % differ, by up to {largest}"
