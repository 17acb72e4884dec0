"""Ties each state's result to its input: the last step behind the exact passes, which see two ordinary ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.errors import InputError
from mcugen.graph.graph import Graph, Port, State
from mcugen.graph.layout import to_device_layout
from mcugen.graph.ops import Operator, Requantize, Reshape, Transpose
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, eq=False)
class Held:
    """A state before it is tied.

    Attributes:
        output: the name of its output port.
        initial: its value after a reset, in the model's numbers.
        observed: whether its range was found from what is stored in it.
        integers: whether `initial` has the integers of the state's tensor instead.
    """

    output: str
    initial: npt.NDArray[np.generic]
    observed: bool = True
    integers: bool = False


def open_states(graph: Graph) -> tuple[Graph, dict[str, Held]]:
    """The graph with its states as ports, as the exact passes want it, and what `hold_states` ties them with again."""
    names = {port.name for port in (*graph.inputs, *graph.outputs)}

    def port(name: str, tensor: str) -> Port:
        while name in names:
            name += "_state"
        names.add(name)
        shape = graph.tensor(tensor).shape
        return Port(tensor, name, shape, tuple(range(len(shape))))

    held, inputs, outputs = {}, [], []
    for state in graph.states:
        before, after = port(state.name, state.tensor), port(f"{state.name}_next", state.result)
        inputs.append(before)
        outputs.append(after)
        held[before.name] = Held(after.name, state.initial, integers=True)
    opened = graph.with_changes(inputs=(*graph.inputs, *inputs), outputs=(*graph.outputs, *outputs), states=())
    return opened, held


def hold_states(graph: Graph, held: Mapping[str, Held]) -> Graph:
    """The graph with the inputs of these names kept by the module, from the outputs that belong to them.

    A state has the layout and the quantization of its input; where its output has others, a transpose or a
    requantization is added.

    Args:
        held: by the name of the input.

    Raises:
        InputError: a state has another type after a step, or a range that it does not hold.
    """
    if not held:
        return graph
    outputs = {port.name: port for port in graph.outputs}
    editor = _Editor(graph)
    states = [
        editor.state(port, held[port.name], outputs[held[port.name].output])
        for port in graph.inputs
        if port.name in held
    ]
    gone = {state.output for state in held.values()}
    return graph.with_changes(
        operators=(*graph.operators, *editor.operators),
        new_tensors=editor.tensors,
        inputs=[port for port in graph.inputs if port.name not in held],
        outputs=[port for port in graph.outputs if port.name not in gone],
        states=states,
    )


def _require_range(name: str, before: Tensor, after: Tensor) -> None:
    """What a step leaves has to fit what the next one reads, or it would be cut off in every step."""
    (low, high), (least, most) = ([(end - t.zero_point) * t.scale for end in t.integer_range] for t in (before, after))
    if least < low - before.scale or most > high + before.scale:
        raise InputError(
            f"the state {name!r} has no scale that holds in all steps: it is given scale {before.scale:g}, for "
            f"{low:g} to {high:g}, before a step, and scale {after.scale:g}, for {least:g} to {most:g}, after it",
            where=f"state {name!r}",
            hint="let both sides share one observer in the PT2E quantizer (SharedQuantizationSpec), or give mcugen the "
            "float model with --calibration",
        )


class _Editor:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operators: list[Operator] = []
        self.tensors: list[Tensor] = []

    def state(self, port: Port, held: Held, output: Port) -> State:
        tensor = self.graph.tensor(port.tensor)
        result = self.graph.tensor(output.tensor)
        if tensor.dtype != result.dtype:
            raise InputError(
                f"the state {port.name!r} is {tensor.dtype} before a step and {result.dtype} after it",
                where=f"state {port.name!r}",
                hint="quantize both sides of the state to one type",
            )
        if tensor.quantization is not None and tensor.quantization != result.quantization:
            if not held.observed:
                _require_range(port.name, tensor, result)
            limits = tensor.integer_range
            result = self._append(Requantize, result, result.shape, tensor, "requantize", clamp=limits)
        if output.to_device != port.to_device:
            result = self._reshape(result, tuple(output.shape[axis] for axis in output.to_device))
            order = tuple(output.to_device.index(axis) for axis in port.to_device)
            shape = tuple(output.shape[axis] for axis in port.to_device)
            result = self._append(Transpose, result, shape, tensor, "transpose", permutation=order)
        result = self._reshape(result, tensor.shape)
        return State(port.name, port.tensor, result.name, self._initial(port, tensor, held))

    def _reshape(self, source: Tensor, shape: tuple[int, ...]) -> Tensor:
        return source if source.shape == shape else self._append(Reshape, source, shape, source, "reshape")

    def _initial(self, port: Port, tensor: Tensor, held: Held) -> IntArray:
        if tensor.quantization is None or held.integers:
            integers = held.initial.astype(DTYPES[tensor.dtype])
        else:
            integers = quantize(held.initial.astype(np.float32), tensor.quantization, tensor.dtype)
        return to_device_layout(port, tensor, integers)

    def _append(
        self, kind: type[Operator], source: Tensor, shape: tuple[int, ...], like: Tensor, what: str, **attributes: Any
    ) -> Tensor:
        name = f"{source.name}_{what}_state"
        quantization = like.quantization if kind is Requantize else source.quantization
        tensor = Tensor(name, shape, like.dtype, quantization)
        self.tensors.append(tensor)
        self.operators.append(kind(name=name, inputs=(source.name,), outputs=(name,), **attributes))
        return tensor
