"""What `mcugen debug` finds: a layer's values from the firmware, the integer reference and the float program, side by
side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.accuracy.figures import Figures
from mcugen.emit.manifest import LayerEntry
from mcugen.graph.tensor import IntArray, Quantization
from mcugen.verify.compare import Difference

Reals = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class DebuggedTensor:
    """One result of one layer, for one sample, in the device's layout.

    Attributes:
        layer: the layer that writes it.
        tensor: its name.
        key: what the arrays of the file begin with: the layer's name, the tensor's where the layer writes several.
        firmware, reference: integers.
        wanted: what the float program has there; None where no value of it is this tensor's.
        quantization: None for plain integers and booleans.
        difference: between firmware and reference; None: they are equal.
        figures: of the firmware against the float program; None without one.
    """

    layer: LayerEntry
    tensor: str
    key: str
    firmware: IntArray
    reference: IntArray
    wanted: Reals | None
    quantization: Quantization | None
    difference: Difference | None
    figures: Figures | None

    def as_json(self) -> dict[str, Any]:
        return {
            "layer": self.layer.name,
            "tensor": self.tensor,
            "key": self.key,
            "kernel": self.layer.kernel,
            "source": self.layer.source,
            "shape": list(self.firmware.shape),
            "match": self.difference is None,
            "difference": None if self.difference is None else str(self.difference),
            "float": None if self.figures is None else self.figures.as_json(),
        }


@dataclass(frozen=True)
class DebugOutcome:
    """Result of `mcugen debug`.

    Attributes:
        sample: which of the samples it was.
        ran_in: the emulator and what it emulates, in words.
        tensors: in the order of the schedule, those that were asked for.
        doubts: why samples may be scaled wrongly.
    """

    name: str
    board: str
    sample: int
    ran_in: str
    tensors: Sequence[DebuggedTensor]
    doubts: Sequence[str] = ()
    edited: Sequence[str] = ()

    @property
    def first_difference(self) -> DebuggedTensor | None:
        return next((tensor for tensor in self.tensors if tensor.difference is not None), None)

    def as_json(self) -> dict[str, Any]:
        first = self.first_difference
        return {
            "name": self.name,
            "board": self.board,
            "sample": self.sample,
            "ran_in": self.ran_in,
            "match": first is None,
            "first_difference": None if first is None else first.layer.name,
            "doubts": list(self.doubts),
            "layers": [tensor.as_json() for tensor in self.tensors],
            **({"edited": list(self.edited)} if self.edited else {}),
        }
