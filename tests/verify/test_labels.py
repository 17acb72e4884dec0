"""`run --labels` and `run --float`: what goes wrong with the file, what is counted, what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mcugen.emit.manifest import Manifest
from mcugen.errors import InputError
from mcugen.graph.quantization import dequantize
from mcugen.graph.tensor import Quantization
from mcugen.report.classes import confusion
from mcugen.verify.labels import Classification, check_k, classify, load_labels
from mcugen.verify.run import _with_floats
from tests.verify.manifests import manifest, port

SCORES = port("scores", (1, 3), (0, 1), 0.1, 3)
CLASSIFIER = manifest((port("x", (1, 4), (0, 1), 0.1, 0),), (SCORES,))


def save(path: Path, values: object) -> Path:
    np.save(path, np.asarray(values))
    return path


def test_counts(tmp_path: Path) -> None:
    labels = load_labels(save(tmp_path / "y.npy", np.uint8([0, 1, 2, 2, 1])), CLASSIFIER, 5)
    # The third is a tie, which the lower class wins.
    outputs = np.int8([[9, 1, 1], [1, 9, 1], [1, 5, 5], [-9, -9, -1], [7, 7, 7]])
    found = classify(labels, {"scores": outputs}, CLASSIFIER)
    assert found.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert found.as_json() == {
        "output": "scores",
        "samples": 5,
        "correct": 3,
        "top1": 0.6,
        "confusion": found.confusion.tolist(),
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros(4, np.int64), "there are 5 samples"),
        (np.zeros((5, 1, 1), np.int64), "there are 5 samples"),
        (np.zeros((5, 3), np.int64), "must be 1 at the true class"),
        (np.full((5, 3), 1 / 3), "must be 1 at the true class"),
        (np.eye(5), "rows of 5 numbers, the model has 3 classes"),
        (np.eye(3), "there are 5 samples"),
        (np.float32([0, 1, 2, 2, 1]), "must hold whole numbers"),
        (np.float32([[0.3], [1.5], [2], [2], [1]]), "must hold whole numbers"),
        ([0, 1, 2, 3, 1], "holds class 3, the model has the classes 0 to 2"),
        ([0, 1, 2, -1, 1], "holds class -1"),
        (["cat", "dog", "cat", "dog", "cat"], "must be numbers"),
    ],
)
def test_wrong_labels(tmp_path: Path, values: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_labels(save(tmp_path / "y.npy", values), CLASSIFIER, 5)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
def test_rows_that_are_1_at_the_class(tmp_path: Path, dtype: str) -> None:
    labels = np.eye(3)[[0, 2, 1, 1, 0]].astype(dtype)
    np.testing.assert_array_equal(load_labels(save(tmp_path / "y.npy", labels), CLASSIFIER, 5), [0, 2, 1, 1, 0])


def test_the_k_highest() -> None:
    outputs = np.int8([[9, 1, 1], [5, 7, 9], [1, 5, 5], [5, 5, 5]])
    labels = np.array([0, 1, 2, 2])
    found = [classify(labels, {"scores": outputs}, CLASSIFIER, k) for k in (1, 2, 3)]
    # Of equal scores the lower class is before: the last sample's is the third.
    assert [one.in_top_k for one in found] == [1, 3, 4]
    assert found[0].correct == 1 and "top_k" not in found[0].as_json()
    assert found[1].as_json()["top_k"] == {"k": 2, "correct": 3, "share": 0.75}
    check_k(2, CLASSIFIER)
    for k in (0, 3, 4):
        with pytest.raises(InputError, match=f"--top {k} says nothing of 3 classes"):
            check_k(k, CLASSIFIER)


def test_no_npy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_labels(tmp_path / "none.npy", CLASSIFIER, 5)
    (tmp_path / "y.npy").write_text("0 1 2")
    with pytest.raises(InputError, match=r"is not an \.npy"):
        load_labels(tmp_path / "y.npy", CLASSIFIER, 5)
    whole = save(tmp_path / "whole.npy", np.zeros(5, np.int64)).read_bytes()
    for cut in (8, 40, len(whole) - 1):
        (tmp_path / "y.npy").write_bytes(whole[:cut])
        with pytest.raises(InputError, match="is damaged"):
            load_labels(tmp_path / "y.npy", CLASSIFIER, 5)


@pytest.mark.parametrize(
    "other",
    [
        manifest(CLASSIFIER.inputs, (SCORES, SCORES)),
        manifest(CLASSIFIER.inputs, (port("m", (1, 3, 4), (0, 2, 1), 0.1, 0),)),
        manifest(CLASSIFIER.inputs, (port("one_number", (1, 1), (0, 1), 0.1, 0),)),
    ],
)
def test_no_classifier(tmp_path: Path, other: Manifest) -> None:
    with pytest.raises(InputError, match="--labels is for a model"):
        load_labels(save(tmp_path / "y.npy", [0]), other, 1)


def test_floats_lie_beside_the_integers() -> None:
    values = np.int8([[1, 3, -128]])
    found = _with_floats({"scores": values}, CLASSIFIER)
    assert set(found) == {"scores", "scores.float", "scores.scale", "scores.zero_point"}
    np.testing.assert_array_equal(found["scores"], values)
    np.testing.assert_array_equal(found["scores.float"], dequantize(values, Quantization.per_tensor(0.1, 3)))
    assert found["scores.float"].dtype == np.float32
    assert (found["scores.scale"], found["scores.zero_point"]) == (np.float32(0.1), 3)


def shown(classes: int) -> str:
    matrix = np.eye(classes, dtype=np.int64) * 5
    matrix[1, 2] = 3
    console = Console(width=200)
    with console.capture() as capture:
        for part in confusion(Classification("scores", matrix)):
            console.print(part)
    return capture.get()


def test_few_classes_are_a_table_and_many_a_list() -> None:
    assert shown(3).splitlines()[-2].split() == ["1", ".", "5", "3"]
    assert shown(100).strip() == "3 of class 1 taken for class 2"
