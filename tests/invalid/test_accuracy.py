"""What a user can get wrong with `mcugen accuracy`: one message, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcugen import cli
from tests.invalid import models


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--search", "30", "--search-accuracy", "90"), ("--search and --search-accuracy are two searches",)),
        (("--output", "mixed.yml"), ("--output gets what a search found", "give --search")),
        (("--float", "good.pt2", "--search", "30"), ("a search quantizes the float model anew",)),
        (("--samples", "nothing.npz"), ("nothing.npz", "does not exist")),
        (("--labels", "labels.npy"), ("--labels is for an output of one score for each class", "relu")),
    ],
)
def test_accuracy(
    options: tuple[str, ...],
    words: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    model, calibration = models.good_model(tmp_path), models.good_calibration(tmp_path)
    np.save(tmp_path / "labels.npy", np.zeros(3, np.int64))
    before = sorted(tmp_path.iterdir())
    given = ["accuracy", str(model), "--calibration", str(calibration), "--samples", str(calibration)]
    assert cli._run([*given, *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "error: " in printed.err and "Traceback" not in printed.err
    for word in words:
        assert word in printed.err, printed.err
    assert sorted(tmp_path.iterdir()) == before
