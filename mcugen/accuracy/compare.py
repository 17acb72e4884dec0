"""The integers of the reference, or of the firmware, against the float model on the user's samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.accuracy.figures import Comparison
from mcugen.accuracy.layers import Layers
from mcugen.accuracy.result import ClassAccuracy, LayerAccuracy, OutputAccuracy
from mcugen.accuracy.subject import Subject, spread
from mcugen.errors import CheckFailedError
from mcugen.graph import reference
from mcugen.graph.graph import Graph, Port
from mcugen.graph.layout import to_model_layout
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import IntArray

Progress = Callable[[int, int], None]

LAYER_SAMPLES = 200
"""Of the samples at most so many are compared layer by layer."""

SINGLE_SAMPLES = 16
"""And so many with one layer at a time in integers."""

TOP = 5

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Compared:
    """Attributes:
    wanted: of the float model by output, (samples, ...).
    integers: of the integer program by output, in the same shape.
    layer_samples, single_samples: see `LAYER_SAMPLES` and `SINGLE_SAMPLES`.
    """

    wanted: Arrays
    integers: Arrays
    outputs: tuple[OutputAccuracy, ...]
    layers: tuple[LayerAccuracy, ...]
    layer_samples: int
    single_samples: int


def compare(
    subject: Subject,
    *,
    by_layer: bool = True,
    firmware: Mapping[str, IntArray] | None = None,
    wanted: Arrays | None = None,
    progress: Progress | None = None,
) -> Compared:
    """Runs the float program and the integer reference on all samples.

    Args:
        by_layer: compare layers too.
        firmware: outputs of the firmware by name, (samples, ...) in the model's layout: compared instead of the
            reference's. The layers are the reference's in any case; on their samples both must give the same outputs.
        wanted: results of the float program, where they are known already.

    Raises:
        CheckFailedError: the firmware differs from the reference.
    """
    graph, count = subject.graph, subject.count
    layers = Layers(subject) if by_layer else None
    chosen = _chosen(subject, range(count), LAYER_SAMPLES) if layers is not None else []
    single = _chosen(subject, chosen, SINGLE_SAMPLES)
    results: dict[str, list[IntArray]] = {port.name: [] for port in graph.outputs}
    state = reference.reset(graph)
    every = subject.counterpart.reset_every
    for index in range(count):
        if every is not None and index % every == 0:
            state = reference.reset(graph)
        if firmware is None or index in chosen or graph.states:
            values = subject.run(index, state)
            state = reference.kept(graph, values)
            for port in graph.outputs:
                results[port.name].append(to_model_layout(port, _value(subject, values, port)))
                if firmware is not None and not _same(results[port.name][-1], firmware[port.name][index]):
                    raise CheckFailedError(
                        f"output {port.name!r} of the firmware differs from the integer reference on sample {index}",
                        hint="`mcugen verify` names the layer",
                    )
            if layers is not None and index in chosen:
                layers.add(index, values, single=index in single)
        if progress is not None:
            progress(index + 1, count)
    wanted = wanted_of(subject) if wanted is None else wanted
    got = {name: np.stack(parts) for name, parts in results.items()} if firmware is None else dict(firmware)
    shaped = {port.name: got[port.name].reshape(wanted[port.name].shape) for port in graph.outputs}
    outputs = tuple(output_accuracy(graph, port, wanted[port.name], shaped[port.name]) for port in graph.outputs)
    found = layers.accuracy() if layers is not None else ()
    return Compared(wanted, shaped, outputs, found, len(chosen), len(single))


def _chosen(subject: Subject, indices: Sequence[int], most: int) -> list[int]:
    """Up to `most` of the samples, evenly; the first ones where they are steps of a sequence."""
    if subject.graph.states:
        return list(indices[:most])
    return [indices[i] for i in spread(len(indices), most)] if indices else []


def wanted_of(subject: Subject) -> dict[str, npt.NDArray[Any]]:
    """Of the float program, by output of the graph; scores before a softmax that was left out are a value inside."""
    found = dict(subject.counterpart.outputs(subject.samples))
    for port in subject.graph.outputs:
        if port.name not in found:
            value = subject.correspondences[port.tensor].value
            runs = (subject.counterpart.run(subject.samples, i, frozenset([value]))[0] for i in range(subject.count))
            found[port.name] = np.stack([run[value] for run in runs])
    return {port.name: found[port.name] for port in subject.graph.outputs}


def _value(subject: Subject, values: Mapping[str, IntArray], port: Port) -> IntArray:
    constant = subject.graph.tensor(port.tensor).data
    return values[port.tensor] if constant is None else constant


def _same(a: IntArray, b: IntArray) -> bool:
    return np.array_equal(a.reshape(-1), b.reshape(-1))


def output_accuracy(graph: Graph, port: Port, wanted: npt.NDArray[Any], integers: npt.NDArray[Any]) -> OutputAccuracy:
    """Args:
    wanted, integers: (samples, ...), of one shape; `integers` as the port has them, which may be float32.
    """
    quantization, tensor = graph.real_quantization(port), graph.tensor(port.tensor)
    if tensor.dtype == "float32":
        inner = graph.quantized_of(port)
        quantization = inner.quantization
        assert quantization is not None
        integers = quantize(integers, quantization, inner.dtype)
    if quantization is None:
        return OutputAccuracy(port.name, None, round(float(np.mean(integers != wanted)), 6))
    comparison = Comparison(quantization)
    for index in range(len(wanted)):
        comparison.add(index, wanted[index], integers[index])
    return OutputAccuracy(port.name, comparison.figures())


def classify(labels: npt.NDArray[np.int64], compared: Compared) -> ClassAccuracy:
    """The classes that both give; of equal scores the first counts."""
    ((name, wanted),) = compared.wanted.items()
    scores, integers = (array.reshape(len(labels), -1) for array in (wanted, compared.integers[name]))
    classes = scores.shape[1]
    top = (_among(labels, scores), _among(labels, integers)) if classes > TOP else (None, None)
    return ClassAccuracy(
        name, labels, scores.argmax(1).astype(np.int64), integers.argmax(1).astype(np.int64), classes, *top
    )


def _among(labels: npt.NDArray[np.int64], scores: npt.NDArray[Any]) -> int:
    """Samples whose true class is among the highest `TOP` scores."""
    true = scores[np.arange(len(labels)), labels][:, None]
    before = (scores > true) | ((scores == true) & (np.arange(scores.shape[1]) < labels[:, None]))
    return int((before.sum(axis=1) < TOP).sum())
