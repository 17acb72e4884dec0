"""Observers that mcugen brings, against the values themselves, NumPy's quantiles and torchao's histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from mcugen.errors import InputError
from mcugen.frontend.quantizer_options import COMPARED, OBSERVERS, Observer, parse_observers
from mcugen.frontend.ranges.observers import CLASSES, arguments_of
from mcugen.frontend.ranges.rounding import rounded

Floats = npt.NDArray[np.float32]
SHAPE = (8, 1500)
"""(samples, values)."""


def calibrated(name: str, samples: Floats) -> Any:
    (observer,) = parse_observers(name)
    found = rounded(CLASSES[observer.name])(
        dtype=torch.int8,
        quant_min=-128,
        quant_max=127,
        qscheme=torch.per_tensor_affine,
        eps=2.0**-80,
        **arguments_of(observer),
    )
    for sample in samples:
        found(torch.from_numpy(sample))
    return found


def range_of(name: str, samples: Floats) -> tuple[float, float]:
    scale, zero_point = (float(v) for v in calibrated(name, samples).calculate_qparams())
    return scale * (-128 - zero_point), scale * (127 - zero_point)


def noise(name: str, samples: Floats) -> float:
    """Mean squared error of the values, quantized."""
    scale, zero_point = calibrated(name, samples).calculate_qparams()
    x = torch.from_numpy(samples)
    integers = ((x / scale).round() + zero_point).clamp(-128, 127)
    return float(((integers - zero_point) * scale - x).double().square().mean())


def draw(kind: str, seed: int) -> Floats:
    """(samples, values)."""
    rng = np.random.default_rng(seed)
    values = {
        "normal": lambda: rng.standard_normal(SHAPE),
        "heavy": lambda: rng.standard_normal(SHAPE) ** 3,
        "relu": lambda: np.maximum(rng.standard_t(3, SHAPE), 0),
        "negative": lambda: -rng.gamma(2.0, 3.0, SHAPE) - 1,
        "two clusters": lambda: np.where(rng.random(SHAPE) < 0.01, 50.0, 1.0) + 0.1 * rng.standard_normal(SHAPE),
    }[kind]()
    return (values * 10.0 ** rng.uniform(-6, 6)).astype(np.float32)


KINDS = ("normal", "heavy", "relu", "negative", "two clusters")


@pytest.mark.parametrize("percentile", [99.0, 99.9, 100.0])
@pytest.mark.parametrize("kind", KINDS)
def test_percentiles_are_the_quantiles_of_all_values(kind: str, percentile: float) -> None:
    samples = draw(kind, 1)
    low, high = range_of(f"percentile:{percentile}", samples)
    ends = [np.quantile(values, percentile / 100, method="inverted_cdf") for values in (-samples, samples)]
    wanted = min(-ends[0], 0), max(ends[1], 0)
    # A bin is one part in 64, the rounding of ranges one in 512, and the zero point moves them by half a step.
    step = (high - low) / 255
    for got, end in zip((low, high), wanted, strict=True):
        assert abs(got - end) <= 0.018 * abs(end) + step


@pytest.mark.parametrize("kind", KINDS)
def test_the_range_of_least_error_has_no_more_than_any_other(kind: str) -> None:
    samples = draw(kind, 2)
    found = noise("mse", samples)
    others = {name: noise(name, samples) for name in ("minmax", "histogram", "percentile:99.9", "percentile:99.99")}
    assert found <= 1.03 * min(others.values()), (found, others)


def test_the_range_of_least_error_against_all_that_could_be() -> None:
    samples = draw("heavy", 3)
    x, best = torch.from_numpy(samples), np.inf
    for high in np.geomspace(0.1, 1, 12) * samples.max():
        for low in np.geomspace(0.1, 1, 12) * samples.min():
            scale = (high - low) / 255
            zero_point = round(-128 - low / scale)
            integers = ((x / scale).round() + zero_point).clamp(-128, 127)
            best = min(best, float(((integers - zero_point) * scale - x).double().square().mean()))
    assert noise("mse", samples) <= 1.02 * best


@pytest.mark.parametrize("name", ["percentile:99.9", "mse"])
def test_the_order_of_samples_does_not_matter_and_extremes_are_taken(name: str) -> None:
    samples = draw("heavy", 4)
    assert range_of(name, samples) == range_of(name, samples[::-1].copy())
    for values in ([1e38, -1e38], [1e-42, 2e-42], [0.0, -0.0], [-1.5, -1.49]):
        low, high = range_of(name, np.array([values], np.float32))
        reach = max(abs(v) for v in values)
        assert low <= min(*values, 0) + 0.01 * reach and high >= max(*values, 0) - 0.01 * reach


def test_a_moving_average_is_pytorchs() -> None:
    from torch.ao.quantization import MovingAverageMinMaxObserver

    samples = draw("normal", 5)
    theirs = MovingAverageMinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_affine, eps=2.0**-80)
    for sample in samples:
        theirs(torch.from_numpy(sample))
    ours: Tensor = calibrated("moving-average", samples).calculate_qparams()[0]
    assert float(ours) == pytest.approx(float(theirs.calculate_qparams()[0]), rel=1 / 256)


def test_names_of_observers() -> None:
    assert parse_observers("best") == COMPARED
    assert parse_observers("minmax, percentile:99.5,best,tail") == (
        Observer("minmax"),
        Observer("percentile", 99.5),
        *COMPARED,
    )
    assert [str(*parse_observers(name)) for name in OBSERVERS if name != "percentile"] == [
        name for name in OBSERVERS if name != "percentile"
    ]
    assert str(Observer("percentile")) == "percentile:99.99"
    assert set(CLASSES) == set(OBSERVERS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("minmx", ("'minmx'", "did you mean minmax?")),
        ("moving_average", ("did you mean moving-average?",)),
        ("tail,", ("no observer ''", "one of best, minmax")),
        ("percentile:12", ("'12' is no percentile", "percentile:99.9")),
        ("percentile:nan", ("'nan' is no percentile",)),
        ("percentile:many", ("'many' is no percentile",)),
        ("mse:3", ("mse takes no number",)),
    ],
)
def test_wrong_names_are_told(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        parse_observers(text)
    assert all(word in str(caught.value) for word in words), str(caught.value)
