"""Weight streams against Arm's own codec, which Vela's package carries."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from mcugen.ethosu.model.weights.order import Layout, arrange, order
from mcugen.ethosu.model.weights.scales import Scales, interleave, read_scales
from mcugen.ethosu.model.weights.stream import WeightStreamError, decode

codec = pytest.importorskip("ethosu.mlw_codec", reason="ethos-u-vela is not installed")


def _weights(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Of all distributions that the encoder treats differently."""
    size = int(rng.choice([1, 2, 15, 200, 3000, 20000], p=[0.1, 0.1, 0.2, 0.3, 0.2, 0.1]))
    kind = rng.integers(7)
    if kind == 0:
        return rng.integers(-255, 256, size)
    if kind == 1:
        return np.round(rng.normal(0, rng.uniform(0.3, 60), size)).clip(-255, 255).astype(int)
    if kind == 2:
        return np.where(rng.random(size) < rng.random(), 0, rng.integers(-128, 128, size))
    if kind == 3:
        return rng.choice(rng.integers(-255, 256, int(rng.integers(1, 40))), size)
    if kind == 4:
        return np.full(size, rng.integers(-255, 256))
    if kind == 5:
        # Sections unlike each other: the encoder starts a new palette for each.
        return np.repeat(rng.integers(-3, 4, 8), size // 8 + 1)[:size] * rng.integers(1, 40, size)
    return np.round(rng.laplace(0, rng.uniform(0.1, 20), size)).clip(-255, 255).astype(int)


@pytest.mark.parametrize("seed", range(60))
def test_decoding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = _weights(rng)
    encoded = bytes(codec.encode(weights.tolist()))
    found = decode(encoded)
    assert np.array_equal(found, np.array(codec.decode(bytearray(encoded))))
    assert np.array_equal(found[: len(weights)], weights)
    # What a compiler rounds lengths up with ends a stream, too.
    assert np.array_equal(decode(encoded + b"\xff" * 13), found)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 5000, 1000))
def test_decoding_thousands(first: int) -> None:
    for seed in range(first, first + 1000):
        weights = _weights(np.random.default_rng(seed))
        assert np.array_equal(decode(bytes(codec.encode(weights.tolist())))[: len(weights)], weights), seed


def test_streams_behind_each_other() -> None:
    """Sections of a layer are encoded for themselves."""
    rng = np.random.default_rng(5)
    parts = [rng.integers(-20, 20, int(n)) for n in rng.integers(1, 500, 6)]
    streams = [bytes(codec.encode(part.tolist())) for part in parts]
    joined = decode(b"".join(streams))
    assert np.array_equal(joined, np.concatenate([decode(stream) for stream in streams]))


@pytest.mark.parametrize("seed", range(20))
def test_streams_that_end_early(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-100, 100, 500)
    encoded = bytes(codec.encode(weights.tolist()))
    cut = encoded[: int(rng.integers(1, len(encoded) - 16))]
    try:
        assert len(decode(cut)) < 500
    except WeightStreamError as error:
        assert "the weight stream" in str(error)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_streams(seed: int) -> None:
    """Either weights or the one error, and never much memory."""
    rng = np.random.default_rng(seed)
    encoded = bytearray(codec.encode(_weights(rng).tolist()))
    for place in rng.integers(0, len(encoded), int(rng.integers(1, 6))):
        encoded[place] = int(rng.integers(256))
    try:
        found = decode(bytes(encoded))
    except WeightStreamError:
        return
    assert found.dtype == np.int16 and len(found) <= 64 * 8 * len(encoded)


LAYOUT = Layout((3, 5), (1, 1), 19, 37, 16, 8, 8, False, False, 1)


@pytest.mark.parametrize(
    "layout",
    [
        LAYOUT,
        dataclasses.replace(LAYOUT, is_part_kernel_first=True),
        dataclasses.replace(LAYOUT, is_part_kernel_first=True, item=2),
        dataclasses.replace(LAYOUT, item=2),
        dataclasses.replace(LAYOUT, ofm_ublock=4, block_depth=12),
        dataclasses.replace(LAYOUT, kernel=(11, 9), dilation=(2, 1)),
        dataclasses.replace(LAYOUT, is_depthwise=True, inputs=1),
    ],
)
def test_every_weight_has_one_place(layout: Layout) -> None:
    index = order(layout)
    size = layout.outputs * layout.kernel[0] * layout.kernel[1] * layout.inputs
    assert np.array_equal(np.sort(index[index >= 0]), np.arange(size))
    weights = np.random.default_rng(0).integers(-100, 100, size).astype(np.int16)
    stream = np.where(index >= 0, weights[np.maximum(index, 0)], 0).astype(np.int16)
    found = arrange(stream, layout)
    assert np.array_equal(found.ravel(), weights)
    with pytest.raises(ValueError, match=r"weights, .* are needed"):
        arrange(stream[:-1], layout)
    if (index < 0).any():
        stream[np.flatnonzero(index < 0)[0]] = 1
        with pytest.raises(ValueError, match="its order is another"):
            arrange(stream, layout)


def test_scales() -> None:
    """Forty bits of bias, 32 of multiplier, 6 of shift, little endian; the cores take turns."""
    entries = [(-(2**39), 2**32 - 1, 63), (2**39 - 1, 0, 0), (-1, 1 << 30, 31), (5, 6, 7), (0, 1, 2)]
    packed = [
        (bias & (2**40 - 1)).to_bytes(5, "little") + multiplier.to_bytes(4, "little") + bytes([shift])
        for bias, multiplier, shift in entries
    ]
    whole = read_scales(b"".join(packed))
    assert list(zip(*(values.tolist() for values in whole), strict=True)) == entries
    halves: list[Scales] = [read_scales(b"".join(packed[core::2])) for core in (0, 1)]
    assert all(np.array_equal(a, b) for a, b in zip(interleave(halves), whole, strict=True))
