"""The cheapest mixed precision that reaches a target, by measuring.

Layers are put in order by the noise that they make at the outputs for each instruction that they take. The shortest
run of them that reaches the target in int16 is found by doubling and halving; then each layer that it turns out not to
need is taken out again, the dearest first. Every step is a quantization of its own, measured on the samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mcugen import api
from mcugen.accuracy.result import AccuracyOutcome, Counted, SearchResult
from mcugen.assess.opened import Loaded
from mcugen.assess.precision_file import rules_file, rules_text
from mcugen.assess.remedies import worst_layers
from mcugen.assess.trials import Trial, Trials
from mcugen.errors import InputError
from mcugen.scratch import scratch_folder
from mcugen.verify.verify import verify_module

_MOST_PRUNED = 24
"""Layers that are tried without, at most."""


@dataclass(frozen=True)
class Target:
    """Attributes:
    words: for people.
    reached: whether a trial does.
    """

    words: str
    reached: Callable[[Trial], bool]


def sqnr_target(decibels: float) -> Target:
    """The outputs' SQNR in dB."""
    return Target(f"SQNR of {decibels:g} dB", lambda trial: trial.sqnr_db >= decibels)


def accuracy_target(text: str, float_top1: float | None) -> Target:
    """Reads "93.5" (per cent of right classes), or "float-0.5" (points below the float model).

    Raises:
        InputError: it is neither, or there are no labels.
    """
    if float_top1 is None:
        raise InputError("--search-accuracy needs the true classes", hint="give --labels Y.npy")
    known = re.fullmatch(r"(float\s*-\s*)?(\d+(?:\.\d+)?)\s*%?", text.strip())
    value = float(known[2]) if known else -1.0
    if known is None or not 0 <= value <= 100:
        raise InputError(
            f"--search-accuracy {text!r} is no share of right classes",
            hint="give per cent, such as 93.5, or points below the float model, such as float-0.5",
        )
    wanted = 100 * float_top1 - value if known[1] else value
    words = f"top-1 of {wanted:.2f} %" + (f" ({value:g} points below the float model)" if known[1] else "")
    return Target(words, lambda trial: trial.top1 is not None and 100 * trial.top1 >= wanted - 1e-9)


def search(trials: Trials, outcome: AccuracyOutcome, target: Target, *, count: bool) -> SearchResult:
    """Args:
    count: build and count the firmware of the model as it is and of what was found.
    """
    found = _Search(trials, outcome, target)
    chosen, trial = found.run()
    reached = target.reached(trial)
    before = after = None
    if count:
        before = counted(trials.base.loaded)
        after = counted(trial.loaded) if chosen else before
    order = {node.name: k for k, node in enumerate(trial.loaded.counterpart.prepared.graph.nodes)}
    layers = tuple(sorted(chosen, key=lambda name: order.get(name, len(order))))
    cost = trial.cost(trials.base)
    text = rules_text(layers)
    return SearchResult(
        target.words, reached, layers, text, trial.sqnr_db, trial.top1, cost, trials.count, before, after
    )


class _Search:
    def __init__(self, trials: Trials, outcome: AccuracyOutcome, target: Target) -> None:
        self._trials = trials
        self._target = target
        self._costs = self._layer_costs(outcome)
        self._known: dict[frozenset[str], Trial | None] = {frozenset(): trials.base}
        shares: dict[str, float] = {}
        for layer in outcome.layers:
            shares[layer.layer] = shares.get(layer.layer, 0.0) + layer.share
        self._order = sorted(
            worst_layers(outcome), key=lambda name: -shares[name] / max(self._costs.get(name, 0.0), 1.0)
        )

    def _layer_costs(self, outcome: AccuracyOutcome) -> dict[str, float]:
        """Instructions by layer of the program, as the model is."""
        loaded = self._trials.base.loaded
        by_operator = api.estimated_instructions(loaded.graph, loaded.options)
        found: dict[str, float] = {}
        for layer in outcome.layers:
            found[layer.layer] = found.get(layer.layer, 0.0) + by_operator.get(layer.name, 0.0)
        return found

    def run(self) -> tuple[list[str], Trial]:
        """The layers and what they give; all that there are where the target is not reached."""
        if self._reaches([]):
            return [], self._trials.base
        count = self._enough()
        if count is None:
            best = max(
                (key for key, trial in self._known.items() if trial is not None), key=lambda key: self._value(key)
            )
            return list(best), self._trial(list(best)) or self._trials.base
        chosen = self._pruned(self._order[:count])
        trial = self._trial(chosen)
        assert trial is not None
        return chosen, trial

    def _value(self, key: frozenset[str]) -> float:
        trial = self._known[key]
        assert trial is not None
        return trial.sqnr_db

    def _enough(self) -> int | None:
        """How many of the first layers reach the target; None where all of them do not."""
        low, high = 0, 1
        while not self._reaches(self._order[:high]):
            if high >= len(self._order):
                return None
            low, high = high, min(2 * high, len(self._order))
        while high - low > 1:
            middle = (low + high) // 2
            if self._reaches(self._order[:middle]):
                high = middle
            else:
                low = middle
        return high

    def _pruned(self, layers: list[str]) -> list[str]:
        kept = list(layers)
        for name in sorted(layers, key=lambda one: -self._costs.get(one, 0.0))[:_MOST_PRUNED]:
            without = [one for one in kept if one != name]
            # A border more may cost more than a layer less saves.
            if self._reaches(without) and not self._dearer(without, kept):
                kept = without
        return kept

    def _dearer(self, layers: list[str], others: list[str]) -> bool:
        one, other = self._trial(layers), self._trial(others)
        costs = [None if trial is None else trial.cost(self._trials.base) for trial in (one, other)]
        return costs[0] is not None and costs[1] is not None and costs[0] >= costs[1]

    def _reaches(self, layers: list[str]) -> bool:
        trial = self._trial(layers)
        return trial is not None and self._target.reached(trial)

    def _trial(self, layers: list[str]) -> Trial | None:
        key = frozenset(layers)
        if key not in self._known:
            with rules_file(layers) as path:
                self._known[key] = self._trials.run({"precision": path})
        return self._known[key]


def counted(loaded: Loaded) -> Counted:
    """The firmware of a model, built and counted."""
    with scratch_folder("mcugen-search-") as folder:
        api.compile((loaded.plain, loaded.entry), loaded.options).write(folder / "module")
        measured = verify_module(folder / "module", trace=False).measurement
    return Counted(measured.instructions, measured.cycles, measured.flash_bytes)
