"""An assessment with what was tried beside it."""

from __future__ import annotations

from dataclasses import replace

from mcugen.accuracy.result import AccuracyOutcome
from mcugen.api import Progress
from mcugen.assess.opened import Loaded
from mcugen.assess.remedies import remedies
from mcugen.assess.run import Assessment
from mcugen.assess.search import accuracy_target, search, sqnr_target
from mcugen.assess.trials import Trials
from mcugen.errors import InputError

NOISY_DB = 30.0
LOST = 0.005


def require_open(loaded: Loaded, *, advice: bool | None = None, search: bool = False) -> None:
    """Raises InputError where something is to be tried and the model came quantized."""
    if (advice or search) and not loaded.counterpart.own:
        raise InputError(
            f"{'a search' if search else '--advice'} quantizes the model in other ways, and this one came quantized",
            where=loaded.entry.file,
            hint="quantize the float model with mcugen: give it with --calibration",
        )


def improved(
    found: Assessment,
    *,
    advice: bool | None = None,
    sqnr: float | None = None,
    top1: str | None = None,
    progress: Progress | None = None,
) -> AccuracyOutcome:
    """The assessment's outcome with remedies and the result of a search.

    Args:
        advice: try remedies; None: where the outcome is poor.
        sqnr, top1: the target of a search, see `search.sqnr_target` and `search.accuracy_target`.

    Raises:
        InputError: a target is none, or the model came quantized.
    """
    outcome = found.outcome
    own = found.loaded.counterpart.own
    require_open(found.loaded, advice=advice, search=sqnr is not None or top1 is not None)
    advised = advice if advice is not None else own and sqnr is None and top1 is None and is_poor(outcome)
    if not advised and sqnr is None and top1 is None:
        return outcome
    trials = Trials(found, progress)
    target = sqnr_target(sqnr) if sqnr is not None else None
    if top1 is not None:
        target = accuracy_target(top1, trials.float_top1)
    tried = remedies(trials, outcome) if advised else ()
    result = search(trials, outcome, target, count=found.given.on_board) if target is not None else None
    return replace(outcome, remedies=tried, search=result)


def is_poor(outcome: AccuracyOutcome) -> bool:
    """Whether it is worth while to try something; not where the samples are wrong."""
    if outcome.doubts:
        return False
    classes = outcome.classes
    lost = classes is not None and classes.float_top1 - classes.top1 >= LOST
    return lost or (outcome.sqnr_db is not None and outcome.sqnr_db < NOISY_DB)
