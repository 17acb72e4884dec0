"""What recurrent layers share: weights, gate inputs, states, the loop over time.

Numbers: the hidden state is int16 with `state_bits` fractional bits, inputs of int8 are widened to int16 (`(x - zero
point) * 128`), weights are int8. Both products of a row are summed in 32 bits and meet in 64 bits, where they are
rounded once:

    gate input = (products(x) * multiplier_x + products(h) * multiplier_h + bias * 2**32 + 2**31) >> 32

with `precision` fractional bits. See docs/numbers.md.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import INT32_MAX, multiply_by_quantized_multiplier, quantize_saturating_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_shape, require_weights
from mcugen.graph.ops.recurrent.sigmoid import LEAST_PRECISION
from mcugen.graph.tensor import DTYPES, IntArray, Quantization, Tensor

Int64Array = npt.NDArray[np.int64]
T = TypeVar("T")

_INPUT_SHIFT = 7
"""Inputs of int8 are widened by this shift; |int8 - zero point| <= 255, so that they fit int16."""

MOST_PRECISION = 16
MOST_STATE_BITS = 15
CELL_BITS = 16
"""Fractional bits of the 32-bit cell state."""

MOST_CELL = 1 << 30
MOST_STEPS = (((1 << 30) - (1 << 19)) >> CELL_BITS) - 1
"""A step adds less than 1 to the magnitude of a cell: from MOST_CELL on, all steps leave room for the table's offset in
32 bits. No sequence from zeros reaches MOST_CELL, so that its pieces, each with the cell of the one before, are not
limited either."""

SEQUENCE, HIDDEN, CELL = "sequence", "hidden", "cell"
RESULTS = (SEQUENCE, HIDDEN, CELL)
"""What a layer can give, in this order."""

CELL_QUANTIZATION = Quantization.per_tensor(2.0**-CELL_BITS, 0, bits=32)
"""Of cells before the first and after the last step."""

MOST_MULTIPLIER = 1 << 29
MOST_BIAS = 1 << 28
"""Then a gate input is below 2**30, even the sum of two as in a GRU, and the table's offset can be added."""
WIDEST = 32768
"""The largest magnitude of a widened input and of a hidden state."""


class Scaling(NamedTuple):
    """How a layer's integers follow from its scales.

    Attributes:
        inputs, states: Q32 multipliers of the products with input and hidden state, one for each row of the weights.
        output: (multiplier, shift) from hidden state to the sequence's integers; (0, 0) where no sequence is given.
    """

    inputs: Int64Array
    states: Int64Array
    output: tuple[int, int]


def hidden_quantization(state_bits: int) -> Quantization:
    """Of hidden states before the first and after the last step."""
    return Quantization.per_tensor(2.0**-state_bits, 0, bits=16)


def input_shift(quantization: Quantization) -> int:
    """By how many bits inputs are widened to 16."""
    return 0 if quantization.bits == 16 else _INPUT_SHIFT


def input_scale(quantization: Quantization) -> float:
    """Of inputs as they are multiplied: widened to 16 bits."""
    return quantization.scale / (1 << input_shift(quantization))


def row_scales(weights: Tensor) -> npt.NDArray[np.float64]:
    """One scale for each row of a matrix that is quantized per tensor or per row."""
    assert weights.quantization is not None
    return np.broadcast_to(np.array(weights.quantization.scales, np.float64), (weights.shape[0],))


def row_multipliers(weights: Tensor, scale: float) -> Int64Array:
    """round(2**32 * scale * weight scale) for each row."""
    return np.floor(row_scales(weights) * (scale * 2.0**32) + 0.5).astype(np.int64)


