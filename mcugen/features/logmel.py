"""Log-mel frames and cepstral coefficients of 16-bit audio in integer arithmetic: the twin of c/mcugen_logmel.c.

A frame: window (15 fractional bits) on 16-bit samples, a real Fourier transform on 32 bits that halves at every step,
power in 64 bits, triangular mel filters, log2 with 12 fractional bits. The C does the same operations in the same order
on the same tables, so both give the same integers. Logarithms are of a scale that a full-scale sine and one step of a
sample lie on at about 71 and 41; `offset` and `divisor` bring them where training wants them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.errors import InputError
from mcugen.features import tables
from mcugen.features.tables import Int64Array
from mcugen.graph.arithmetic import quantize_multiplier

_SUM_BITS = 48
"""A frame's powers are shifted right until their sum has this many bits: with the weights' 15 it stays in 63."""
_LARGEST = 4096
_MOST_BANDS = 128
_MOST_OFFSET = 1024
_LEAST_STEP, _MOST_STEP = 2.0**-12, 2.0**4
"""An int8 step in octaves of power: nothing leaves 63 bits."""
_QUANTIZE_HINT = "give the quantization of the model's input that takes the features"


@dataclass(frozen=True)
class LogMel:
    """A front end; frames are float32 for training, and int8 as the device hands them to the model.

    Attributes:
        sample_rate: of the audio, in Hz.
        window: samples in a frame.
        hop: samples from one frame's start to the next.
        bands: mel filters.
        low_hz, high_hz: where the filters start and end; default: half of the sample rate.
        coefficients: cepstral coefficients (MFCC) to make of the filters' logarithms; 0: the logarithms themselves.
        offset, divisor: features are (logarithm - offset) / divisor. On the device both are part of the step to int8.

    Raises:
        InputError: a value is out of its range, or a filter would have no bin of the transform.
    """

    sample_rate: int = 16_000
    window: int = 480
    hop: int = 320
    bands: int = 40
    low_hz: float = 60.0
    high_hz: float | None = None
    coefficients: int = 0
    offset: float = 0.0
    divisor: float = 1.0

    def __post_init__(self) -> None:
        self._require(self.sample_rate > 0, "sample_rate", "a positive number of samples a second")
        self._require(16 <= self.window <= _LARGEST, "window", f"16 to {_LARGEST} samples")
        self._require(1 <= self.hop <= self.window, "hop", "1 sample to a window")
        self._require(1 <= self.bands <= _MOST_BANDS, "bands", f"1 to {_MOST_BANDS}")
        self._require(0 <= self.coefficients <= self.bands, "coefficients", "0 to the number of bands")
        self._require(abs(self.offset) <= _MOST_OFFSET, "offset", f"-{_MOST_OFFSET} to {_MOST_OFFSET}")
        self._require(0 < self.divisor < np.inf, "divisor", "a positive number")
        top = self.sample_rate / 2
        self._require(self.high_hz is None or 0 < self.high_hz <= top, "high_hz", "at most half of the sample rate")
        self._require(0 <= self.low_hz < self.top_hz, "low_hz", "0 to less than high_hz")
        # Every filter but has a bin, and the power behind the last centre goes nowhere.
        filters = self.filterbank.bands
        empty = sorted(set(range(self.bands)) - set(filters) - set(filters - 1))
        if empty:
            raise InputError(
                f"filter {empty[0]} of {self.bands} lies between two bins of the transform of {self.size} samples",
                where="bands",
                hint="fewer bands, a longer window, or a higher low_hz",
            )

    def _require(self, holds: bool, field: str, what: str) -> None:
        if not holds:
            raise InputError(f"{field} is {getattr(self, field)}", where=f"LogMel.{field}", hint=f"it must be {what}")

    @property
    def top_hz(self) -> float:
        """Where the filters end."""
        return self.sample_rate / 2 if self.high_hz is None else self.high_hz

    @property
    def size(self) -> int:
        """Samples of the Fourier transform: the window, filled with zeros to a power of two."""
        return 1 << (self.window - 1).bit_length()

    @property
    def values(self) -> int:
        """Features in a frame."""
        return self.coefficients or self.bands

    @cached_property
    def filterbank(self) -> tables.Filterbank:
        return tables.filterbank(self.bands, self.low_hz, self.top_hz, self.sample_rate, self.size)

    def frames(self, samples: int) -> int:
        """How many frames so many samples give."""
        return max(0, (samples - self.window) // self.hop + 1)

    def integers(self, audio: npt.ArrayLike) -> Int64Array:
        """Logarithms or coefficients as integers of 1/4096, (..., frames, values), before `offset` and `divisor`.

        Args:
            audio: 16-bit integers, (..., samples).

        Raises:
            InputError: it is not of 16-bit integers, or shorter than a window.
        """
        samples = np.asarray(audio)
        if samples.dtype != np.int16:
            raise InputError(f"audio is {samples.dtype}", hint="give int16 samples; floats in -1 to 1 times 32767")
        count = self.frames(samples.shape[-1]) if samples.ndim else 0
        if not count:
            raise InputError(f"audio of shape {samples.shape} has no frame", hint=f"a frame is {self.window} samples")
        windows = np.lib.stride_tricks.sliding_window_view(samples, self.window, axis=-1)[..., :: self.hop, :]
        windowed = windows.astype(np.int64) * tables.hann_window(self.window)
        logs = self._logarithms(_power(_real_transform(windowed, self.size)))
        if not self.coefficients:
            return logs
        products = logs @ tables.cosine_transform(self.coefficients, self.bands).T
        return (products + (1 << (tables.CEPSTRUM_BITS - 1))) >> tables.CEPSTRUM_BITS

    def features(self, audio: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Real numbers for training and calibration: (integers / 4096 - offset) / divisor."""
        return np.asarray((self.integers(audio) / 2**tables.LOG_BITS - self.offset) / self.divisor, np.float32)

    def quantized(self, audio: npt.ArrayLike, quantization: Any) -> npt.NDArray[np.int8]:
        """The same as the int8 values that the C hands to the model.

        Args:
            quantization: of the model's input: something with `scale` and `zero_point`, such as
                `compiled.manifest.inputs[0].quantization`.
        """
        by = self.output_scale(quantization)
        scaled = (self.integers(audio) * by.multiplier + by.bias) >> by.shift
        return np.asarray(np.clip(scaled, -128, 127), np.int8)

    def output_scale(self, quantization: Any) -> OutputScale:
        """From integers of 1/4096 to those of a model's input; `quantization` as for `quantized`.

        Raises:
            InputError: it has no scale and zero point, or the scale is none that int8 features have.
        """
        try:
            get = quantization.__getitem__ if isinstance(quantization, Mapping) else quantization.__getattribute__
            scale, zero_point = float(get("scale")), int(get("zero_point"))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{quantization!r} has no scale and zero point", hint=_QUANTIZE_HINT) from error
        step = scale * self.divisor
        if not (_LEAST_STEP <= step <= _MOST_STEP and -128 <= zero_point <= 127):
            raise InputError(
                f"scale {scale}, zero point {zero_point} are not those of int8 features", hint=_QUANTIZE_HINT
            )
        multiplier, exponent = quantize_multiplier(1 / (step * 2**tables.LOG_BITS))
        shift = 31 - exponent
        bias = math.floor((zero_point - self.offset / step + 0.5) * 2**shift + 0.5)
        return OutputScale(multiplier, shift, bias)

    def _logarithms(self, power: Int64Array) -> Int64Array:
        """log2 of the filters' energies, with LOG_BITS fractional bits: (..., bands) of (..., bins)."""
        bank = self.filterbank
        inside = power[..., bank.first : bank.first + len(bank.bands)]
        shift = np.maximum(_bit_length(inside.sum(axis=-1)) - _SUM_BITS, 0)[..., None]
        inside = inside >> shift
        energies = np.zeros((*inside.shape[:-1], self.bands + 1), np.int64)
        for place, (band, weight) in enumerate(zip(bank.bands, bank.weights, strict=True)):
            energies[..., band] += inside[..., place] * weight
            if band:
                energies[..., band - 1] += inside[..., place] * ((1 << tables.WEIGHT_BITS) - weight)
        return _log2(energies[..., : self.bands]) + (shift << tables.LOG_BITS)


