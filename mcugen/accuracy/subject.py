"""An integer graph and the float program behind it on the same samples: the numbers that all comparisons need."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mcugen.accuracy.correspondence import Correspondence, Values, correspondences
from mcugen.graph import reference
from mcugen.graph.graph import Graph, Port
from mcugen.graph.layout import to_device_layout
from mcugen.graph.quantization import normalize, quantize
from mcugen.graph.tensor import DTYPES, IntArray

if TYPE_CHECKING:
    from mcugen.frontend.counterpart import Counterpart

Samples = Mapping[str, npt.NDArray[np.generic]]
"""By the name of an input or state: (samples, *shape in the model's layout)."""

_PROVING = 4
"""Samples on which correspondences are found."""


@dataclass(frozen=True)
class Subject:
    """Attributes:
    samples: of the model's inputs, and of its states as the float program leaves them.
    """

    graph: Graph
    counterpart: Counterpart
    samples: Samples

    @property
    def count(self) -> int:
        return len(next(iter(self.samples.values())))

    @functools.cached_property
    def inputs(self) -> dict[str, IntArray]:
        """Integers of the graph's inputs by tensor, (samples, *shape in the device's layout)."""
        found = {}
        for port in self.graph.inputs:
            tensor = self.graph.tensor(port.tensor)
            integers = port_integers(self.graph, port, self.samples[port.name])
            found[port.tensor] = np.stack([to_device_layout(port, tensor, sample) for sample in integers])
        return found

    def run(self, index: int, state: reference.State | None = None) -> dict[str, IntArray]:
        """All tensors of one inference of the integer reference."""
        return reference.run(self.graph, {name: array[index] for name, array in self.inputs.items()}, state)

    @functools.cached_property
    def correspondences(self) -> dict[str, Correspondence]:
        """By tensor of the graph; see `correspondence`."""
        lowered = self.counterpart.lowered
        runs: list[tuple[Values, Values]] = []
        for index in spread(self.count, _PROVING):
            given = {
                port.tensor: port_integers(lowered, port, self._of_lowered(port, index))[0] for port in lowered.inputs
            }
            runs.append((self.run(index), reference.run(lowered, given)))
        return correspondences(self.graph, lowered, self.counterpart.values, runs)

    def _of_lowered(self, port: Port, index: int) -> npt.NDArray[Any]:
        """One sample of an input of the lowered graph; a state is what it is after a reset, as in `run`."""
        initial = {tie.name: tie.initial for tie in self.counterpart.ties}
        if port.name in initial:
            return np.asarray(initial[port.name]).reshape(1, *port.shape)
        return self.samples[port.name][index : index + 1]


def port_integers(graph: Graph, port: Port, values: npt.NDArray[Any]) -> IntArray:
    """Real values of an input, (samples, *shape in the model's layout), as its tensor has them, in the same layout."""
    tensor, by = graph.tensor(port.tensor), port.normalization
    if tensor.quantization is None:
        return values.astype(DTYPES[tensor.dtype]).reshape(len(values), *port.shape)
    if by is not None:
        values = normalize(
            values.reshape(len(values), *port.shape), None if by.axis is None else by.axis + 1, by.factors, by.offsets
        )
    return quantize(values, tensor.quantization, tensor.dtype).reshape(len(values), *port.shape)


def spread(count: int, most: int) -> Sequence[int]:
    """Up to `most` of so many indices, evenly."""
    chosen = min(count, most)
    return sorted({index * count // chosen for index in range(chosen)})
