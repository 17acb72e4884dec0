"""One row of the lowering table: how an aten operator becomes operators of the IR, and how it is quantized."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from torch.fx import Node

from mcugen.graph.tensor import Quantization

State = TypeVar("State", contravariant=True)
"""What a builder works on: the state of one lowering (`context.Lowering`), which a row need not know."""


class Role(Enum):
    """What an operator means to quantization."""

    COMPUTE = "makes new values: its inputs are integers, its result gets a quantization of its own"
    TRANSPARENT = "moves or selects values: the result has the input's quantization"
    ACTIVATION = "limits values: transparent, and fused into the clamp of the operator before"
    JOIN = "joins several tensors of one quantization"
    PROBABILITY = "gives values in [0, 1] at a fixed scale"


KEPT = "mcugen_kept"
"""Key of a node's meta: its value is never quantized; between steps it stays in its operator's own numbers."""

NARROW = "mcugen_narrow"
"""Key of a node's meta: it computes in int8 beside others in int16, and the user has been told."""

PROBABILITY = {8: Quantization.per_tensor(1.0 / 256.0, -128), 16: Quantization.per_tensor(1.0 / 32768.0, 0, 16)}
"""The output quantization that the integer softmax has by definition, by bits (LiteRT 8-bit specification)."""


@dataclass(frozen=True)
class Row(Generic[State]):
    """An aten operator.

    Attributes:
        build: emits IR operators for a node; the result, a tensor name, has exactly the quantization given.
        role: see `Role`.
        operands: names of the schema's arguments that are activations (or constants used as such).
        weight: name of the argument with constant weights, quantized per output channel.
        channel_axis: the weight's output channel axis, or a function of the node that tells it.
        weight_axes: how many axes weights have; a constant with others is an operand. None: any.
        pairs: whether that argument may be an activation instead, and is then one of `operands`.
        table: name of the argument with constant values that are all the results there can be: their range is the
            result's.
        shares: for computing operators: whether a node keeps its input's quantization all the same (LiteRT demands it
            of pooling).
        keeps_range: for computing operators: the result lies in the range of the input, as averages do, so that it can
            have its quantization where a program gives it none.
        bounds: for activations: (lowest, highest) real value, None for no bound.
        integers: emits the operator for a node whose values are plain integers or booleans, or the integers between a
            quantize and its dequantize; None when there is no such form. The result has the node's type.
        kept: emits the operator for a node that is marked with KEPT; the result has a quantization of its own.
        wide: whether the operands of a node may be int16; None for never.
        makes_wide: whether the result may be int16 as well.
        moves: whether it only moves the elements of its first operand, so that whatever belongs to each moves alike.
    """

    build: Callable[[State, Node, Quantization], str]
    role: Role
    operands: tuple[str, ...] = ("self",)
    weight: str | None = None
    channel_axis: int | Callable[[Node], int] = 0
    weight_axes: int | None = None
    pairs: bool = False
    table: str | None = None
    shares: Callable[[Node], bool] | None = None
    keeps_range: bool = False
    bounds: Callable[[Node], tuple[float | None, float | None]] | None = None
    integers: Callable[[State, Node], str] | None = None
    kept: Callable[[State, Node], str] | None = None
    wide: Callable[[Node], bool] | None = None
    makes_wide: bool = False
    moves: bool = False

    def channel_axis_of(self, node: Node) -> int:
        """The output channel axis of the node's weight."""
        return self.channel_axis if isinstance(self.channel_axis, int) else self.channel_axis(node)
