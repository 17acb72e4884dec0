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


State = Mapping[str, IntArray]
"""What a graph keeps between inferences, by the name of the state."""


def reset(graph: Graph) -> State:
    """The state before the first step."""
    return {state.name: state.initial for state in graph.states}


def kept(graph: Graph, values: Mapping[str, IntArray]) -> State:
    """The state that an inference leaves; `values` is what `run` has given."""
    return {state.name: _value(graph, values, state.result) for state in graph.states}


def _value(graph: Graph, values: Mapping[str, IntArray], name: str) -> IntArray:
    value = values[name] if name in values else graph.tensor(name).data
    assert value is not None
    return value


def run(graph: Graph, inputs: Mapping[str, IntArray], state: State | None = None) -> dict[str, IntArray]:
    """One inference, in the device's layout.

    Args:
        inputs: an integer array for each input tensor, by tensor name, with the tensor's shape and dtype.
        state: what the inference before has left (`kept`); None: after a reset.

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
    before = reset(graph) if state is None else state
    values.update({s.tensor: before[s.name] for s in graph.states})
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


def run_model_layout(
    graph: Graph, inputs: Mapping[str, IntArray], reset_every: int | None = None
) -> dict[str, IntArray]:
    """Many inferences, in the model file's layout; consecutive steps where the graph has state.

    Args:
        inputs: an integer array for each input, by the name in the model file (`Port.name`), of shape
            (samples, *port.shape), where a first axis of 1 in `port.shape` may be left out.
        reset_every: samples after which the state starts again.

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
    state = reset(graph)
    for index in range(count):
        if reset_every is not None and index % reset_every == 0:
            state = reset(graph)
        device = {p.tensor: to_device_layout(p, graph.tensor(p.tensor), arrays[p.name][index]) for p in graph.inputs}
        values = run(graph, device, state)
        state = kept(graph, values)
        for p in graph.outputs:
            results[p.name].append(to_model_layout(p, _value(graph, values, p.tensor)))
    shapes = {p.name: (count, *_sample_shape(p)) for p in graph.outputs}
    types = {p.name: DTYPES[graph.tensor(p.tensor).dtype] for p in graph.outputs}
    return {n: np.array(parts, dtype=types[n]).reshape(shapes[n]) for n, parts in results.items()}
