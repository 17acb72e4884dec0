"""What `mcugen accuracy` finds out, and its JSON form (the contract that scripts rely on)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.accuracy.figures import Figures


@dataclass(frozen=True)
class OutputAccuracy:
    """One output against the float model's.

    Attributes:
        figures: None for plain integers and booleans.
        differing: of those, the share of the values that differ.
    """

    name: str
    figures: Figures | None
    differing: float | None = None

    def as_json(self) -> dict[str, Any]:
        if self.figures is None:
            return {"name": self.name, "differing": self.differing}
        return {"name": self.name, **self.figures.as_json()}


@dataclass(frozen=True)
class LayerAccuracy:
    """One layer of the device, at its end, against the value of the float program that it stands for.

    Attributes:
        name, op: of the layer, as the manifest has them; of an input of the model its name and "input".
        source, module: where in the user's program it comes from.
        value: the node of the float program.
        layer: the node that computes it, as `layer:` of a precision file calls it; "" for inputs.
        shape: of the value, in the program's own layout.
        dtype: of its integers.
        figures: with all error that is handed down to it.
        own_db: SQNR of the layer alone on exact inputs: the float values quantized, the layer run by its integer
            reference.
        output_db: SQNR of the model's outputs when this layer alone is in integers and all others are in float.
        share: of the noise at the outputs that the layers make one by one.
    """

    name: str
    op: str
    source: str
    module: str
    value: str
    layer: str
    shape: tuple[int, ...]
    dtype: str
    figures: Figures
    own_db: float
    output_db: float
    share: float

    def as_json(self) -> dict[str, Any]:
        body = asdict(self)
        body["figures"] = self.figures.as_json()
        return body


@dataclass(frozen=True, eq=False)
class ClassAccuracy:
    """What outputs are worth as classes.

    Attributes:
        output: the name of the output that holds the scores.
        labels, float_classes, classes: by sample: the true class, and those of the highest score of the float model
            and of the integers.
        float_top5, top5: samples whose true class is among the five highest scores; None with five classes or fewer.
    """

    output: str
    labels: npt.NDArray[np.int64]
    float_classes: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]
    count: int
    float_top5: int | None = None
    top5: int | None = None

    @property
    def samples(self) -> int:
        return len(self.labels)

    @property
    def float_top1(self) -> float:
        return float((self.float_classes == self.labels).mean())

    @property
    def top1(self) -> float:
        return float((self.classes == self.labels).mean())

    @property
    def changed(self) -> list[int]:
        """Samples to which the integers give another class than the float model."""
        return [int(i) for i in np.flatnonzero(self.classes != self.float_classes)]

    def confusion(self, classes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Samples by [true class, class given]."""
        found = np.zeros((self.count, self.count), np.int64)
        np.add.at(found, (self.labels, classes), 1)
        return found

    def as_json(self) -> dict[str, Any]:
        return {
            "output": self.output,
            "samples": self.samples,
            "float": self._part(self.float_classes, self.float_top5),
            "integer": self._part(self.classes, self.top5),
            "changed": [
                {
                    "sample": i,
                    "label": int(self.labels[i]),
                    "float": int(self.float_classes[i]),
                    "integer": int(self.classes[i]),
                }
                for i in self.changed
            ],
        }

    def _part(self, classes: npt.NDArray[np.int64], top5: int | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "top1": float((classes == self.labels).mean()),
            "confusion": self.confusion(classes).tolist(),
        }
        if top5 is not None:
            body["top5"] = top5 / self.samples
        return body


@dataclass(frozen=True)
class Remedy:
    """Another quantization of the model that was made and measured on the same samples.

    Attributes:
        words: such as "layer conv2d_3 in int16".
        options: of `mcugen emit`, such as "--observer mse"; "" where it takes a rules file.
        sqnr_db: of the outputs, the worst one.
        gain_db: against the model as it is.
        cost: instructions by the kernels' estimates over those of the model as it is; None without a board.
        top1: share of right classes; None without labels.
    """

    words: str
    options: str
    sqnr_db: float
    gain_db: float
    cost: float | None
    top1: float | None = None


@dataclass(frozen=True)
class Counted:
    """Of one inference of the firmware, counted in an emulator. `cycles`: None without a timing model of the core."""

    instructions: int
    cycles: int | None
    flash_bytes: int


@dataclass(frozen=True)
class SearchResult:
    """The cheapest mixed precision found that reaches a target.

    Attributes:
        target: in words.
        reached: whether it is reached at all; False: the layers are those of the best that was found.
        layers: nodes of the float program that compute in int16, in its order.
        rules: the precision file's text.
        sqnr_db, top1: of the outputs with them.
        cost: instructions by the kernels' estimates over those of the model as it is.
        trials: quantizations that were made and measured.
        before, after: the firmware, where there is a board.
    """

    target: str
    reached: bool
    layers: tuple[str, ...]
    rules: str
    sqnr_db: float
    top1: float | None
    cost: float | None
    trials: int
    before: Counted | None = None
    after: Counted | None = None

    @property
    def cycles(self) -> float | None:
        """Counted cycles, or instructions where there are none, over those of the model as it is."""
        if self.before is None or self.after is None:
            return None
        if self.before.cycles is not None and self.after.cycles is not None:
            return self.after.cycles / self.before.cycles
        return self.after.instructions / self.before.instructions


@dataclass(frozen=True)
class AccuracyOutcome:
    """Result of `mcugen accuracy`.

    Attributes:
        name: of the model or module.
        board: None where the integers are the reference's without a board.
        against: what the integers are held against, in words.
        computed_by: "reference", or the emulator that ran the firmware.
        samples, layer_samples, single_samples: how many were compared: outputs; layers; layers one by one.
        outputs, layers: in the model's and the schedule's order.
        doubts: why samples may be scaled wrongly.
        remedies: what was tried to gain accuracy, the best first.
        search: for mixed precision, where it was asked for.
    """

    name: str
    board: str | None
    computed_by: str
    samples: int
    layer_samples: int
    single_samples: int
    outputs: tuple[OutputAccuracy, ...]
    layers: tuple[LayerAccuracy, ...]
    classes: ClassAccuracy | None = None
    doubts: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    search: SearchResult | None = None
    against: str = "the float model"
    edited: tuple[str, ...] = ()

    @property
    def sqnr_db(self) -> float | None:
        """Of the worst output; None where there are plain integers alone."""
        return min((o.figures.sqnr_db for o in self.outputs if o.figures is not None), default=None)

    @property
    def culprit(self) -> LayerAccuracy | None:
        """The layer where most of the outputs' error enters: the first of those that alone make about as much of it."""
        largest = max((layer.share for layer in self.layers), default=0.0)
        return next((layer for layer in self.layers if layer.share > 0 and layer.share >= 0.7 * largest), None)

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "name": self.name,
            "board": self.board,
            "computed_by": self.computed_by,
            "against": self.against,
            "samples": self.samples,
            "layer_samples": self.layer_samples,
            "single_samples": self.single_samples,
            "sqnr_db": self.sqnr_db,
            "culprit": self.culprit.name if self.culprit is not None else None,
            "outputs": [output.as_json() for output in self.outputs],
            "layers": [layer.as_json() for layer in self.layers],
            "remedies": [asdict(remedy) for remedy in self.remedies],
        }
        optional: Mapping[str, Any] = {
            "classification": self.classes.as_json() if self.classes is not None else None,
            "doubts": list(self.doubts),
            "search": asdict(self.search) | {"cycles": self.search.cycles} if self.search is not None else None,
            "edited": list(self.edited),
        }
        return body | {name: value for name, value in optional.items() if value}