@dataclass(frozen=True)
class OutputScale:
    """From integers of 1/4096 to int8: (value * multiplier + bias) >> shift; half a step of rounding is in the bias."""

    multiplier: int
    shift: int
    bias: int


def _halved(values: Int64Array) -> Int64Array:
    return (values + 1) >> 1


def _rotated(real: Int64Array, imaginary: Int64Array, turn: Int64Array, size: int) -> tuple[Int64Array, Int64Array]:
    """Times exp(-2 pi i turn / size), turn in 0 ... size / 2; the multiples of a quarter turn are exact."""
    table = tables.quarter_cosine(size)
    quarter = size // 4
    cosine = np.where(
        turn <= quarter, table[np.minimum(turn, quarter)], -table[np.clip(2 * quarter - turn, 0, quarter)]
    )
    sine = np.where(
        turn <= quarter, table[np.clip(quarter - turn, 0, quarter)], table[np.clip(turn - quarter, 0, quarter)]
    )
    half = 1 << (tables.TWIDDLE_BITS - 1)
    return (
        (real * cosine + imaginary * sine + half) >> tables.TWIDDLE_BITS,
        (imaginary * cosine - real * sine + half) >> tables.TWIDDLE_BITS,
    )


def _real_transform(samples: Int64Array, size: int) -> tuple[Int64Array, Int64Array]:
    """The Fourier transform divided by `size`, bins 0 ... size / 2.

    Even and odd samples are the real and imaginary part of a transform of half the size, radix 2 in place, whose every
    step halves, so that nothing leaves 32 bits.
    """
    half = size // 2
    filled = np.zeros((*samples.shape[:-1], size), np.int64)
    filled[..., : samples.shape[-1]] = samples
    order = _bit_reversed(half)
    real, imaginary = filled[..., 0::2][..., order], filled[..., 1::2][..., order]
    span = 1
    while span < half:
        shape = (*real.shape[:-1], half // (2 * span), 2, span)
        re, im = real.reshape(shape), imaginary.reshape(shape)
        turned_re, turned_im = _rotated(
            re[..., 1, :], im[..., 1, :], np.arange(span, dtype=np.int64) * (half // span), size
        )
        real = np.stack([_halved(re[..., 0, :] + turned_re), _halved(re[..., 0, :] - turned_re)], axis=-2)
        imaginary = np.stack([_halved(im[..., 0, :] + turned_im), _halved(im[..., 0, :] - turned_im)], axis=-2)
        real, imaginary = real.reshape(*shape[:-3], half), imaginary.reshape(*shape[:-3], half)
        span *= 2
    place = np.arange(half + 1)
    re, im = real[..., place % half], imaginary[..., place % half]
    mirrored_re, mirrored_im = real[..., (half - place) % half], -imaginary[..., (half - place) % half]
    even_re, even_im = _halved(re + mirrored_re), _halved(im + mirrored_im)
    # The difference divided by i.
    odd_re, odd_im = _halved(im - mirrored_im), _halved(mirrored_re - re)
    turned_re, turned_im = _rotated(odd_re, odd_im, place.astype(np.int64), size)
    return _halved(even_re + turned_re), _halved(even_im + turned_im)


def _bit_reversed(size: int) -> npt.NDArray[np.intp]:
    bits = size.bit_length() - 1
    return np.array([int(f"{k:0{bits}b}"[::-1], 2) if bits else 0 for k in range(size)], np.intp)


def _power(spectrum: tuple[Int64Array, Int64Array]) -> Int64Array:
    real, imaginary = spectrum
    return real * real + imaginary * imaginary


def _bit_length(values: Int64Array) -> Int64Array:
    """Bits of integers that are not negative; 0 of 0."""
    rest, length = values.copy(), np.zeros_like(values)
    for bits in (32, 16, 8, 4, 2, 1):
        more = rest >> bits > 0
        length += np.where(more, bits, 0)
        rest = np.where(more, rest >> bits, rest)
    return length + (rest > 0)


def _log2(values: Int64Array) -> Int64Array:
    """log2 with LOG_BITS fractional bits, by a table with linear interpolation; that of 0 is 0, as of 1."""
    table = tables.log2_table()
    exponent = np.maximum(_bit_length(values) - 1, 0)
    # 31 bits behind the leading one.
    mantissa = np.where(exponent >= 31, values >> np.maximum(exponent - 31, 0), values << np.maximum(31 - exponent, 0))
    mantissa = np.where(values > 0, mantissa & 0x7FFFFFFF, 0)
    step, rest = mantissa >> 25, mantissa >> 9 & 0xFFFF
    fraction = table[step] + ((table[step + 1] - table[step]) * rest >> 16)
    drop = tables.LOG_TABLE_BITS - tables.LOG_BITS
    return np.asarray((exponent << tables.LOG_BITS) + ((fraction + (1 << (drop - 1))) >> drop), np.int64)
