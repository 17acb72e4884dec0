"""`mcugen accuracy` and what `run` says of samples, as users start them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from examples.models import MODELS
from mcugen import cli
from tests.accuracy.networks import save
from tests.frontend.ranges import outliers
from tests.verify.test_scaling import photos

BOARD = "mps2_an385"


def mcugen(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "mcugen", *command.split()]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)


def found(folder: Path, command: str, code: int = 0) -> dict:  # type: ignore[type-arg]
    done = mcugen(folder, f"{command} --json")
    assert done.returncode == code, done.stderr
    result: dict = json.loads(done.stdout)  # type: ignore[type-arg]
    return result


def test_a_wrong_scaling_is_named_by_run_and_by_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3))
    save(model, torch.zeros(1, 3, 8, 8), tmp_path / "net.pt2")
    np.savez(tmp_path / "calibration.npz", input=photos(0))
    np.savez(tmp_path / "bytes.npz", input=255 * photos(1, 3))
    np.save(tmp_path / "labels.npy", np.array([0, 1, 2]))
    monkeypatch.chdir(tmp_path)
    # These two have processes of their own in other tests.
    assert cli._run(f"emit net.pt2 --board {BOARD} --calibration calibration.npz".split()) == 0
    (entry,) = json.loads((tmp_path / "net" / "mcugen.json").read_text())["inputs"]
    assert entry["calibration"]["high"] <= 1 and len(entry["calibration"]["channel_means"]) == 3
    capsys.readouterr()
    assert cli._run("run net --inputs bytes.npz --outputs out.npz --json".split()) == 0
    ran = capsys.readouterr()
    assert "divided by 255 they would fit" in " ".join(ran.err.split())
    assert "divided by 255 they would fit" in json.loads(ran.out)["doubts"][0]
    compared = found(tmp_path, "accuracy net --samples bytes.npz --labels labels.npy")
    assert "divided by 255 they would fit" in compared["doubts"][0]
    # The firmware ran, and gave what the reference gives: nobody tries to better what is fed wrongly.
    assert compared["computed_by"] == "qemu" and compared["board"] == BOARD and compared["remedies"] == []
    assert compared["layers"][0]["figures"]["saturated"] > 0.5
    assert compared["classification"]["samples"] == 3


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module, its model, calibration and samples."""
    folder = tmp_path_factory.mktemp("small")
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(36, 3))
    save(model, torch.zeros(1, 3, 8, 8), folder / "net.pt2")
    np.savez(folder / "calibration.npz", input=photos(0))
    np.savez(folder / "samples.npz", input=photos(1, 4))
    assert mcugen(folder, f"emit net.pt2 --board {BOARD} --calibration calibration.npz").returncode == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("net --samples none.npz", ("none.npz", "does not exist")),
        ("net --samples samples.npz --board mps2_an385", ("--board is for a model file",)),
        ("net --samples samples.npz --observer mse", ("--observer is for a model file",)),
        ("net --samples samples.npz --model calibration.npz", ("is not the file that the module was made from",)),
        ("net.pt2 --samples samples.npz", ("needs calibration data",)),
        ("net.pt2 --samples samples.npz --model net.pt2", ("--model is for a module's folder",)),
        ("net --samples samples.npz --search 30 --search-accuracy 90", ("are two searches",)),
        ("net --samples samples.npz --output x.yml", ("--output gets what a search found",)),
        ("net --reference --samples samples.npz --search-accuracy 90", ("needs the true classes",)),
        ("net --samples samples.npz --labels samples.npz", ("samples.npz",)),
    ],
)
def test_wrong_input_is_one_clear_error(small: Path, command: str, words: tuple[str, ...]) -> None:
    done = mcugen(small, f"accuracy {command}")
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stdout == ""
    assert all(word in " ".join(done.stderr.split()) for word in words), done.stderr
    assert not (small / "x.yml").exists()


@pytest.mark.slow
def test_a_model_that_moved_or_changed(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small / "net", tmp_path / "net")
    shutil.copy(small / "samples.npz", tmp_path)
    missing = mcugen(tmp_path, "accuracy net --samples samples.npz --reference")
    assert missing.returncode == 2 and "--model MODEL.pt2" in missing.stderr
    given = f"--model {small / 'net.pt2'} --calibration {small / 'calibration.npz'}"
    there = found(tmp_path, f"accuracy net --samples samples.npz --reference {given}")
    assert there["sqnr_db"] > 30 and there["computed_by"] == "reference"
    assert there["outputs"] == found(small, "accuracy net --samples samples.npz")["outputs"]


