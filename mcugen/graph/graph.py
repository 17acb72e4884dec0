"""The integer IR: a graph is an ordered list of operators over named tensors, in static single assignment form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from mcugen.graph.ops.base import Operator
from mcugen.graph.statistics import Statistics
from mcugen.graph.tensor import IntArray, Quantization, Tensor


@dataclass(frozen=True)
class Normalization:
    """What is done to a port's real values before they are quantized: normalised = (real - offset) / factor.

    Attributes:
        axis: of the port's shape in the model file's layout, with a factor and an offset for each index; None: one
            factor, and no offset.
        factors: positive, exact in float32.
        offsets: as many, exact in float32.
    """

    axis: int | None
    factors: tuple[float, ...]
    offsets: tuple[float, ...]


@dataclass(frozen=True)
class Fidelity:
    """How close a quantized graph comes to the program it was made from.

    Attributes:
        program: what that is: the float model, or one that came quantized in part.
        samples: of the calibration data that were compared.
        sqnr_db: signal to quantization noise in decibels, by name of an output of real numbers, within +-`LIMIT_DB`;
            poor below `POOR_DB`.
        differing: share of the values that differ, by name of an output of plain integers or booleans; poor above
            `POOR_SHARE`.
    """

    LIMIT_DB: ClassVar[float] = 120.0
    POOR_DB: ClassVar[float] = 20.0
    """A tenth of the signal is noise."""
    POOR_SHARE: ClassVar[float] = 0.1
    samples: int
    sqnr_db: Mapping[str, float]
    program: str = "float model"
    differing: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Port:
    """How a graph input or output appears in the user's model file.

    Attributes:
        tensor: name of the IR tensor (device layout, NHWC).
        name: the name in the model file.
        shape: shape in the model file's own layout, batch axis included.
        to_device: permutation with device = transpose(model, to_device); identity when the layouts agree.
        normalization: of an input whose tensor holds normalised values; None: the tensor holds the model's own.
        logits: of an output that gives the scores before the model's softmax, which was left out.
        seen: of an input of real numbers, what the calibration samples look like; None without such samples.
    """

    tensor: str
    name: str
    shape: tuple[int, ...]
    to_device: tuple[int, ...]
    normalization: Normalization | None = None
    logits: bool = False
    seen: Statistics | None = None

    @property
    def to_model(self) -> tuple[int, ...]:
        """The inverse permutation: model = transpose(device, to_model)."""
        return tuple(sorted(range(len(self.to_device)), key=self.to_device.__getitem__))


@dataclass(frozen=True, eq=False)
class State:
    """A value that is kept from one inference to the next.

    Attributes:
        name: of the model's buffer or input.
        tensor: what an inference reads; no operator writes it.
        result: what it leaves for the next one, of the same shape, type and quantization.
        initial: the integers after a reset, in the tensor's shape and type.
    """

    name: str
    tensor: str
    result: str
    initial: IntArray


@dataclass(frozen=True)
class Graph:
    """An integer network. Immutable: passes return new graphs.

    Attributes:
        name: the model's name.
        tensors: every tensor by name.
        operators: in a valid execution order.
        inputs, outputs: the borders, in the model's order.
        metadata: short texts about where the graph comes from.
        fidelity: None when there is no float model to compare with.
        warnings: what is known to cost accuracy, a sentence each.
        states: what an inference keeps for the next one.
    """

    name: str
    tensors: Mapping[str, Tensor]
    operators: tuple[Operator, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    fidelity: Fidelity | None = None
    warnings: tuple[str, ...] = ()
    states: tuple[State, ...] = ()

    def tensor(self, name: str) -> Tensor:
        return self.tensors[name]

    def input_tensors(self, op: Operator) -> list[Tensor]:
        return [self.tensors[n] for n in op.inputs]

    def output_tensors(self, op: Operator) -> list[Tensor]:
        return [self.tensors[n] for n in op.outputs]

    def real_quantization(self, port: Port) -> Quantization | None:
        """Between a port's integers and real numbers; behind its normalization where that is one for each channel.

        None for plain integers and booleans.
        """
        tensor = self.tensors[port.tensor]
        if tensor.quantization is None:
            return None
        factor = 1.0
        if port.normalization is not None and port.normalization.axis is None:
            (factor,) = port.normalization.factors
        return Quantization.per_tensor(tensor.scale * factor, tensor.zero_point, tensor.quantization.bits)

    def quantized_of(self, port: Port) -> Tensor:
        """The integers that a port of float32 becomes, or comes from."""
        if port in self.inputs:
            return self.output_tensors(self.consumers(port.tensor)[0])[0]
        producer = self.producer(port.tensor)
        assert producer is not None, port.name
        return self.input_tensors(producer)[0]

    def producer(self, tensor: str) -> Operator | None:
        """The operator that writes the tensor; None for inputs and constants."""
        return next((op for op in self.operators if tensor in op.outputs), None)

    def consumers(self, tensor: str) -> list[Operator]:
        return [op for op in self.operators if tensor in op.inputs]

    def with_changes(
        self,
        *,
        operators: Iterable[Operator] | None = None,
        new_tensors: Iterable[Tensor] = (),
        inputs: Iterable[Port] | None = None,
        outputs: Iterable[Port] | None = None,
        states: Iterable[State] | None = None,
    ) -> Graph:
        """A copy with other operators and more (or replaced) tensors; tensors that nobody names are dropped."""
        ops = tuple(self.operators if operators is None else operators)
        ins = tuple(self.inputs if inputs is None else inputs)
        outs = tuple(self.outputs if outputs is None else outputs)
        kept = tuple(self.states if states is None else states)
        pool = dict(self.tensors) | {t.name: t for t in new_tensors}
        used = {n for op in ops for n in (*op.inputs, *op.outputs)} | {p.tensor for p in (*ins, *outs)}
        used |= {n for state in kept for n in (state.tensor, state.result)}
        tensors = {n: t for n, t in pool.items() if n in used}
        return replace(self, tensors=tensors, operators=ops, inputs=ins, outputs=outs, states=kept)

    def validate(self) -> None:
        """Checks names, order, single assignment and each operator's own rules.

        Raises:
            ValueError: names the operator and the rule.
        """
        known = {p.tensor for p in self.inputs} | {n for n, t in self.tensors.items() if t.is_constant}
        known |= {state.tensor for state in self.states}
        for op in self.operators:
            for name in op.inputs:
                if name not in known:
                    raise ValueError(f"{op.name}: reads {name!r} before it is written")
            for name in op.outputs:
                if name in known:
                    raise ValueError(f"{op.name}: writes {name!r}, which is already written")
                if self.tensors[name].is_constant:
                    raise ValueError(f"{op.name}: writes the constant {name!r}")
            op.validate(self.input_tensors(op), self.output_tensors(op))
            known.update(op.outputs)
        for port in self.outputs:
            if port.tensor not in known:
                raise ValueError(f"output {port.name!r} is never written")
        for state in self.states:
            if state.result not in known:
                raise ValueError(f"state {state.name!r} is never written")
            before, after = self.tensors[state.tensor], self.tensors[state.result]
            if (before.shape, before.dtype, before.quantization) != (after.shape, after.dtype, after.quantization):
                raise ValueError(f"state {state.name!r} has another shape, type or quantization after a step")

    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(op.macs(self.input_tensors(op), self.output_tensors(op)) for op in self.operators)

    def __iter__(self) -> Iterator[Operator]:
        return iter(self.operators)
