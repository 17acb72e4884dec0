"""What all convolutions share: weights for each output channel, an accumulator that cannot overflow, a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.accumulator import Int64Array, accumulator_ranges, require_no_overflow, require_reducible
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require,
    require_activations,
    require_arity,
    require_clamp,
    require_nhwc,
    require_weights,
)
from mcugen.graph.ops.weighted import BIASES, Int32Array, accumulates_64_bits, channel_requantization
from mcugen.graph.tensor import Tensor


@dataclass(frozen=True, kw_only=True)
class Convolution(Operator):
    """Inputs: activations (N, H, W, I), int8 or int16 as the output; weights, symmetric, per output channel or per
    tensor; optionally bias (O,) int32 with scale input x weight. Output (N, OH, OW, O).

    With int16 the bias may be int64: its type is that of the accumulators, see `accumulates_64_bits`.

    Attributes:
        WEIGHT_AXIS: the axis of the weights with the output channels.
        stride, dilation: (vertical, horizontal).
        clamp: lowest and highest output integer (fused activation).
    """

    WEIGHT_AXIS: ClassVar[int] = 0
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    clamp: tuple[int, int] = (-128, 127)

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Int32Array, Int32Array]:
        """(multipliers, shifts) per output channel, int32 of shape (O,); see `channel_requantization`."""
        return channel_requantization(inputs[0], inputs[1], outputs[0], inputs[1].shape[self.WEIGHT_AXIS])

    def accumulator_ranges(self, inputs: Sequence[Tensor]) -> tuple[Int64Array, Int64Array]:
        """(lowest, highest) accumulator of each output channel over all possible activations, all taps met."""
        bias = inputs[2] if len(inputs) > 2 else None
        return accumulator_ranges(inputs[0], inputs[1], bias, axis=self.WEIGHT_AXIS)

    def require_operands(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """
        Raises:
            ValueError: a tensor has another type, rank or number of channels, or an accumulator could overflow.
        """
        require_arity(self, inputs, outputs, 2, 3)
        x, weights, out = inputs[0], inputs[1], outputs[0]
        require_activations(self, x, out)
        require_nhwc(self, x, out)
        require(len(weights.shape) == 4 and min(weights.shape) > 0, self, f"weights have shape {weights.shape}")
        require_weights(self, weights, inputs[2] if len(inputs) > 2 else None, self.WEIGHT_AXIS, BIASES[x.dtype])
        require(x.dtype == "int8" or weights.dtype == "int8", self, "int16 activations take int8 weights")
        require_clamp(self, self.clamp, out)
        if accumulates_64_bits(inputs):
            require_reducible(self, self.accumulator_ranges(inputs), self.requantization(inputs, outputs))
        else:
            require_no_overflow(self, self.accumulator_ranges(inputs))


@dataclass(frozen=True, kw_only=True)
class GroupedConvolution(Convolution):
    """Weights (O, KH, KW, I / groups): each group of output channels reads its own group of input channels."""

    def groups(self, inputs: Sequence[Tensor]) -> int:
        """Input channels over the weights' input channels."""
        return inputs[0].shape[3] // inputs[1].shape[3]

    def require_operands(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        super().require_operands(inputs, outputs)
        x, weights = inputs[0], inputs[1]
        require(x.shape[3] % weights.shape[3] == 0, self, f"{x.shape[3]} channels, weights for {weights.shape[3]}")
        groups = self.groups(inputs)
        require(weights.shape[0] % groups == 0, self, f"{weights.shape[0]} output channels in {groups} groups")
