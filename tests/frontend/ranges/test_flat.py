"""Ranges end where the function that reads the value has no values, or does not change any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.frontend import compile_program
from mcugen.frontend.ranges.flat import Function, needed_range
from tests.frontend.programs import export, samples, seeded

RANGES: dict[str, tuple[Function, tuple[float, float], tuple[float, float]]] = {
    "hardswish": (lambda x: x * np.clip(x + 3, 0, 6) / 6, (-20.0, 20.0), (-3.0, 20.0)),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), (-40.0, 1.0), (-7.9, 1.0)),
    "silu keeps its minimum": (lambda x: x / (1 + np.exp(-x)), (-30.0, 4.0), (-8.4, 4.0)),
    "clamp": (lambda x: np.clip(x, -1, 1), (-5.0, 9.0), (-1.0, 1.0)),
    "square": (np.square, (-5.0, 9.0), (-5.0, 9.0)),
    "logarithm": (np.log, (-0.5, 3.0), (0.0, 3.0)),
    "log1p": (np.log1p, (-2.6, 3.0), (-1.0, 3.0)),
    "constant": (np.zeros_like, (-5.0, 9.0), (-5.0, 9.0)),
    "no values in between": (lambda x: np.sqrt(x * x - 1), (-5.0, 9.0), (-5.0, 9.0)),
    "all above zero": (lambda x: np.clip(x, 2, 3), (2.5, 9.0), (0.0, 3.0)),
}


@pytest.mark.parametrize("name", RANGES)
def test_needed_range(name: str) -> None:
    function, given, wanted = RANGES[name]
    low, high = needed_range(function, *given)
    assert low == pytest.approx(wanted[0], abs=0.25) and high == pytest.approx(wanted[1], abs=0.25)
    # What is left out makes no difference.
    places = np.linspace(*given, 1000)
    with np.errstate(all="ignore"):
        values, limited = function(places), function(np.clip(places, low, high))
    known = np.isfinite(values)
    assert np.abs(values - limited)[known].max() <= np.ptp(values[known]) / 1024


class Wide(nn.Module):
    """A convolution that reaches far, and a function of its result."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.function = nn.Conv2d(3, 4, 1), function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(20 * self.conv(x))


def test_steps_behind_a_layer_are_those_of_the_needed_part(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=samples((1, 3, 6, 6), 8))
    program = export(seeded(Wide(torch.sigmoid)), (1, 3, 6, 6))
    graph = compile_program(program, "wide", tmp_path / "x.npz")
    (table,) = (op for op in graph.operators if op.kind == "table")
    assert graph.tensor(table.inputs[0]).scale < 18 / 255


@pytest.mark.parametrize("function", [torch.log, torch.rsqrt, torch.sqrt, torch.log1p])
def test_functions_of_positive_inputs_are_no_fault(function: Callable[[Tensor], Tensor], tmp_path: Path) -> None:
    """The room for unseen samples does not reach where the function has no values."""

    class Model(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return function(functional.pad(x, (0, 1), value=0.5) - (0.6 if function is torch.log1p else 0.0))

    given = np.random.default_rng(1).uniform(0.05, 3, (6, 4, 5)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=given)
    program = torch.export.export(Model(), (torch.ones(4, 5),))
    graph = compile_program(program, "positive", tmp_path / "x.npz")
    assert graph.fidelity is not None
    assert min(graph.fidelity.sqnr_db.values()) > 20


@pytest.mark.parametrize(
    ("function", "at_zero"), [(lambda x: x / x, 1.0), (lambda x: x * x.log(), 0.0), (lambda x: x.sin() / x, 1.0)]
)
def test_gaps_at_zero_are_limits(function: Callable[[Tensor], Tensor], at_zero: float, tmp_path: Path) -> None:
    class Model(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return function(x)

    np.savez(tmp_path / "x.npz", x=np.random.default_rng(1).uniform(0.05, 3, (6, 40)).astype(np.float32))
    graph = compile_program(torch.export.export(Model(), (torch.ones(40),)), "gap", tmp_path / "x.npz")
    (table,) = graph.operators
    x, out = graph.tensor(table.inputs[0]), graph.tensor(table.outputs[0])
    (entry,) = table.reference([np.array([x.zero_point], np.int8)], [x], [out])
    assert (int(entry[0]) - out.zero_point) * out.scale == pytest.approx(at_zero, abs=out.scale)
