"""Inputs and outputs in a type that the user asks for, whatever the network computes in: `--io`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops import Dequantize, Operator, Quantize, Requantize, Reshape, Softmax, Transpose
from mcugen.graph.tensor import Quantization, Tensor

TYPES = ("int8", "int16", "float32")


def convert_borders(graph: Graph, dtype: str) -> Graph:
    """The graph with real inputs and outputs of a type; plain integers and booleans, and states, stay as they are.

    An int16 input of an int8 network has 256 times finer steps; an int16 output holds its int8 exactly. An int8 port
    of an int16 network spans the integers that there can be: those of the calibration samples, of an output's clamp or
    softmax, else all. A uint8 port, which its network turns into int8, is
    what that is. A float32 port is quantized, or dequantized, as the application would do it.

    Args:
        dtype: one of `TYPES`.
    """
    if dtype != "float32":
        graph = _without_unsigned(graph)
    borders = _Borders(graph, dtype)
    inputs = [borders.input(port) for port in graph.inputs]
    outputs = [borders.output(port) for port in graph.outputs]
    operators = (*borders.before, *graph.operators, *borders.behind)
    made = graph.with_changes(operators=operators, new_tensors=borders.tensors, inputs=inputs, outputs=outputs)
    left = [port.name for port in (*made.inputs, *made.outputs) if made.tensor(port.tensor).dtype == "uint8"]
    if left and dtype != "float32":
        told = f"--io {dtype}: {', '.join(left)} stay uint8: the model reads or makes these bytes in several places"
        made = replace(made, warnings=(*made.warnings, told))
    # What was measured of finer steps is not true of coarser ones.
    return replace(made, fidelity=None) if borders.coarser else made


def _without_unsigned(graph: Graph) -> Graph:
    """Ports of uint8 are the int8 that their networks compute with: there is a `Requantize` between the two."""
    readers: dict[str, list[Operator]] = {}
    for op in graph.operators:
        for name in op.inputs:
            readers.setdefault(name, []).append(op)
    dropped: set[str] = set()

    def inner(port: Port, op: Operator | None, tensor: Callable[[Operator], str]) -> Port:
        unsigned = graph.tensor(port.tensor).dtype == "uint8" and isinstance(op, Requantize)
        if not unsigned or op is None or graph.tensor(tensor(op)).dtype != "int8" or op.name in dropped:
            return port
        dropped.add(op.name)
        return replace(port, tensor=tensor(op))

    inputs = [
        inner(port, own[0] if len(own := readers.get(port.tensor, [])) == 1 else None, lambda op: op.outputs[0])
        for port in graph.inputs
    ]
    taken = {port.tensor for port in inputs}
    outputs = []
    for port in graph.outputs:
        maker = graph.producer(port.tensor)
        alone = maker is not None and port.tensor not in readers and maker.inputs[0] not in taken
        alone = alone and sum(other.tensor == port.tensor for other in graph.outputs) == 1
        found = inner(port, maker if alone else None, lambda op: op.inputs[0])
        taken.add(found.tensor)
        outputs.append(found)
    if not dropped:
        return graph
    operators = [op for op in graph.operators if op.name not in dropped]
    return graph.with_changes(operators=operators, inputs=inputs, outputs=outputs)


class _Borders:
    def __init__(self, graph: Graph, dtype: str) -> None:
        self.before: list[Operator] = []
        self.behind: list[Operator] = []
        self.tensors: list[Tensor] = []
        self.coarser = False
        self._graph, self._dtype = graph, dtype
        self._taken = set(graph.tensors) | {op.name for op in graph.operators}

    def input(self, port: Port) -> Port:
        inner = self._graph.tensor(port.tensor)
        if not self._differs(inner):
            return port
        assert inner.quantization is not None
        if self._dtype == "float32":
            return self._quantize(port, inner)
        outer = self._tensor(
            port, inner, finest(inner) if self._dtype == "int16" else _spanning(inner, self._seen(port))
        )
        self._requantize(self.before, port, outer, inner)
        return replace(port, tensor=outer.name)

    def output(self, port: Port) -> Port:
        inner = self._graph.tensor(port.tensor)
        if not self._differs(inner):
            return port
        if self._dtype == "float32":
            outer = self._tensor(port, inner, None)
            self.behind.append(
                Dequantize(name=self._unique(f"{port.name}_type"), inputs=(inner.name,), outputs=(outer.name,))
            )
            return replace(port, tensor=outer.name)
        exact = Quantization.per_tensor(inner.scale, 0, 16)
        outer = self._tensor(port, inner, exact if self._dtype == "int16" else _spanning(inner, self._made(inner.name)))
        self._requantize(self.behind, port, inner, outer)
        return replace(port, tensor=outer.name)

    def _quantize(self, port: Port, inner: Tensor) -> Port:
        """The port takes the model's own values: what normalizes them is in the operator."""
        by, quantized, axis = port.normalization, inner, None
        moved: list[Operator] = []
        if by is not None and by.axis is not None:
            axis = port.to_device.index(by.axis)
            shape = tuple(port.shape[index] for index in port.to_device)
            if shape != inner.shape:
                quantized = replace(inner, name=self._unique(f"{port.name}_quantized"), shape=shape)
                self.tensors.append(quantized)
                name = self._unique(f"{port.name}_shape")
                moved.append(Reshape(name=name, inputs=(quantized.name,), outputs=(inner.name,)))
        outer = self._tensor(port, quantized, None)
        op = Quantize(
            name=self._unique(f"{port.name}_type"), inputs=(outer.name,), outputs=(quantized.name,), axis=axis
        )
        if by is not None:
            op = replace(op, factors=by.factors, offsets=by.offsets if axis is not None else (0.0,))
        self.before += [op, *moved]
        return replace(port, tensor=outer.name, normalization=None)

    def _differs(self, tensor: Tensor) -> bool:
        convertible = (*TYPES, "uint8") if self._dtype == "float32" else TYPES
        return tensor.quantization is not None and tensor.dtype in convertible and tensor.dtype != self._dtype

    def _seen(self, port: Port) -> tuple[int, int]:
        """The integers of the calibration samples, rounded outwards."""
        inner = self._graph.tensor(port.tensor)
        lowest, highest = inner.integer_range
        if port.seen is None or port.normalization is not None:
            return lowest, highest
        low, high = (end / inner.scale + inner.zero_point for end in (port.seen.low, port.seen.high))
        return max(int(low // 1), lowest), min(-int(-high // 1), highest)

    def _made(self, name: str) -> tuple[int, int]:
        """The lowest and highest integer that the operator behind a tensor can give."""
        op = self._graph.producer(name)
        while isinstance(op, Reshape | Transpose):
            op = self._graph.producer(op.inputs[0])
        lowest, highest = self._graph.tensor(name).integer_range
        if isinstance(op, Softmax):
            return 0, highest
        clamp: tuple[int, int] = getattr(op, "clamp", (lowest, highest))
        return clamp

    def _tensor(self, port: Port, like: Tensor, quantization: Quantization | None) -> Tensor:
        self.coarser = self.coarser or self._dtype == "int8"
        name = self._unique(f"{port.name}_{self._dtype}")
        made = replace(like, name=name, dtype=self._dtype, quantization=quantization, data=None)
        self.tensors.append(made)
        return made

    def _requantize(self, operators: list[Operator], port: Port, before: Tensor, after: Tensor) -> None:
        name = self._unique(f"{port.name}_type")
        limits = after.integer_range
        operators.append(Requantize(name=name, inputs=(before.name,), outputs=(after.name,), clamp=limits))

    def _unique(self, base: str) -> str:
        name, number = base, 1
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return name


def finest(tensor: Tensor) -> Quantization:
    """int16 in the finest steps that reach as far as an int8 tensor does."""
    furthest = max(abs(end - tensor.zero_point) for end in tensor.integer_range)
    return Quantization.per_tensor(tensor.scale * furthest / 32767, 0, 16)


def _spanning(tensor: Tensor, span: tuple[int, int]) -> Quantization:
    """int8 for the integers of `span` of an int16 tensor, and 0."""
    low, high = min(span[0], 0), max(span[1], 0)
    steps = (high - low + 1) / 256
    return Quantization.per_tensor(tensor.scale * steps, min(max(round(-128 - low / steps), -128), 127))
