"""Samples scaled otherwise than the calibration's are told, with what was forgotten; those of one kind are not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mcugen.emit.manifest import Manifest, StatisticsEntry
from mcugen.graph.statistics import statistics
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


def test_run_names_it_as_users_start_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3))
    torch.export.save(torch.export.export(model.eval(), (torch.zeros(1, 3, 8, 8),)), tmp_path / "net.pt2")
    np.savez(tmp_path / "calibration.npz", input=photos(0))
    np.savez(tmp_path / "right.npz", input=photos(1, 3))
    np.savez(tmp_path / "bytes.npz", input=255 * photos(1, 3))
    np.savez(tmp_path / "turned.npz", input=photos(1, 3).transpose(0, 2, 3, 1))

    def mcugen(command: str) -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, "-m", "mcugen", *command.split()]
        return subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert mcugen("emit net.pt2 --board mps2_an385 --calibration calibration.npz").returncode == 0
    (entry,) = json.loads((tmp_path / "net" / "mcugen.json").read_text())["inputs"]
    assert entry["calibration"]["high"] <= 1 and len(entry["calibration"]["channel_means"]) == 3
    wrong = mcugen("run net --inputs bytes.npz --outputs out.npz --json")
    assert wrong.returncode == 0, wrong.stderr
    assert "divided by 255 they would fit" in " ".join(wrong.stderr.split())
    assert "divided by 255 they would fit" in json.loads(wrong.stdout)["doubts"][0]
    right = mcugen("run net --inputs right.npz --outputs out.npz --json")
    assert right.returncode == 0 and "warning" not in right.stderr and "doubts" not in json.loads(right.stdout)
    turned = mcugen("run net --inputs turned.npz --outputs out.npz")
    assert turned.returncode == 2 and "numpy.moveaxis(array, -1, 1)" in " ".join(turned.stderr.split())
