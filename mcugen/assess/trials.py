"""Other quantizations of the same model, made and measured on the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcugen import api
from mcugen.accuracy.compare import Compared, classify, compare, wanted_of
from mcugen.accuracy.subject import Subject, spread
from mcugen.api import Progress
from mcugen.assess.opened import Loaded
from mcugen.assess.run import Assessment
from mcugen.errors import McugenError, UnsupportedOperatorError
from mcugen.silence import silence

SAMPLES = 100
"""On which a trial is measured without labels; with them, on all: a class is right or wrong, which takes many."""


@dataclass(frozen=True)
class Trial:
    """Attributes:
    sqnr_db: of the worst output of real numbers.
    top1: share of right classes; None without labels.
    instructions: by the kernels' estimates; None where there is no kernel for the board that stands in for none.
    """

    loaded: Loaded
    sqnr_db: float
    top1: float | None
    instructions: float | None

    def cost(self, base: Trial) -> float | None:
        """Instructions over those of another trial; None where one of them is not known."""
        return self.instructions / base.instructions if self.instructions and base.instructions else None


class Trials:
    """Makes and measures quantizations with other options than the assessment's."""

    def __init__(self, assessment: Assessment, progress: Progress | None = None) -> None:
        self._assessment = assessment
        self._progress = progress
        subject = assessment.subject
        if assessment.labels is not None:
            chosen: Sequence[int] = range(subject.count)
        elif subject.graph.states:
            chosen = range(min(subject.count, SAMPLES))
        else:
            chosen = spread(subject.count, SAMPLES)
        self._samples = {name: array[list(chosen)] for name, array in subject.samples.items()}
        self._labels = None if assessment.labels is None else assessment.labels[list(chosen)]
        self._wanted = wanted_of(Subject(subject.graph, subject.counterpart, self._samples))
        self.count = 0
        self.base = self._measured(assessment.loaded)

    def run(self, changes: Mapping[str, Any]) -> Trial | None:
        """None where the model cannot be quantized or has no kernels with these options."""
        self.count += 1
        if self._progress is not None:
            self._progress("trying", self.count, self.count + 1)
        try:
            with silence():
                return self._measured(self._assessment.given.load(changes))
        except McugenError:
            return None

    def _measured(self, loaded: Loaded) -> Trial:
        compared = compare(
            Subject(loaded.graph, loaded.counterpart, self._samples), by_layer=False, wanted=self._wanted
        )
        return Trial(loaded, _decibels(compared), self._top1(compared), self._instructions(loaded))

    def _instructions(self, loaded: Loaded) -> float | None:
        try:
            return sum(api.estimated_instructions(loaded.graph, loaded.options).values())
        except UnsupportedOperatorError:
            if self._assessment.given.on_board:
                raise
            return None

    def _top1(self, compared: Compared) -> float | None:
        return None if self._labels is None else classify(self._labels, compared).top1

    @property
    def float_top1(self) -> float | None:
        """Of the float model on the same samples."""
        if self._labels is None:
            return None
        (scores,) = self._wanted.values()
        return float(np.mean(scores.reshape(len(self._labels), -1).argmax(axis=1) == self._labels))


def _decibels(compared: Compared) -> float:
    return min((o.figures.sqnr_db for o in compared.outputs if o.figures is not None), default=0.0)