def finest_precision(
    x_scale: float, state_bits: int, of_input: npt.ArrayLike, of_state: npt.ArrayLike, bias: npt.ArrayLike
) -> int:
    """Fractional bits of gate inputs: the most that multipliers and bias have room for.

    Args:
        x_scale: of the input, see `input_scale`.
        of_input, of_state: scales of the weights' rows.
        bias: real numbers.

    Returns:
        At most MOST_PRECISION; a layer whose result is less than LEAST_PRECISION is not possible.
    """
    products = max(float(np.max(of_input)) * x_scale, float(np.max(of_state)) * 2.0**-state_bits)
    room = [products * 2.0**32 / MOST_MULTIPLIER, float(np.max(np.abs(bias))) / MOST_BIAS]
    # A last bit is left for what is rounded up.
    return min(MOST_PRECISION, *(math.floor(-math.log2(part) - 1e-6) for part in room if part > 0))


@dataclass(frozen=True, kw_only=True)
class RecurrentLayer(Operator):
    """One direction of one layer.

    Inputs: activations (T, N, I), or (N, T, I) with `batch_first`, int8 or int16; if `given_state` the initial hidden
    state (N, S), int16 of `hidden_quantization`, and for an LSTM the initial cell (N, H), int32 of CELL_QUANTIZATION;
    weights of the input (G * H, I); weights of the hidden state (G * H, S); bias int32 with `precision` fractional bits
    (B, G * H); for a projected LSTM its weights (S, H). G gates in PyTorch's order, H units, S = H but for projected
    layers. Outputs, those of `results`: all hidden states (T, N, S) or (N, T, S), of the input's type; the hidden state
    after the last step, (N, S), and an LSTM's cell, (N, H), as the initial ones: a sequence in pieces has the bits of
    the whole.

    Attributes:
        results: which of RESULTS are the outputs.
        reverse: from the last step to the first; results stay at their step.
        batch_first: the order of the first two axes.
        given_state: False starts from zeros.
        precision: fractional bits of gate inputs.
        state_bits: fractional bits of the int16 hidden state, which saturates.
    """

    gates: ClassVar[int]
    bias_rows: ClassVar[int] = 1
    has_cell: ClassVar[bool] = False
    results: tuple[str, ...] = (SEQUENCE,)
    reverse: bool = False
    batch_first: bool = False
    given_state: bool = False
    precision: int = MOST_PRECISION
    state_bits: int = MOST_STATE_BITS

    # -- operands -------------------------------------------------------------------------------------------------

    @property
    def states(self) -> int:
        """How many initial states are among the inputs."""
        return (1 + self.has_cell) if self.given_state else 0

    def constants(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Weights of the input, of the hidden state, bias, and the projection if there is one."""
        return inputs[1 + self.states :]

    def projection(self, inputs: Sequence[Tensor]) -> Tensor | None:
        constants = self.constants(inputs)
        return constants[3] if len(constants) > 3 else None

    def units(self, inputs: Sequence[Tensor]) -> int:
        return self.constants(inputs)[0].shape[0] // self.gates

    def state_channels(self, inputs: Sequence[Tensor]) -> int:
        return self.constants(inputs)[1].shape[1]

    def time_and_batch(self, x: Tensor) -> tuple[int, int]:
        first, second = x.shape[:2]
        return (second, first) if self.batch_first else (first, second)

    def output(self, tensors: Sequence[T], result: str) -> T | None:
        """The one of the outputs that has a result; None where it is not given."""
        return tensors[self.results.index(result)] if result in self.results else None

    def scaling(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Scaling:
        """See `Scaling`."""
        x, (of_input, of_state) = inputs[0].quantization, self.constants(inputs)[:2]
        assert x is not None
        one, hidden = 2.0**self.precision, 2.0**self.state_bits
        sequence = self.output(outputs, SEQUENCE)
        return Scaling(
            row_multipliers(of_input, input_scale(x) * one),
            row_multipliers(of_state, one / hidden),
            (0, 0) if sequence is None else quantize_saturating_multiplier(1.0 / hidden / sequence.scale, x.bits),
        )

    # -- rules ----------------------------------------------------------------------------------------------------

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        least = 4 + self.states
        require(least <= len(inputs) <= least + self.has_cell, self, f"has {len(inputs)} inputs")
        known = tuple(r for r in RESULTS if r in self.results and (r != CELL or self.has_cell))
        require(self.results == known != (), self, f"cannot give {', '.join(self.results) or 'nothing'}")
        require(len(outputs) == len(self.results), self, f"has {len(outputs)} outputs, gives {len(self.results)}")
        x, sequence = inputs[0], self.output(outputs, SEQUENCE)
        require_activations(self, x, *([] if sequence is None else [sequence]))
        require(len(x.shape) == 3 and min(x.shape) > 0, self, f"the input has shape {x.shape}, must have three axes")
        of_input, of_state, bias = self.constants(inputs)[:3]
        projection = self.projection(inputs)
        steps, batch = self.time_and_batch(x)
        units, channels = self.units(inputs), self.state_channels(inputs)
        require(0 < steps <= MOST_STEPS, self, f"{steps} steps, at most {MOST_STEPS} are possible")
        rows = self.gates * units
        for name, weights, depth in (("input", of_input, x.shape[2]), ("hidden state", of_state, channels)):
            require(units > 0 and weights.shape == (rows, depth), self, f"weights of the {name} are {weights.shape}")
        require(projection is not None or channels == units, self, f"{units} units, {channels} hidden values")
        if sequence is not None:
            require_shape(self, sequence, (*x.shape[:2], channels))
        given = inputs[1 : 1 + self.states]
        for state in (*given[:1], self.output(outputs, HIDDEN)):
            self._require_state(state, hidden_quantization(self.state_bits), (batch, channels))
        for state in (*given[1:], self.output(outputs, CELL)):
            self._require_state(state, CELL_QUANTIZATION, (batch, units))
        require(len({t.is_constant for t in given}) < 2, self, "of the initial states one is constant, the other not")
        self._validate_numbers(inputs, outputs, [of_input, of_state], bias)
        if projection is not None:
            require_shape(self, projection, (channels, units))
            self._require_matrix(projection)
            self._require_multipliers(row_multipliers(projection, 2.0 ** (self.state_bits - MOST_STATE_BITS)))

    def _require_state(self, tensor: Tensor | None, quantization: Quantization, shape: tuple[int, ...]) -> None:
        if tensor is not None:
            own = (tensor.dtype, tensor.quantization) == (quantization.dtype, quantization)
            wanted = f"{quantization.dtype} with the layer's own scale"
            require(own, self, f"{tensor.name!r} is {tensor.dtype}, must be {wanted}")
            require_shape(self, tensor, shape)

    def _validate_numbers(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], matrices: Sequence[Tensor], bias: Tensor
    ) -> None:
        precise = LEAST_PRECISION <= self.precision <= MOST_PRECISION
        require(precise, self, f"{self.precision} fractional bits of gate inputs")
        require(0 <= self.state_bits <= MOST_STATE_BITS, self, f"{self.state_bits} fractional bits of the hidden state")
        require(bias.data is not None and bias.dtype == "int32", self, "the bias must be a constant of int32")
        assert bias.data is not None
        require_shape(self, bias, (self.bias_rows, matrices[0].shape[0]))
        require(np.abs(bias.data.astype(np.int64)).max() <= MOST_BIAS, self, f"bias {bias.name!r} is too large")
        for matrix in matrices:
            self._require_matrix(matrix)
        scaling = self.scaling(inputs, outputs)
        self._require_multipliers(scaling.inputs)
        self._require_multipliers(scaling.states)

    def _require_matrix(self, weights: Tensor) -> None:
        require_weights(self, weights, None, axis=0)
        assert weights.data is not None
        sums = np.abs(weights.data.astype(np.int64)).sum(axis=1) * WIDEST
        fits = bool((sums <= INT32_MAX).all())
        require(fits, self, f"products with row {int(sums.argmax())} of {weights.name!r} can leave 32 bits")

    def _require_multipliers(self, multipliers: Int64Array) -> None:
        fits = bool((multipliers <= MOST_MULTIPLIER).all())
        require(fits, self, "weights times input leave the range of gate inputs; use fewer fractional bits")

    # -- result ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def step(
        self, x: Int64Array, h: Int64Array, bias: Int64Array, hidden: Int64Array, cell: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        """One step of all units.

        Args:
            x, h: products of input and hidden state in Q32 of gate inputs, (N, G, H); not rounded yet.
            bias: (B, G, H).
            hidden: (N, S) with `state_bits`.
            cell: (N, H) with CELL_BITS.

        Returns:
            The new hidden values, (N, H) with `state_bits` (before a projection: with 15), and cells.
        """

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        scaling = self.scaling(tensors_in, tensors_out)
        matrices = [c.astype(np.float64).T for c in inputs[1 + self.states :][:2]]
        units = self.units(tensors_in)
        bias = inputs[3 + self.states].astype(np.int64).reshape(self.bias_rows, self.gates, units)
        quantization = tensors_in[0].quantization
        assert quantization is not None
        x = (inputs[0].astype(np.int64) - quantization.zero_point) << input_shift(quantization)
        x = x.swapaxes(0, 1) if self.batch_first else x
        hidden, cell = self._initial(inputs, tensors_in)
        sequence = np.zeros((*x.shape[:2], hidden.shape[1]), np.int64)
        shape = (x.shape[1], self.gates, units)
        for t in reversed(range(len(x))) if self.reverse else range(len(x)):
            of_input = _exact(x[t], matrices[0]) * scaling.inputs
            of_state = _exact(hidden, matrices[1]) * scaling.states
            hidden, cell = self.step(of_input.reshape(shape), of_state.reshape(shape), bias, hidden, cell)
            hidden = self._project(hidden, tensors_in)
            sequence[t] = hidden
        found: dict[str, IntArray] = {HIDDEN: hidden.astype(np.int16), CELL: cell.astype(np.int32)}
        out = self.output(tensors_out, SEQUENCE)
        if out is not None:
            scaled = multiply_by_quantized_multiplier(sequence, *scaling.output) + out.zero_point
            integers = np.clip(scaled, *out.integer_range).astype(DTYPES[out.dtype])
            found[SEQUENCE] = np.ascontiguousarray(integers.swapaxes(0, 1)) if self.batch_first else integers
        return [found[result] for result in self.results]

    def _initial(self, inputs: Sequence[IntArray], tensors: Sequence[Tensor]) -> tuple[Int64Array, Int64Array]:
        """Hidden state and cell before the first step."""
        _, batch = self.time_and_batch(tensors[0])
        zeros = np.zeros((batch, self.units(tensors)), np.int64)
        if not self.given_state:
            return np.zeros((batch, self.state_channels(tensors)), np.int64), zeros
        cell = np.clip(inputs[2].astype(np.int64), -MOST_CELL, MOST_CELL) if self.has_cell else zeros
        return inputs[1].astype(np.int64), cell

    def _project(self, hidden: Int64Array, tensors: Sequence[Tensor]) -> Int64Array:
        weights = self.projection(tensors)
        if weights is None:
            return hidden
        assert weights.data is not None
        multipliers = row_multipliers(weights, 2.0 ** (self.state_bits - MOST_STATE_BITS))
        products = _exact(hidden, weights.data.T.astype(np.float64)) * multipliers
        return np.clip(rounded(products, 0), -WIDEST, WIDEST - 1)

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        steps, batch = self.time_and_batch(inputs[0])
        matrices = [c for c in self.constants(inputs) if c.dtype == "int8"]
        return steps * batch * sum(matrix.elements for matrix in matrices)


def rounded(products: Int64Array, bias: Int64Array | int) -> Int64Array:
    """Gate inputs of Q32 products: rounded to nearest, ties up."""
    result: Int64Array = (products + (np.asarray(bias, np.int64) << 32) + (1 << 31)) >> 32
    return result


def rounding_shift(values: Int64Array, bits: int) -> Int64Array:
    """values * 2**-bits to nearest, ties up; bits >= 0."""
    result: Int64Array = (values + (1 << bits >> 1)) >> bits
    return result


def _exact(rows: Int64Array, matrix: npt.NDArray[np.float64]) -> Int64Array:
    """A product that float64 holds exactly, since no sum leaves 32 bits."""
    return (rows.astype(np.float64) @ matrix).astype(np.int64)
