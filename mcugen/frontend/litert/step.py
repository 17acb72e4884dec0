"""One operator of the file while it is turned into the IR's: what a row of the tables gets to work with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.litert.model import FileOperator, FileTensor
from mcugen.frontend.litert.network import OTHERWISE_HINT, Network
from mcugen.graph.ops import Reshape
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Origin, Quantization, Tensor


@dataclass(eq=False)
class Step:
    """An operator of the file, and the graph that it goes to.

    Rows may raise ValueError for a rule that is broken; the importer adds which operator it is.

    Attributes:
        made: operators appended so far.
    """

    network: Network
    op: FileOperator
    made: int = 0

    @property
    def stem(self) -> str:
        """The name of the layer: that of its own that mcugen has written into the file, else "conv_2d_3"."""
        own = self._own
        return own[0] if own is not None else f"{re.sub(r'[^0-9a-z]', '_', self.op.builtin.lower())}_{self.op.index}"

    @property
    def _own(self) -> tuple[str, Origin] | None:
        names = self.network.names
        return names.operators.get(self.op.index) if names is not None and not self.network.held.once else None

    @property
    def origin(self) -> Origin:
        if self._own is not None:
            return self._own[1]
        out = self.network.subgraph.tensors[self.op.outputs[0]].name if self.op.outputs else ""
        return Origin(f"{self.network.file} operator {self.op.index}", out.split(";")[0], self.op.builtin)

    def fail(self, what: str, hint: str | None = None) -> NoReturn:
        """Raises UnsupportedOperatorError about this operator; `hint`: what to do, where there is better than usual."""
        raise UnsupportedOperatorError(what, where=f"{self.network.file}: {self.op}", hint=hint or OTHERWISE_HINT)

    def count(self) -> int:
        """How many operands it has, absent ones at the end left out."""
        places = [k for k, index in enumerate(self.op.inputs) if index >= 0]
        return places[-1] + 1 if places else 0

    def given(self, place: int) -> FileTensor:
        """The file's tensor that is operand `place`."""
        if not (place < len(self.op.inputs) and self.op.inputs[place] >= 0):
            self.fail(f"has no operand {place}")
        return self.network.subgraph.tensors[self.op.inputs[place]]

    def result(self, place: int = 0) -> FileTensor:
        """The file's tensor that is result `place`."""
        if place >= len(self.op.outputs):
            self.fail(f"has no result {place}")
        return self.network.subgraph.tensors[self.op.outputs[place]]

    def x(self, place: int = 0) -> Tensor:
        """Operand `place`, an activation or a constant."""
        return self.network.value(self.given(place).index)

    def optional(self, place: int) -> Tensor | None:
        """Operand `place`, None where it is absent."""
        absent = place >= len(self.op.inputs) or self.op.inputs[place] < 0
        return None if absent else self.x(place)

    def constant(self, place: int) -> IntArray:
        """The values of an operand that must be constant."""
        tensor = self.x(place)
        if tensor.data is None:
            self.fail(f"operand {place}, {self.given(place)}, must be a constant")
        return tensor.data

    def operands(self) -> list[Tensor]:
        """All of them, at least one."""
        found = [self.x(place) for place in range(self.count())]
        if not found:
            self.fail("has no operands")
        return found

    def integers(self, place: int) -> list[int]:
        """A constant operand as a flat list."""
        return [int(v) for v in self.constant(place).reshape(-1)]

    def option(self, table: str, name: str) -> Any:
        """A field of its options, which are of this table; its default where the file has none."""
        return self.op.options(table).number(name)

    def out(self, place: int = 0) -> Tensor:
        """Result `place`, new in the graph."""
        tensor = self.result(place)
        if tensor.index in self.network.values:
            self.fail(f"writes {tensor}, which has a value already")
        value = self.network.activation(tensor)
        self.network.values[tensor.index] = value
        return value

    def out_like(self, x: Tensor, place: int = 0) -> Tensor:
        """A result that holds integers of `x`: where the file names no quantization for it, it has that of `x`.

        Old converters leave it out behind operators that only move values.
        """
        tensor = self.result(place)
        if tensor.quantization is not None or x.quantization is None:
            return self.out(place)
        if tensor.index in self.network.values:
            self.fail(f"writes {tensor}, which has a value already")
        value = self.network.add(tensor.name, tensor.shape, self.network.dtype(tensor), x.quantization)
        self.network.values[tensor.index] = value
        return value

    def temporary(self, shape: tuple[int, ...], like: Tensor, quantization: Quantization | None = None) -> Tensor:
        """A value between two operators of the graph, with the type of `like`, and its quantization unless given."""
        return self.network.add(f"{self.stem}/value", shape, like.dtype, quantization or like.quantization)

    def new_constant(self, values: Any, dtype: str, quantization: Quantization | None = None) -> Tensor:
        """A constant that the file does not have."""
        array = np.asarray(values)
        return self.network.add(f"{self.stem}/constant", array.shape, dtype, quantization, array)

    def append(self, kind: type[Operator], inputs: list[Tensor], out: Tensor, **attributes: Any) -> Tensor:
        """Appends an operator of the graph; returns its result."""
        self.append_all(kind, inputs, [out], **attributes)
        return out

    def append_all(self, kind: type[Operator], inputs: list[Tensor], outs: list[Tensor], **attributes: Any) -> None:
        """Appends an operator of the graph with several results."""
        self.network.append(
            kind(
                name=self._layer_name(kind),
                inputs=tuple(t.name for t in inputs),
                outputs=tuple(t.name for t in outs),
                origin=self.origin,
                **attributes,
            )
        )

    def _layer_name(self, kind: type[Operator]) -> str:
        """The first operator has the layer's own name; of those with a name from the file, the first that computes."""
        if self._own is not None and kind is Reshape and self.op.builtin != "RESHAPE":
            return self.network.unique_operator(f"{self.stem}_shape")
        self.made += 1
        return self.network.unique_operator(self.stem if self.made == 1 else f"{self.stem}_part{self.made}")

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The same elements in another shape."""
        return x if x.shape == shape else self.append(Reshape, [x], self.temporary(shape, x))

    def reshape_into(self, x: Tensor, out: Tensor) -> None:
        """The same elements as the value `out`."""
        self.append(Reshape, [x], out)

    def finish(self, x: Tensor, place: int = 0) -> None:
        """What an operator has made, in the shape of the file's result."""
        self.append(Reshape, [x], self.out_like(x, place))


Row = Callable[[Step], None]
"""Turns one kind of operator into operators of the graph."""
