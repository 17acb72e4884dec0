"""What a file keeps from one inference to the next: variable tensors of layers, and variables read and assigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mcugen.graph.graph import State
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(eq=False)
class Variable:
    """One value that is kept.

    Attributes:
        name: in the file.
        initial: its integers after a reset; None: nothing has said.
        before: what an inference reads; None until it is read.
        current: what it holds at this place of the inference; None: what the inference before has left.
    """

    name: str
    initial: IntArray | None = None
    before: Tensor | None = None
    current: Tensor | None = None

    def state(self) -> State | None:
        """Behind the last operator; None where no inference reads what another one has left.

        Raises:
            ValueError: what is left has another type than what is read.
        """
        if self.before is None:
            return None
        left = self.current or self.before
        wanted, found = ((t.shape, t.dtype, t.quantization) for t in (self.before, left))
        if wanted != found:
            raise ValueError(
                f"variable {self.name!r} is read as {self.before.dtype} {list(self.before.shape)} of "
                f"{self.before.quantization}, and assigned {left.dtype} {list(left.shape)} of {left.quantization}"
            )
        assert self.initial is not None
        return State(self.name, self.before.name, left.name, self.initial)


@dataclass(eq=False)
class Held:
    """All that a file keeps.

    Attributes:
        layers: the variable tensors of layers, by index.
        shared: variables by their name in the file.
        handles: which one a tensor refers to, by index.
        once: whether operators run once, to set variables, instead of in each inference.
    """

    layers: dict[int, Variable] = field(default_factory=dict)
    shared: dict[str, Variable] = field(default_factory=dict)
    handles: dict[int, Variable] = field(default_factory=dict)
    once: bool = False

    def states(self) -> Sequence[State]:
        """Behind the last operator.

        Raises:
            ValueError: as `Variable.state`.
        """
        return [s for v in (*self.layers.values(), *self.shared.values()) if (s := v.state()) is not None]


def resting(tensor: Tensor) -> IntArray:
    """What TensorFlow Lite Micro has in a variable that nothing has set: its zero point in every byte."""
    zero_point = tensor.zero_point if tensor.quantization is not None else 0
    low_byte = np.full(tensor.size_bytes, zero_point % 256, np.uint8)
    dtype = np.dtype(tensor.dtype).newbyteorder("<")
    return low_byte.view(dtype).astype(dtype.newbyteorder("=")).reshape(tensor.shape)