@pytest.mark.slow
def test_a_litert_file_beside_its_float_model(small: Path) -> None:
    """Written from what mcugen quantized, it is as far from the float model as that, image for image."""
    wrote = mcugen(small, "export-tflite net.pt2 --calibration calibration.npz --output net.tflite")
    assert wrote.returncode == 0, wrote.stderr
    beside = found(small, "accuracy net.tflite --float net.pt2 --samples samples.npz")
    own = found(small, "accuracy net.pt2 --calibration calibration.npz --samples samples.npz --no-advice")
    assert beside["outputs"] == own["outputs"] and beside["layers"] == []
    alone = mcugen(small, "accuracy net.tflite --samples samples.npz")
    assert alone.returncode == 2 and "--float MODEL.pt2" in alone.stderr


@pytest.mark.slow
def test_the_report_has_the_noise_of_each_layer(small: Path) -> None:
    done = mcugen(small, "accuracy net --reference --samples samples.npz --advice --report page.html")
    assert done.returncode == 0, done.stderr
    page = (small / "page.html").read_text()
    for words in ("Layers against the float model", "What was tried", "--observer mse", "most of the error enters in"):
        assert words in page, words
    assert "tried on the same samples" in done.stdout


@pytest.mark.slow
def test_ds_cnn_with_a_thousand_samples(tmp_path: Path) -> None:
    """In less than a minute of one processor's time."""
    model = MODELS["ds_cnn"]
    with torch.no_grad():
        save(model.build(0), torch.zeros(model.INPUT_SHAPE), tmp_path / "ds_cnn.pt2")
    np.savez(tmp_path / "calibration.npz", **{model.INPUT_NAME: model.calibration(32, 1)})
    np.savez(tmp_path / "samples.npz", **{model.INPUT_NAME: model.calibration(1000, 2)})
    begin = os.times()
    result = found(tmp_path, "accuracy ds_cnn.pt2 --calibration calibration.npz --samples samples.npz --no-advice")
    assert result["samples"] == 1000 and result["layer_samples"] == 200 and len(result["layers"]) == 14
    end = os.times()
    assert (end.children_user + end.children_system) - (begin.children_user + begin.children_system) < 60


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_an_outlier_channel_is_named_and_a_search_mends_it(tmp_path: Path) -> None:
    """Plain ranges lose five points or more; a mixed precision is within half a point of float at under 15 % more
    cycles, counted in the emulator, and `emit --precision` takes what was found."""
    trained = outliers.with_outlier(outliers.train(wide=64))
    save(trained.model, torch.zeros(1, 1, 16, 16), tmp_path / "net.pt2")
    np.savez(tmp_path / "calibration.npz", image=outliers.calibration())
    np.savez(tmp_path / "samples.npz", image=trained.images)
    np.save(tmp_path / "labels.npy", trained.labels)
    plain = "--observer minmax --equalize off --bias-correction off --calibration calibration.npz --board nrf5340dk"
    result = found(
        tmp_path,
        f"accuracy net.pt2 {plain} --samples samples.npz --labels labels.npy --search-accuracy float-0.5 "
        "--output found.yml",
    )
    classes = result["classification"]
    assert classes["float"]["top1"] - classes["integer"]["top1"] >= 0.05
    worst = next(layer for layer in result["layers"] if layer["name"] == result["culprit"])
    # The residual path hands the outlier on: these three have it in their results.
    assert worst["value"] in ("relu", "relu_1", "add")
    search = result["search"]
    assert search["reached"] and search["top1"] >= classes["float"]["top1"] - 0.005
    assert 1 < search["cycles"] < 1.15, search
    emitted = mcugen(tmp_path, f"emit net.pt2 {plain} --precision found.yml --output mixed")
    assert emitted.returncode == 0, emitted.stderr
    assert found(tmp_path, "verify mixed")["match"]
    again = found(tmp_path, "accuracy mixed --samples samples.npz --labels labels.npy --no-advice")
    assert again["classification"]["integer"]["top1"] == search["top1"]
    assert {layer["dtype"] for layer in again["layers"]} == {"int8", "int16"}
