"""Weights and bias of a layer's output channels as integers that no input can make overflow.

Most channels take the weights as they are, and the bias in units of input scale times weight scale. The others are
changed, channel by channel, to what gives the same result:

* A channel that saturates for every input (its bias is beyond all that weights and input can make up for) gets the
  bias that is just enough for that: the same bits for every input.
* A channel without weights gives one value: it gets a scale that the value fits.
* Where the products are coarser than the output's steps, the bias would be rounded to whole products. A finer weight
  scale makes it exact, if the weights are small enough for one.
* An accumulator beyond 32 bits gets a coarser weight scale, if that moves no result by more than half a step.

Layers of int16 have accumulators of 32 bits where all channels are proven to stay in them, else of 64 bits, of which
requantization takes 48. Where TensorFlow Lite Micro knows the latter alone, they have those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import MOST_REDUCED_SHIFT
from mcugen.graph.ops.accumulator import channel_ranges, fits_32_bits
from mcugen.graph.ops.weighted import quantize_multipliers
from mcugen.graph.tensor import IntArray, Quantization

Float64Array = npt.NDArray[np.float64]

# Half an output step: what the integers of a layer may cost in accuracy, before they are rounded.
_TOLERANCE = 0.5
# Output steps to the far end of int8 and some more, from any zero point; of int16 256 times as many.
_FAR = 300.0
# The product of input and weight scale of a channel that gives one value, in output steps.
_CONSTANT_PRODUCT = 2.0**-10
_WEIGHT_LIMITS = {8: 127, 4: 7}
# Of 64-bit accumulators, as requantization takes them.
_WIDE_LIMIT = 1 << 47


class ChannelOverflowError(ValueError):
    """A channel that cannot be computed in 32 bits.

    Attributes:
        channel: its index.
    """

    def __init__(self, channel: int, why: str) -> None:
        super().__init__(why)
        self.channel = channel


@dataclass(frozen=True, eq=False)
class Channels:
    """Integers of all output channels.

    Attributes:
        rows: weights, (channels, depth).
        scales: of the weights, (channels,), float32-exact.
        bias: (channels,), int32; int64 where the accumulators are.
        worst: (channel, output steps) of the bias that was rounded most, where that is more than half a step.
    """

    rows: npt.NDArray[np.int8]
    scales: Float64Array
    bias: IntArray
    worst: tuple[int, float] | None


@dataclass(frozen=True)
class _Channel:
    """One channel's integers, and what follows from them.

    Attributes:
        weights, scale, bias: as in `Channels`; the bias may be beyond 32 bits still.
        sums: the ends of what weights and input add to the bias.
        error: output steps by which the bias is rounded.
        limit: below which accumulators stay.
    """

    weights: IntArray
    scale: float
    bias: float
    sums: tuple[float, float]
    error: float
    limit: float

    @property
    def low(self) -> float:
        """The accumulator's lowest value."""
        return self.bias + self.sums[0]

    @property
    def high(self) -> float:
        """The accumulator's highest value."""
        return self.bias + self.sums[1]

    @property
    def fits(self) -> bool:
        return self.low >= -self.limit and self.high < self.limit

    @property
    def good(self) -> bool:
        return self.fits and self.error <= _TOLERANCE


