"""An LSTM over a sequence in the integers of LiteRT files: 16-bit cells, hidden states of the output's type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import (
    INT32_MAX,
    MOST_REDUCED_SHIFT,
    REDUCED_ACCUMULATOR,
    multiply_by_quantized_multiplier,
    multiply_by_reduced_multiplier,
    quantize_multiplier,
)
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import largest_activation, require, require_real, require_shape, require_weights
from mcugen.graph.sigmoid_table import sigmoid_int16, tanh_int16
from mcugen.graph.tensor import IntArray, Tensor

Int64Array = npt.NDArray[np.int64]

GATES = 4
GATE_BITS = 12
"""Fractional bits of gate inputs, which are int16."""

LEAST_CELL_EXPONENT, MOST_CELL_EXPONENT = -24, 1
"""Of the cell's scale, a power of two."""


class GateScaling(NamedTuple):
    """From products to gate inputs: (multiplier, shift) of each gate, reduced for int16 activations."""

    of_input: tuple[tuple[int, int], ...]
    of_hidden: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class UnidirectionalSequenceLstm(Operator):
    """TFLM's UNIDIRECTIONAL_SEQUENCE_LSTM without peepholes, projection and layer normalization, bit for bit.

    Inputs: activations (T, N, I), or (N, T, I) with `batch_first`, int8 or int16; hidden state (N, U) of the same type;
    cell (N, U), int16 with a power of two as scale; then constants: weights of the input (4 U, I) and of the hidden
    state (4 U, U), int8, symmetric, one scale for each gate; bias (4 U,), int32 for int8 activations, else int64, in
    units of input products. Gates in the order input, forget, cell, output. Outputs: all hidden states, (T, N, U) or
    (N, T, U), whose integers are the hidden state's whatever scale is written on them; the last hidden state; the last
    cell.

    For each step and gate, the products with the input and the bias are requantized to int16 with 12 fractional bits
    and saturated, those with the hidden state likewise, and their sum is saturated. sigmoid and tanh are those of
    `graph/sigmoid_table.py`. The new cell is the saturated sum of forget gate times cell and of input gate times
    candidate, each rounded to the cell's scale and saturated, within +-`cell_clip`; the new hidden state is output gate
    times tanh of the cell, rounded to its scale. int8 products are requantized with two roundings, int16 ones with one
    and a factor of 15 bits. Source: TFLM `lstm_eval.h`; the order of operations is that of this description.

    Attributes:
        batch_first: the order of the first two axes.
        cell_clip: largest magnitude of a cell in its integers; 0: as int16 saturates.
    """

    kind: ClassVar[str] = "unidirectional_sequence_lstm"
    batch_first: bool = False
    cell_clip: int = 0

    def time_and_batch(self, x: Tensor) -> tuple[int, int]:
        first, second = x.shape[:2]
        return (second, first) if self.batch_first else (first, second)

    def cell_exponent(self, inputs: Sequence[Tensor]) -> int:
        """log2 of the cell's scale."""
        return int(math.log2(inputs[2].scale))

    def scaling(self, inputs: Sequence[Tensor]) -> GateScaling:
        """See `GateScaling`."""
        x, hidden, _, of_input, of_hidden = inputs[:5]

        def gates(activation: Tensor, weights: Tensor) -> tuple[tuple[int, int], ...]:
            return tuple(
                quantize_multiplier(activation.scale * scale / 2.0**-GATE_BITS) for scale in _gate_scales(weights)
            )

        return GateScaling(gates(x, of_input), gates(hidden, of_hidden))

    def cell_multipliers(self, inputs: Sequence[Tensor]) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """(multiplier, shift) of forget gate times cell, of input gate times candidate, of output gate times tanh."""
        hidden, cell, unit = inputs[1].scale, inputs[2].scale, 2.0**-15
        return (
            quantize_multiplier(unit * cell / cell),
            quantize_multiplier(unit * unit / cell),
            quantize_multiplier(unit * unit / hidden),
        )

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require(len(inputs) == 6 and len(outputs) == 3, self, f"has {len(inputs)} inputs, {len(outputs)} outputs")
        x, hidden, cell, of_input, of_hidden, bias = inputs
        sequence, last_hidden, last_cell = outputs
        require(len(x.shape) == 3 and min(x.shape) > 0, self, f"the input has shape {x.shape}, must have three axes")
        require_real(self, x, hidden, sequence)
        _, batch = self.time_and_batch(x)
        units = of_hidden.shape[-1]
        for t in (hidden, sequence):
            require(t.dtype == x.dtype, self, f"{t.name!r} is {t.dtype}, the input {x.dtype}")
        require(x.dtype == "int8" or x.zero_point == hidden.zero_point == 0, self, "int16 has the zero point 0")
        require(cell.dtype == "int16", self, f"the cell is {cell.dtype}, must be int16")
        require_real(self, cell)
        require(cell.zero_point == 0, self, "the cell's zero point must be 0")
        exponent = math.log2(cell.scale)
        usable = exponent.is_integer() and LEAST_CELL_EXPONENT <= exponent <= MOST_CELL_EXPONENT
        require(usable, self, f"the cell's scale {cell.scale} must be a power of two from 2^-24 to 2")
        for state in (hidden, cell):
            require_shape(self, state, (batch, units))
        for before, after in ((hidden, last_hidden), (cell, last_cell)):
            same = (before.shape, before.dtype, before.quantization) == (after.shape, after.dtype, after.quantization)
            require(same, self, f"{after.name!r} is not of the type of {before.name!r}")
        require_shape(self, sequence, (*x.shape[:2], units))
        for weights, depth in ((of_input, x.shape[2]), (of_hidden, units)):
            require(weights.shape == (GATES * units, depth), self, f"{weights.name!r} has shape {weights.shape}")
            require_weights(self, weights, None, axis=0)
            require(np.ptp(_by_gate(weights), axis=1).max() == 0, self, f"{weights.name!r} needs a scale for each gate")
        require(0 <= self.cell_clip <= 32767, self, f"cells are limited to {self.cell_clip}")
        self._validate_sums(inputs, bias)

    def _validate_sums(self, inputs: Sequence[Tensor], bias: Tensor) -> None:
        x, hidden, _, of_input, of_hidden = inputs[:5]
        wide = x.dtype == "int16"
        dtype, most = ("int64", REDUCED_ACCUMULATOR) if wide else ("int32", INT32_MAX)
        require(bias.data is not None and bias.dtype == dtype, self, f"the bias must be a constant of {dtype}")
        require_shape(self, bias, (of_input.shape[0],))
        assert bias.data is not None
        for activation, weights, added in ((x, of_input, bias.data.astype(float)), (hidden, of_hidden, 0.0)):
            assert weights.data is not None
            sums = np.abs(weights.data.astype(float)).sum(axis=1) * largest_activation(activation) + np.abs(added)
            require(sums.max() <= most, self, f"products with {weights.name!r} can leave {48 if wide else 32} bits")
        if wide:
            shifts = [shift for pairs in self.scaling(inputs) for _, shift in pairs]
            require(
                max(shifts) <= MOST_REDUCED_SHIFT, self, "scales of input and weights are too large for gate inputs"
            )

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x, hidden = tensors_in[:2]
        low, high = hidden.integer_range
        matrices = [array.astype(np.float64).T for array in inputs[3:5]]
        scaling, clip = self.scaling(tensors_in), self.cell_clip or 32768
        kept, added, shown = self.cell_multipliers(tensors_in)
        exponent = self.cell_exponent(tensors_in)
        values = inputs[0].astype(np.int64) - x.zero_point
        values = values.swapaxes(0, 1) if self.batch_first else values
        h, c = inputs[1].astype(np.int64), inputs[2].astype(np.int64)
        sequence = []
        for step in values:
            of_input = self._gate_inputs(step, matrices[0], inputs[5].astype(np.int64), scaling.of_input, x)
            of_hidden = self._gate_inputs(h - hidden.zero_point, matrices[1], 0, scaling.of_hidden, x)
            gates = _int16(of_input + of_hidden)
            i, f, o = (sigmoid_int16(3 * gates[:, gate]) for gate in (0, 1, 3))
            candidate = tanh_int16(3 * gates[:, 2])
            c = _int16(
                _int16(multiply_by_quantized_multiplier(f * c, *kept))
                + _int16(multiply_by_quantized_multiplier(i * candidate, *added))
            )
            c = np.clip(c, -clip, clip)
            product = o * tanh_int16(thirds_of_cell(c, exponent))
            h = np.clip(multiply_by_quantized_multiplier(product, *shown) + hidden.zero_point, low, high)
            sequence.append(h)
        result = np.stack(sequence, axis=1 if self.batch_first else 0)
        return [result.astype(inputs[1].dtype), h.astype(inputs[1].dtype), c.astype(np.int16)]

    def _gate_inputs(
        self,
        values: Int64Array,
        matrix: npt.NDArray[np.float64],
        bias: Int64Array | int,
        scaling: tuple[tuple[int, int], ...],
        x: Tensor,
    ) -> Int64Array:
        """(N, 4, U) of int16; float64 holds the products exactly."""
        sums = ((values.astype(np.float64) @ matrix).astype(np.int64) + bias).reshape(len(values), GATES, -1)
        first, second = (np.array(part)[:, None] for part in zip(*scaling, strict=True))
        multiply = multiply_by_quantized_multiplier if x.dtype == "int8" else multiply_by_reduced_multiplier
        return _int16(multiply(sums, first, second))

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        steps, batch = self.time_and_batch(inputs[0])
        return steps * batch * (inputs[3].elements + inputs[4].elements)


def thirds_of_cell(cell: npt.ArrayLike, exponent: int) -> Int64Array:
    """The argument of `tanh_int16`: 3 * cell * 2**exponent with 12 fractional bits, rounded to nearest, ties up."""
    values, shift = np.asarray(cell, np.int64), GATE_BITS + exponent
    if shift >= 0:
        return values * (3 << shift)
    return (values * 3 + (1 << -shift - 1)) >> -shift


def _by_gate(weights: Tensor) -> npt.NDArray[np.float64]:
    assert weights.quantization is not None
    return np.broadcast_to(np.array(weights.quantization.scales), (weights.shape[0],)).reshape(GATES, -1)


def _gate_scales(weights: Tensor) -> list[float]:
    return [float(scales[0]) for scales in _by_gate(weights)]


def _int16(values: Int64Array) -> Int64Array:
    return np.clip(values, -32768, 32767)
