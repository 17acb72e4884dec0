"""Runs a graph with the operators' integer references: the oracle for everything that runs on a device."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mcugen.graph.graph import Graph, Port
from mcugen.graph.layout import to_device_layout, to_model_layout
from mcugen.graph.tensor import DTYPES, IntArray


def _check_names(given: Mapping[str, IntArray], wanted: list[str]) -> None:
    if set(given) != set(wanted):
        raise ValueError(f"inputs are {sorted(given)}, the graph takes {sorted(wanted)}")


def run(graph: Graph, inputs: Mapping[str, IntArray]) -> dict[str, IntArray]:
    """One inference, in the device's layout.

    Args:
        inputs: an integer array for each input tensor, by tensor name, with the tensor's shape and dtype.

    Returns:
        Every activation tensor by name: the inputs, all intermediate tensors and the outputs.

    Raises:
        ValueError: an input is missing, unknown, or of the wrong shape or dtype.
    """
    _check_names(inputs, [p.tensor for p in graph.inputs])
    values: dict[str, IntArray] = {}
    for name, array in inputs.items():
        tensor = graph.tensor(name)
        if array.shape != tensor.shape or array.dtype != DTYPES[tensor.dtype]:
            raise ValueError(f"input {name!r} is {array.dtype}{array.shape}, must be {tensor.dtype}{tensor.shape}")
        values[name] = array
    for op in graph.operators:
        arguments = []
        for tensor in graph.input_tensors(op):
            arguments.append(values[tensor.name] if tensor.data is None else tensor.data)
        results = op.reference(arguments, graph.input_tensors(op), graph.output_tensors(op))
        values.update(zip(op.outputs, results, strict=True))
    return values


def _sample_shape(port: Port) -> tuple[int, ...]:
    """A port's shape without a first axis of 1."""
    return port.shape[1:] if port.shape[:1] == (1,) else port.shape


def _samples(port: Port, array: IntArray, dtype: str) -> IntArray:
    """Checks samples in the model's layout: (samples, *port.shape), a first axis of 1 left out or not."""
    short = _sample_shape(port)
    if array.ndim == 0 or array.shape[1:] not in (port.shape, short) or array.dtype != DTYPES[dtype]:
        wanted = ", ".join(["samples", *map(str, short)])
        raise ValueError(f"input {port.name!r} is {array.dtype}{array.shape}, must be {dtype}({wanted})")
    return array


def run_model_layout(graph: Graph, inputs: Mapping[str, IntArray]) -> dict[str, IntArray]:
    """Many inferences, in the model file's layout.

    Args:
        inputs: an integer array for each input, by the name in the model file (`Port.name`), of shape
            (samples, *port.shape), where a first axis of 1 in `port.shape` may be left out.

    Returns:
        Each output by its name in the model file, of shape (samples, *port.shape), without a first axis of 1.

    Raises:
        ValueError: an input is missing, unknown, or of the wrong shape or dtype, or sample counts differ.
    """
    _check_names(inputs, [p.name for p in graph.inputs])
    arrays = {p.name: _samples(p, inputs[p.name], graph.tensor(p.tensor).dtype) for p in graph.inputs}
    counts = {len(a) for a in arrays.values()}
    if len(counts) != 1:
        raise ValueError(f"inputs have different numbers of samples: {sorted(counts)}")
    (count,) = counts
    results: dict[str, list[IntArray]] = {p.name: [] for p in graph.outputs}
    for index in range(count):
        device = {p.tensor: to_device_layout(p, graph.tensor(p.tensor), arrays[p.name][index]) for p in graph.inputs}
        values = run(graph, device)
        for p in graph.outputs:
            value = values[p.tensor] if p.tensor in values else graph.tensor(p.tensor).data
            assert value is not None
            results[p.name].append(to_model_layout(p, value))
    shapes = {p.name: (count, *_sample_shape(p)) for p in graph.outputs}
    types = {p.name: DTYPES[graph.tensor(p.tensor).dtype] for p in graph.outputs}
    return {n: np.array(parts, dtype=types[n]).reshape(shapes[n]) for n, parts in results.items()}
