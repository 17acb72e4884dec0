"""What the outputs of a classifier are worth: the classes that it gives against those that are true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.borders import Source
from mcugen.borders.npz import read_npy
from mcugen.emit.manifest import Manifest, PortEntry
from mcugen.errors import InputError
from mcugen.graph.tensor import IntArray


@dataclass(frozen=True, eq=False)
class Classification:
    """Attributes:
    output: the name of the output that holds the scores.
    confusion: samples by [true class, class of the highest score].
    k: how many of the highest scores were looked at besides; 1 for none.
    in_top_k: samples whose class is among them.
    """

    output: str
    confusion: npt.NDArray[np.int64]
    k: int = 1
    in_top_k: int = 0

    @property
    def samples(self) -> int:
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        return int(np.trace(self.confusion))

    @property
    def top1(self) -> float:
        """Share of the samples whose highest score is that of the true class."""
        return self.correct / self.samples

    def as_json(self) -> dict[str, Any]:
        found = {
            "output": self.output,
            "samples": self.samples,
            "correct": self.correct,
            "top1": self.top1,
            "confusion": self.confusion.tolist(),
        }
        if self.k > 1:
            found["top_k"] = {"k": self.k, "correct": self.in_top_k, "share": self.in_top_k / self.samples}
        return found


def load_labels(path: Path, manifest: Manifest, samples: int) -> npt.NDArray[np.int64]:
    """Reads Y.npy: the number of the true class of each sample, from 0; or a row for each sample that is 1 at its class
    and 0 elsewhere.

    Raises:
        InputError: the file is wrong, or the module is no classifier with one output.
    """
    return read_labels(path, _classes(_scores(manifest)), samples)


def read_labels(path: Path, classes: int, samples: int) -> npt.NDArray[np.int64]:
    """As `load_labels`, for a model with so many classes."""
    source = Source(
        path, "the file of labels", "write it with numpy.save(path, classes), a whole number for each sample"
    )
    labels = read_npy(source)
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = _classes_of_rows(labels, classes, source)
    if labels.dtype.kind not in "iu":
        raise source.error(f"holds {labels.dtype}, must hold whole numbers: the class of each sample, from 0")
    if labels.shape not in ((samples,), (samples, 1)):
        raise source.error(f"has shape {labels.shape}, there are {samples} samples")
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise source.error(f"holds class {int(wrong.flat[0])}, the model has the classes 0 to {classes - 1}")
    return labels.reshape(-1).astype(np.int64)


def _classes_of_rows(labels: npt.NDArray[Any], classes: int, source: Source) -> npt.NDArray[np.int64]:
    if labels.shape[1] != classes:
        raise source.error(f"has rows of {labels.shape[1]} numbers, the model has {classes} classes")
    if not (((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all()):
        raise source.error("has a row for each sample, which must be 1 at the true class and 0 elsewhere")
    found: npt.NDArray[np.int64] = np.argmax(labels, axis=1).astype(np.int64)
    return found


def check_k(k: int, manifest: Manifest) -> None:
    """Raises InputError when so many of the highest scores are none or all."""
    classes = _classes(_scores(manifest))
    if not 1 <= k < classes:
        raise InputError(f"--top {k} says nothing of {classes} classes", hint=f"give 1 to {classes - 1}")


def classify(
    labels: npt.NDArray[np.int64], outputs: Mapping[str, IntArray], manifest: Manifest, k: int = 1
) -> Classification:
    """Args:
    outputs: (samples, ...) by name, in the model's layout; of equal scores the first counts.
    k: how many of the highest scores may hold the true class.
    """
    port = _scores(manifest)
    scores = outputs[port.name].reshape(len(labels), -1)
    confusion = np.zeros((_classes(port),) * 2, np.int64)
    np.add.at(confusion, (labels, scores.argmax(axis=1)), 1)
    # Before the true class come higher scores, and equal ones of lower classes.
    true = scores[np.arange(len(labels)), labels][:, None]
    before = (scores > true) | ((scores == true) & (np.arange(scores.shape[1]) < labels[:, None]))
    return Classification(port.name, confusion, k, int((before.sum(axis=1) < k).sum()))


def _scores(manifest: Manifest) -> PortEntry:
    if len(manifest.outputs) != 1:
        raise InputError(
            f"--labels is for a model with one output, this one has {len(manifest.outputs)}",
            hint="count them yourself, in the file of --outputs",
        )
    (port,) = manifest.outputs
    if len([extent for extent in port.shape if extent != 1]) != 1 or port.dtype == "bool":
        raise InputError(
            "--labels is for a model that gives a score for each class",
            where=f"output {port.name!r} has shape {port.shape}",
            hint="hold the file of --outputs against the truth yourself; --float adds real numbers to it",
        )
    return port


def _classes(port: PortEntry) -> int:
    return int(np.prod(port.shape))
