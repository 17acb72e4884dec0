"""Constants of the log-mel front end, as integers: what the C tables hold and the Python twin computes with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

WINDOW_BITS = 15
TWIDDLE_BITS = 30
WEIGHT_BITS = 15
LOG_BITS = 12
"""Fractional bits of a logarithm: features are 1/4096 of an octave of power."""
LOG_STEPS = 64
LOG_TABLE_BITS = 15
CEPSTRUM_BITS = 15


@dataclass(frozen=True)
class Filterbank:
    """Triangular filters over neighbouring bins, each bin in the falling side of one and the rising side of the next.

    Attributes:
        first: the first bin with a weight.
        bands: for each bin from `first`, the filter that it is in the rising side of; one more than the last filter
            behind the centre of that.
        weights: the bin's weight there, WEIGHT_BITS fractional bits; one less it is that in the filter before.
    """

    first: int
    bands: Int64Array
    weights: Int64Array


def hann_window(length: int) -> Int64Array:
    """The periodic Hann window, at most 1 - 2**-15."""
    phase = 2 * np.pi * np.arange(length) / length
    return _rounded(np.minimum((0.5 - 0.5 * np.cos(phase)) * 2**WINDOW_BITS, 2**WINDOW_BITS - 1))


def quarter_cosine(size: int) -> Int64Array:
    """cos(2 pi k / size) for k = 0 ... size / 4."""
    return _rounded(np.cos(2 * np.pi * np.arange(size // 4 + 1) / size) * 2**TWIDDLE_BITS)


def log2_table() -> Int64Array:
    """log2(1 + i / LOG_STEPS) for i = 0 ... LOG_STEPS."""
    return _rounded(np.log2(1 + np.arange(LOG_STEPS + 1) / LOG_STEPS) * 2**LOG_TABLE_BITS)


def mel(hertz: npt.ArrayLike) -> FloatArray:
    """Hertz on the mel scale, as HTK has it."""
    return 2595 * np.log10(1 + np.asarray(hertz, np.float64) / 700)


def hertz(mels: npt.ArrayLike) -> FloatArray:
    """The inverse of `mel`."""
    return 700 * (10 ** (np.asarray(mels, np.float64) / 2595) - 1)


def filter_edges(count: int, low_hz: float, high_hz: float) -> FloatArray:
    """The `count` + 2 frequencies in Hz at which filters start, have their centre, and end: evenly spaced in mels."""
    low, high = mel(low_hz), mel(high_hz)
    return hertz(np.linspace(low, high, count + 2))


def filterbank(count: int, low_hz: float, high_hz: float, sample_rate: int, size: int) -> Filterbank:
    """Filters of height 1 over the bins of a Fourier transform of `size` samples."""
    edges = filter_edges(count, low_hz, high_hz)
    frequencies = np.arange(size // 2 + 1) * sample_rate / size
    inside = np.flatnonzero((frequencies > edges[0]) & (frequencies < edges[-1]))
    if not inside.size:
        return Filterbank(0, np.zeros(0, np.int64), np.zeros(0, np.int64))
    bands = np.searchsorted(edges, frequencies[inside], side="right") - 1
    rise = (frequencies[inside] - edges[bands]) / (edges[bands + 1] - edges[bands])
    return Filterbank(int(inside[0]), bands.astype(np.int64), _rounded(rise * 2**WEIGHT_BITS))


def cosine_transform(coefficients: int, bands: int) -> Int64Array:
    """Rows of the orthonormal type-II discrete cosine transform, (coefficients, bands)."""
    row, column = np.arange(coefficients)[:, None], np.arange(bands)[None]
    basis = np.sqrt(2 / bands) * np.cos(np.pi * row * (2 * column + 1) / (2 * bands))
    basis[0] /= np.sqrt(2)
    return _rounded(np.minimum(basis * 2**CEPSTRUM_BITS, 2**CEPSTRUM_BITS - 1))


def _rounded(values: FloatArray) -> Int64Array:
    return np.floor(values + 0.5).astype(np.int64)
