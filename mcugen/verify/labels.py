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
    """

    output: str
    confusion: npt.NDArray[np.int64]

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
        return {
            "output": self.output,
            "samples": self.samples,
            "correct": self.correct,
            "top1": self.top1,
            "confusion": self.confusion.tolist(),
        }


def load_labels(path: Path, manifest: Manifest, samples: int) -> npt.NDArray[np.int64]:
    """Reads Y.npy: the number of the true class of each sample, from 0.

    Raises:
        InputError: the file is wrong, or the module is no classifier with one output.
    """
    classes = _classes(_scores(manifest))
    source = Source(
        path, "the file of labels", "write it with numpy.save(path, classes), a whole number for each sample"
    )
    labels = read_npy(source)
    if labels.dtype.kind not in "iu":
        raise source.error(f"holds {labels.dtype}, must hold whole numbers")
    if labels.shape not in ((samples,), (samples, 1)):
        raise source.error(f"has shape {labels.shape}, there are {samples} samples")
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise source.error(f"holds class {int(wrong.flat[0])}, the model has the classes 0 to {classes - 1}")
    return labels.reshape(-1).astype(np.int64)


def classify(labels: npt.NDArray[np.int64], outputs: Mapping[str, IntArray], manifest: Manifest) -> Classification:
    """Args:
    outputs: (samples, ...) by name, in the model's layout; of equal scores the first counts.
    """
    port = _scores(manifest)
    predicted = outputs[port.name].reshape(len(labels), -1).argmax(axis=1)
    confusion = np.zeros((_classes(port),) * 2, np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    return Classification(port.name, confusion)


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
            hint="count them yourself, in the file of --outputs",
        )
    return port


def _classes(port: PortEntry) -> int:
    return int(np.prod(port.shape))
