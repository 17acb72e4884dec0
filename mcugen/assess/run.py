"""One comparison from the samples' file to the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcugen.accuracy.compare import Compared, classify, compare
from mcugen.accuracy.result import AccuracyOutcome
from mcugen.accuracy.subject import Subject
from mcugen.api import Progress
from mcugen.assess.opened import Given, Loaded
from mcugen.boards import Board
from mcugen.errors import InputError
from mcugen.graph.graph import Graph
from mcugen.verify.labels import read_labels
from mcugen.verify.scaling import doubts_of_input


@dataclass(frozen=True, eq=False)
class Assessment:
    """Attributes:
    labels: the true class of each sample.
    outcome: without what was tried.
    """

    given: Given
    loaded: Loaded
    subject: Subject
    labels: npt.NDArray[np.int64] | None
    outcome: AccuracyOutcome


def assess(
    given: Given,
    samples: Path,
    *,
    labels: Path | None = None,
    reference: bool = False,
    runner: str = "auto",
    progress: Progress | None = None,
    loaded: Loaded | None = None,
    by_layer: bool = True,
) -> Assessment:
    """Quantizes the model as it was, and compares it with the float model.

    Args:
        reference: leave the firmware out.
        loaded: what the model is when it is quantized, where that is known.
        by_layer: compare layers too.

    Raises:
        InputError: the samples, the labels or what is given is wrong.
        MissingToolError: no compiler or emulator.
        CheckFailedError: the firmware crashed, or differs from the reference.
    """
    loaded = loaded or given.load(progress=progress)
    given.require_same(loaded.graph)
    subject = Subject(loaded.graph, loaded.counterpart, loaded.counterpart.samples(samples))
    truth = None if labels is None else read_labels(labels, classes_of(loaded.graph), subject.count)
    doubts = [
        text
        for port in loaded.graph.inputs
        for text in doubts_of_input(port.name, subject.samples[port.name], port.seen)
    ]
    firmware, computed_by = None, "reference"
    if not reference and given.on_board:
        firmware, computed_by = given.firmware(loaded, subject, runner, progress)
    compared = compare(
        subject,
        by_layer=by_layer,
        firmware=firmware,
        progress=None if progress is None else lambda done, total: progress("comparing", done, total),
    )
    return Assessment(given, loaded, subject, truth, _outcome(given, subject, compared, truth, computed_by, doubts))


def _outcome(
    given: Given,
    subject: Subject,
    compared: Compared,
    labels: npt.NDArray[np.int64] | None,
    computed_by: str,
    doubts: list[str],
) -> AccuracyOutcome:
    return AccuracyOutcome(
        name=given.name,
        board=board_name(given),
        computed_by=computed_by,
        samples=subject.count,
        layer_samples=compared.layer_samples,
        single_samples=compared.single_samples,
        outputs=compared.outputs,
        layers=compared.layers,
        classes=None if labels is None else classify(labels, compared),
        doubts=tuple(doubts),
        against=subject.counterpart.words,
        edited=given.edited,
    )


def board_name(given: Given) -> str | None:
    """None for a model file that is compiled for no board."""
    board = given.options.board
    return (board.name if isinstance(board, Board) else board) if given.on_board else None


def classes_of(graph: Graph) -> int:
    """Of the one output that holds scores."""
    if len(graph.outputs) != 1:
        raise InputError(f"--labels is for a model with one output, this one has {len(graph.outputs)}")
    (port,) = graph.outputs
    long = [extent for extent in port.shape if extent != 1]
    if len(long) != 1 or graph.tensor(port.tensor).dtype == "bool":
        raise InputError(
            f"--labels is for an output of one score for each class, {port.name!r} has shape {port.shape}",
            where=f"output {port.name!r}",
        )
    return long[0]
