"""What would help: other ways to find ranges, other types for the layers where the error enters; each one is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcugen.accuracy.result import AccuracyOutcome, Remedy
from mcugen.assess.precision_file import rules_file
from mcugen.assess.trials import Trial, Trials
from mcugen.frontend.quantizer_options import OBSERVERS
from mcugen.graph.graph import Graph

_LAYERS = 3
"""Of those where most of the error enters, tried in int16."""


def remedies(trials: Trials, outcome: AccuracyOutcome) -> tuple[Remedy, ...]:
    """All that could be tried, the best first."""
    found = []
    for words, options, changes in _plain(trials.base.loaded.graph, trials.base):
        found += _remedy(trials, words, options, trials.run(changes))
    worst = worst_layers(outcome)[:_LAYERS]
    # What one layer hands to the next is better in int16 where both are.
    for layers in [[layer] for layer in worst] + [worst[:count] for count in range(2, len(worst) + 1)]:
        words = f"layer{'s' if len(layers) > 1 else ''} {', '.join(layers)} in int16"
        with rules_file(layers) as path:
            found += _remedy(trials, words, "--precision FILE.yml", trials.run({"precision": path}))
    return tuple(sorted(found, key=lambda remedy: -remedy.sqnr_db))


def worst_layers(outcome: AccuracyOutcome) -> list[str]:
    """Layers of the float program by their share of the noise at the outputs, the largest first."""
    shares: dict[str, float] = {}
    for layer in outcome.layers:
        if layer.layer and layer.dtype == "int8":
            shares[layer.layer] = shares.get(layer.layer, 0.0) + layer.share
    return sorted((name for name, share in shares.items() if share > 0), key=lambda name: -shares[name])


def _plain(graph: Graph, base: Trial) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    options = base.loaded.options
    for name in OBSERVERS:
        if name != options.observer:
            yield f"ranges by {name}", f"--observer {name}", {"observer": name}
    for field, words in (
        ("equalize", "channels brought to like ranges"),
        ("gptq", "weights rounded for their layer's results"),
        ("bias_correction", "biases corrected"),
    ):
        if getattr(options, field) != "on":
            yield words, f"--{field.replace('_', '-')} on", {field: "on"}
    if options.precision == "int8":
        yield "all layers in int16", "--precision int16", {"precision": "int16"}


def _remedy(trials: Trials, words: str, options: str, trial: Trial | None) -> list[Remedy]:
    if trial is None:
        return []
    gain = round(trial.sqnr_db - trials.base.sqnr_db, 2)
    return [Remedy(words, options, trial.sqnr_db, gain, trial.cost(trials.base), trial.top1)]
