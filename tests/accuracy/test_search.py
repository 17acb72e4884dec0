"""The search by itself, on trials whose outcome is known: what it finds reaches the target, nothing in it is idle."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mcugen.assess import search as searching
from mcugen.assess.precision_file import rules_text
from mcugen.assess.search import accuracy_target, search, sqnr_target
from mcugen.assess.trials import Trial
from mcugen.errors import InputError


@dataclass
class Made:
    """A model whose noise is that of the layers that are not in int16; some gain only together with another.

    Attributes:
        noise, cost: by layer.
        pairs: (layer, other): the layer's noise goes only where both are in int16.
    """

    noise: dict[str, float]
    cost: dict[str, float]
    pairs: dict[str, str] = field(default_factory=dict)
    count: int = 0

    @property
    def base(self) -> Trial:
        return self._trial(frozenset())

    def run(self, changes: Mapping[str, Any]) -> Trial:
        self.count += 1
        names = re.findall(r'"(\w+)"', Path(changes["precision"]).read_text())
        assert set(names) <= set(self.noise)
        return self._trial(frozenset(names))

    def _trial(self, wide: frozenset[str]) -> Trial:
        left = sum(
            noise for name, noise in self.noise.items() if name not in wide or self.pairs.get(name, name) not in wide
        )
        nodes = [SimpleNamespace(name=name) for name in self.noise]
        loaded = SimpleNamespace(
            counterpart=SimpleNamespace(prepared=SimpleNamespace(graph=SimpleNamespace(nodes=nodes)))
        )
        instructions = 1000 + sum(self.cost[name] for name in wide)
        return Trial(loaded, 100 - left, None, instructions)  # type: ignore[arg-type]

    def outcome(self) -> Any:
        total = sum(self.noise.values())
        layers = [
            SimpleNamespace(layer=name, name=name, dtype="int8", share=noise / total)
            for name, noise in self.noise.items()
        ]
        return SimpleNamespace(layers=layers)


@pytest.fixture(autouse=True)
def _costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching._Search, "_layer_costs", lambda self, outcome: self._trials.cost)


def test_random_models() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        names = [f"layer{i}" for i in range(rng.randint(1, 9))]
        made = Made({n: rng.uniform(0.1, 10) for n in names}, {n: rng.uniform(1, 100) for n in names})
        for name in names:
            if rng.random() < 0.3:
                made.pairs[name] = rng.choice(names)
        least = 100 - sum(made.noise.values())
        target = sqnr_target(rng.uniform(least - 1, 101))
        found = search(made, made.outcome(), target, count=False)  # type: ignore[arg-type]
        possible = made._trial(frozenset(names)).sqnr_db >= made_target(target)
        assert found.reached == possible, f"seed {seed}"
        if not possible:
            continue
        assert made._trial(frozenset(found.layers)).sqnr_db >= made_target(target)
        for name in found.layers:
            rest = made._trial(frozenset(found.layers) - {name})
            assert rest.sqnr_db < made_target(target), f"seed {seed}: {name} is idle"
        assert list(found.layers) == sorted(found.layers, key=names.index)


def made_target(target: Any) -> float:
    return float(re.search(r"[-\d.e+]+(?= dB)", target.words)[0])  # type: ignore[index]


def test_it_is_as_cheap_as_the_cheapest_where_layers_are_alike() -> None:
    """Against all subsets: layers of one size, of which some make most of the noise."""
    for seed in range(20):
        rng = random.Random(seed)
        names = [f"layer{i}" for i in range(7)]
        made = Made({n: rng.choice([0.1, 0.2, 8.0, 9.0]) for n in names}, dict.fromkeys(names, 10.0))
        target = sqnr_target(95)
        found = search(made, made.outcome(), target, count=False)  # type: ignore[arg-type]
        every = (frozenset(c) for k in range(8) for c in itertools.combinations(names, k))
        fewest = min(len(c) for c in every if made._trial(c).sqnr_db >= 95)
        assert len(found.layers) == fewest, f"seed {seed}"


def test_targets_of_classes() -> None:
    def trial(top1: float) -> Trial:
        return Trial(None, 0.0, top1, None)  # type: ignore[arg-type]

    for text, enough, short in (("93.5", 0.935, 0.934), ("float-0.5", 0.955, 0.954), ("float - 1 %", 0.95, 0.949)):
        target = accuracy_target(text, 0.96)
        assert target.reached(trial(enough)) and not target.reached(trial(short)), text
    for wrong in ("abc", "-1", "101", "float+1", ""):
        with pytest.raises(InputError, match="no share of right classes"):
            accuracy_target(wrong, 0.96)
    with pytest.raises(InputError, match="--labels"):
        accuracy_target("93.5", None)


def test_names_are_taken_literally() -> None:
    assert (
        rules_text(["conv2d", "a*b"]) == 'default: int8\nrules:\n  - {layer: ["conv2d", "a[*]b"], precision: int16}\n'
    )
    assert rules_text([]) == "default: int8\nrules: []\n"
