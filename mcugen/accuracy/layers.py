"""Each layer against the value of the float program at its end: with all that is handed down to it, and alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mcugen.accuracy.figures import Comparison, Real, decibels
from mcugen.accuracy.result import LayerAccuracy
from mcugen.accuracy.subject import Subject
from mcugen.graph.ops import Operator
from mcugen.graph.quantization import dequantize, quantize
from mcugen.graph.tensor import DTYPES, IntArray, Origin, Tensor


@dataclass(frozen=True)
class _Place:
    """A tensor with a float value: what an operator writes, or an input."""

    tensor: Tensor
    name: str
    kind: str
    origin: Origin
    operator: Operator | None


class Layers:
    """Collects samples of all layers of real numbers; `add` each, then `accuracy`."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known = subject.correspondences
        self._places = list(self._all_places())
        self._nodes = frozenset(one.value for one in self._known.values())
        self._whole = {place.tensor.name: self._comparison(place) for place in self._places}
        self._alone = {place.tensor.name: self._comparison(place) for place in self._places}
        self._noise = dict.fromkeys(self._whole, 0.0)
        self._singles = 0

    def _all_places(self) -> Iterator[_Place]:
        graph = self._subject.graph
        for port in graph.inputs:
            if port.tensor in self._known:
                yield _Place(graph.tensor(port.tensor), port.name, "input", Origin(), None)
        for op in graph.operators:
            for number, name in enumerate(op.outputs):
                if name in self._known and graph.tensor(name).quantization is not None:
                    label = op.name if number == 0 else f"{op.name} ({name})"
                    yield _Place(graph.tensor(name), label, op.kind, op.origin, op)

    @staticmethod
    def _comparison(place: _Place) -> Comparison:
        assert place.tensor.quantization is not None, place.name
        return Comparison(place.tensor.quantization)

    def add(self, index: int, values: Mapping[str, IntArray], *, single: bool) -> None:
        """One sample.

        Args:
            values: all tensors of the inference.
            single: measure what each layer alone does to the outputs, which takes a run of the float program for each.
        """
        real, outputs = self._subject.counterpart.run(self._subject.samples, index, self._nodes)
        exact = _Exact(self._subject, index, real)
        for place in self._places:
            name = place.tensor.name
            known = self._known[name]
            wanted = real[known.value]
            self._whole[name].add(index, wanted, known.to_program(values[name]))
            alone = known.to_program(exact.result(name))
            self._alone[name].add(index, wanted, alone)
            if single:
                self._noise[name] += self._at_outputs(index, place, alone, outputs)
        self._singles += single

    def _at_outputs(self, index: int, place: _Place, alone: IntArray, outputs: list[Real]) -> float:
        """Noise over signal, summed over the outputs, where one value alone is that of the integers."""
        assert place.tensor.quantization is not None
        instead = {self._known[place.tensor.name].value: dequantize(alone, place.tensor.quantization)}
        _, changed = self._subject.counterpart.run(self._subject.samples, index, instead=instead)
        total = 0.0
        for wanted, got in zip(outputs, changed, strict=True):
            if wanted.dtype.kind == "f":
                signal = float(np.square(wanted.astype(np.float64)).sum())
                noise = float(np.square(got.astype(np.float64) - wanted).sum())
                total += noise / signal if signal else float(noise > 0)
        return total

    def accuracy(self) -> tuple[LayerAccuracy, ...]:
        """In the order of the schedule, inputs first."""
        total = sum(self._noise.values())
        found = []
        for place in self._places:
            name = place.tensor.name
            known = self._known[name]
            found.append(
                LayerAccuracy(
                    name=place.name,
                    op=place.kind,
                    source=place.origin.source,
                    module=place.origin.module,
                    value=known.value,
                    layer=self._subject.counterpart.layer_of(known.value),
                    shape=known.shape,
                    dtype=place.tensor.dtype,
                    figures=self._whole[name].figures(),
                    own_db=self._alone[name].sqnr_db,
                    output_db=decibels(1.0, self._noise[name] / max(self._singles, 1)),
                    share=self._noise[name] / total if total else 0.0,
                )
            )
        return tuple(found)


class _Exact:
    """Operators run on float values that are quantized, for one sample.

    What has no value of its own in the float program is computed from what it is made of.
    """

    def __init__(self, subject: Subject, index: int, real: Mapping[str, Real]) -> None:
        self._graph = subject.graph
        self._inputs = {name: array[index] for name, array in subject.inputs.items()}
        self._known = subject.correspondences
        self._real = real
        self._producers = {name: op for op in subject.graph.operators for name in op.outputs}
        self._states = {state.tensor: state.initial for state in subject.graph.states}
        self._results: dict[str, IntArray] = {}
        self._taken: dict[str, IntArray] = {}

    def result(self, name: str) -> IntArray:
        """What the tensor's operator makes of exact inputs; of an input the value itself, quantized."""
        if name not in self._results:
            op = self._producers.get(name)
            if op is None:
                return self._value(name)
            given, ins, outs = self._operands(op), self._graph.input_tensors(op), self._graph.output_tensors(op)
            self._results.update(zip(op.outputs, op.reference(given, ins, outs), strict=True))
        return self._results[name]

    def _operands(self, op: Operator) -> list[IntArray]:
        found = []
        for tensor in self._graph.input_tensors(op):
            found.append(tensor.data if tensor.data is not None else self._value(tensor.name))
        return found

    def _value(self, name: str) -> IntArray:
        """The float value of a tensor, quantized."""
        if name not in self._taken:
            known, tensor = self._known.get(name), self._graph.tensor(name)
            if known is None:
                given = {**self._inputs, **self._states}
                self._taken[name] = given[name] if name in given else self.result(name)
            elif tensor.quantization is None:
                self._taken[name] = known.to_device(self._real[known.value], tensor).astype(DTYPES[tensor.dtype])
            else:
                real = known.to_device(self._real[known.value], tensor)
                self._taken[name] = quantize(real, tensor.quantization, tensor.dtype)
        return self._taken[name]
