"""Samples scaled otherwise than the calibration's are told, with what was forgotten; those of one kind are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mcugen.emit.manifest import Manifest, StatisticsEntry
from mcugen.errors import InputError
from mcugen.graph.statistics import statistics
from mcugen.verify.samples import load_samples
from mcugen.verify.scaling import doubts
from tests.verify.manifests import manifest, port

MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
Array = npt.NDArray[np.floating]


def photos(seed: int, count: int = 24) -> Array:
    """Values in 0...1 with the means and deviations of photographs' channels."""
    rng = np.random.default_rng(seed)
    light = rng.normal(0, 0.6, (count, 1, 1, 1)) + 0.8 * rng.normal(size=(count, 3, 8, 8))
    return np.clip(MEAN + DEVIATION * light, 0, 1).astype(np.float32)


def calibrated_on(samples: Array) -> Manifest:
    image = port("image", (1, *samples.shape[1:]), (0, 2, 3, 1), 0.05, 0)
    seen = StatisticsEntry(**vars(statistics(samples[:, None])))
    return manifest((image.model_copy(update={"calibration": seen}),), ())


def told(calibration: Array, samples: Array) -> str:
    return " ".join(doubts({"image": samples}, calibrated_on(calibration)))


def normalised(samples: Array) -> Array:
    return (samples - MEAN) / DEVIATION


@pytest.mark.parametrize(
    ("calibrate", "change", "words"),
    [
        (lambda x: x, lambda x: 255 * x, "divided by 255 they would fit"),
        (lambda x: 255 * x, lambda x: x, "multiplied by 255 they would fit"),
        (lambda x: 2 * x - 1, lambda x: 255 * x, "divided by 127.5, less 1 they would fit"),
        (lambda x: 255 * x - 128, lambda x: 255 * x, "less 128 they would fit"),
        (lambda x: x, lambda x: x - 40, "samples reach from -40"),
        (lambda x: x, lambda x: 37 * x, "divided by about 3"),
        (lambda x: 3200 * x, lambda x: x, "multiplied by about 3"),
        (normalised, lambda x: (x - DEVIATION) / MEAN, "as if mean and standard deviation were swapped"),
        (normalised, lambda x: 255 * x, "divided by"),
        (normalised, lambda x: x, "samples have mean"),
    ],
)
def test_what_was_forgotten_is_named(calibrate, change, words: str) -> None:  # type: ignore[no-untyped-def]
    calibration = calibrate(photos(0))
    assert words in told(calibration, change(photos(1)).astype(np.float32))


@pytest.mark.parametrize("count", [1, 2, 8, 24])
@pytest.mark.parametrize("calibrate", [lambda x: x, lambda x: 255 * x, normalised], ids=["unit", "bytes", "normalised"])
def test_other_samples_of_the_same_kind_are_no_doubt(calibrate, count: int) -> None:  # type: ignore[no-untyped-def]
    for seed in range(1, 21):
        assert told(calibrate(photos(0)), calibrate(photos(seed, count))) == "", f"seed {seed}"


def test_single_samples_that_differ_are_no_doubt() -> None:
    """A dark one, a bright one, a flat one, one without a signal."""
    calibration = photos(0)
    for sample in (0.2 * photos(1, 1), 0.5 + 0.5 * photos(1, 1), np.full((1, 3, 8, 8), 0.9), np.zeros((1, 3, 8, 8))):
        assert told(calibration, sample.astype(np.float32)) == ""


def test_channels_in_reverse() -> None:
    tinted = photos(0) * np.array([1.0, 0.5, 0.1], np.float32)[:, None, None]
    assert "reverse order" in told(tinted, tinted[:, ::-1])
    assert told(tinted, tinted[::-1]) == ""


def test_integers_and_old_manifests_are_not_judged() -> None:
    calibration = photos(0)
    assert told(calibration, np.full((9, 3, 8, 8), 90, np.int8)) == ""
    bare = manifest((port("image", (1, 3, 8, 8), (0, 2, 3, 1), 0.05, 0),), ())
    assert doubts({"image": 255 * calibration}, bare) == []


def test_channels_at_the_other_end(tmp_path: Path) -> None:
    calibration = photos(0)[:, :, :, :5]
    np.savez(tmp_path / "turned.npz", image=calibration.transpose(0, 2, 3, 1))
    with pytest.raises(InputError, match=r"numpy.moveaxis\(array, -1, 1\)"):
        load_samples(tmp_path / "turned.npz", calibrated_on(calibration))
    last = port("image", (1, 8, 5, 3), (0, 1, 2, 3), 0.05, 0)
    np.savez(tmp_path / "first.npz", image=calibration)
    with pytest.raises(InputError, match=r"numpy.moveaxis\(array, 1, -1\)"):
        load_samples(tmp_path / "first.npz", manifest((last,), ()))