class _Layer:
    """The quantizations around a layer, and the choice of a channel's integers between them."""

    def __init__(self, x: Quantization, out: Quantization, weight_bits: int = 8) -> None:
        self.x, self.out = x, out
        self.most = _WEIGHT_LIMITS[weight_bits]
        self.limit = float(_WIDE_LIMIT if x.bits == 16 else 1 << 31)
        # One step beyond the ends of the output.
        self.below, self.above = out.integer_range[0] - 1, out.integer_range[1] + 2
        self.far = _FAR * 2.0 ** (out.bits - 8)

    def channel(self, weights: IntArray, scale: float, real: float) -> _Channel:
        """The bias in units of input x weight scale; `scale` is float32-exact."""
        product = self.x.scale * scale
        bias = float(np.rint(real / product))
        low, high = (
            float(end[0]) for end in channel_ranges(weights[None], None, self.x.zero_point, self.x.integer_range)
        )
        error = abs(bias * product - real) / self.out.scale
        return _Channel(weights, scale, bias, (low, high), error, self.limit)

    def fitted(self, given: _Channel, real: float) -> _Channel:
        """A channel with the same results that fits; the given one where only its bias is rounded too much.

        Raises:
            ValueError: there is none.
        """
        side = self._saturates(given)
        if side:
            return given if given.fits else self._clipped(given, side)
        if not given.weights.any():
            return self._constant(given.weights, real / self.out.scale)
        if given.fits:
            finer = self._finer(given, real)
            return finer if finer.good else given
        return self._coarser(given, real)

    def _saturates(self, c: _Channel) -> int:
        """1 when every input gives the highest integer or more, -1 when each gives the lowest or less, else 0."""
        steps = self.x.scale * c.scale / self.out.scale
        if c.low * steps + self.out.zero_point >= self.above:
            return 1
        return -1 if c.high * steps + self.out.zero_point <= self.below else 0

    def _clipped(self, c: _Channel, side: int) -> _Channel:
        """The least bias with which every input still saturates."""
        steps = self.x.scale * c.scale / self.out.scale
        if side > 0:
            bias = np.ceil((self.above - self.out.zero_point) / steps) - c.sums[0]
        else:
            bias = np.floor((self.below - self.out.zero_point) / steps) - c.sums[1]
        clipped = _Channel(c.weights, c.scale, float(bias), c.sums, 0.0, self.limit)
        return clipped if clipped.fits else self._constant(c.weights, side * self.far)

    def _constant(self, weights: IntArray, steps: float) -> _Channel:
        """A channel that gives `steps` output steps whatever the input."""
        scale = float(np.float32(_CONSTANT_PRODUCT * self.out.scale / self.x.scale))
        if not 0 < scale < np.inf:
            raise ValueError("no scale leads from the input's to the output's")
        return self.channel(np.zeros_like(weights), scale, float(np.clip(steps, -self.far, self.far)) * self.out.scale)

    def _finer(self, c: _Channel, real: float) -> _Channel:
        """The same weights as larger integers of a finer scale, if they are small enough."""
        # A power of two: any other quotient would be rounded to float32, and the weights with it.
        factor = 1 << max((self.most // int(np.abs(c.weights.astype(int)).max())).bit_length() - 1, 0)
        return self.channel((c.weights * factor).astype(np.int8), float(np.float32(c.scale / factor)), real)

    def _coarser(self, c: _Channel, real: float) -> _Channel:
        """Smaller integers of a coarser scale."""
        reach = max(abs(c.low), abs(c.high))
        # Half of what an accumulator holds; rounded up to float32, the precision in which the graph keeps scales.
        scale = float(np.nextafter(np.float32(c.scale * (reach / (self.limit / 2))), np.float32(np.inf)))
        weights = np.rint(c.weights * (c.scale / scale)).astype(np.int8)
        coarse = self.channel(weights, scale, real)
        lost = np.abs(c.weights * c.scale - weights * scale).sum() * max(
            self.x.integer_range[1] - self.x.zero_point, self.x.zero_point - self.x.integer_range[0]
        )
        error = coarse.error + lost * self.x.scale / self.out.scale
        if not coarse.fits or error > _TOLERANCE:
            most, bits = c.high if c.high > -c.low else c.low, 32 if self.x.bits == 8 else 48
            raise ValueError(
                f"its accumulator can reach {most:.0f}, beyond {bits} bits, "
                "and a coarser weight scale would change its results"
            )
        return coarse


def fit_channels(
    rows: npt.NDArray[np.int8],
    scales: Float64Array,
    bias: Float64Array,
    x: Quantization,
    out: Quantization,
    weight_bits: int = 8,
    *,
    wide: bool = False,
) -> Channels:
    """Integers for every channel, see the module's text.

    Args:
        rows: weights, (channels, depth).
        scales: of the weights, (channels,), float32-exact and positive.
        bias: real, (channels,), finite.
        x, out: quantizations of input and output.
        weight_bits: 8 or 4.
        wide: int16 has 64-bit accumulators also where 32 bits hold every sum; not where a product is so many output
            steps that only 32-bit accumulators have a multiplier for it.

    Raises:
        ChannelOverflowError: a channel has no integers that fit its accumulator.
    """
    products = x.scale * scales
    integers = np.rint(bias / products)
    layer = _Layer(x, out, weight_bits)
    low, high = channel_ranges(rows, None, x.zero_point, x.integer_range)
    fits = (integers + low >= -layer.limit) & (integers + high < layer.limit)
    errors = np.abs(integers * products - bias) / out.scale
    rows, scales = rows.copy(), scales.copy()
    for i in np.flatnonzero(~fits | (errors > _TOLERANCE)):
        real = float(bias[i])
        try:
            channel = layer.fitted(layer.channel(rows[i], float(scales[i]), real), real)
        except ValueError as error:
            raise ChannelOverflowError(int(i), str(error)) from error
        rows[i], scales[i], integers[i] = channel.weights, channel.scale, channel.bias
        errors[i] = 0.0 if layer._saturates(channel) else channel.error
    most = int(errors.argmax()) if len(errors) else 0
    worst = (most, float(errors[most])) if len(errors) and errors[most] > _TOLERANCE else None
    narrow = bool(fits_32_bits(channel_ranges(rows, integers.astype(np.int64), x.zero_point, x.integer_range)).all())
    if narrow and wide and x.bits == 16:
        _, shifts = quantize_multipliers((x.scale * scales / out.scale).tolist(), out.bits)
        narrow = bool((shifts > MOST_REDUCED_SHIFT).any())
    return Channels(rows, scales, integers.astype(np.int32 if narrow else np.int64), worst)
