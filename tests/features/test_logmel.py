"""Log-mel features: the C against its Python twin bit by bit, and both against a transform in floating point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from mcugen.errors import InputError
from mcugen.features import LogMel, tables, write
from tests.emit import program

Audio = npt.NDArray[np.int16]
# Samples come in pieces, the first of none; frames are given as integers and as int8.
TEXT = """#include "audio.h"
int program(void)
{
    static struct audio stream;
    static int16_t samples[4096];
    static int32_t frame[AUDIO_VALUES];
    static int8_t small[AUDIO_VALUES];
    audio_init(&stream);
    for (;;) {
        uint16_t count;
        take(&count, sizeof count);
        if (count == UINT16_MAX) {
            return 0;
        }
        take(samples, 2u * count);
        for (size_t used = 0; used < count;) {
            used += mcugen_logmel_push(&stream.logmel, samples + used, count - used);
            if (mcugen_logmel_ready(&stream.logmel)) {
                mcugen_logmel_frame(&stream.logmel, frame);
                mcugen_logmel_frame_s8(&stream.logmel, &audio_scale, small);
                give(frame, sizeof frame);
                give(small, sizeof small);
            }
        }
    }
}
"""
FRONTENDS = (
    LogMel(),
    LogMel(window=400, hop=400, bands=13, low_hz=300, high_hz=3500, coefficients=13, offset=-20.5, divisor=9),
    LogMel(sample_rate=8000, window=16, hop=1, bands=4, low_hz=0),
)


def kinds_of_audio(rng: np.random.Generator, samples: int) -> Audio:
    """Noise of any strength, tones, silence, one end of the range, jumps between both."""
    time = np.arange(samples)
    kind = rng.integers(6)
    if kind == 0:
        values = rng.normal(0, 10 ** rng.uniform(-1, 4.5), samples)
    elif kind == 1:
        values = 32767 * np.sin(time * rng.uniform(0.001, 3.1)) * rng.uniform(0, 1)
    elif kind == 2:
        values = np.full(samples, rng.choice([-32768, -1, 0, 1, 32767]))
    elif kind == 3:
        values = np.where(rng.integers(0, 2, samples) > 0, 32767, -32768)
    elif kind == 4:
        values = np.where(time // rng.integers(1, 100) % 2 > 0, 32767, -32768)
    else:
        values = rng.integers(-32768, 32768, samples) * (rng.random(samples) < 0.01)
    return np.clip(np.round(values), -32768, 32767).astype(np.int16)


def several_kinds(rng: np.random.Generator, pieces: int, samples: int) -> Audio:
    return np.concatenate([kinds_of_audio(rng, samples) for _ in range(pieces)])


def in_pieces(audio: Audio, rng: np.random.Generator) -> bytes:
    sizes = [0]
    while sum(sizes) < len(audio):
        sizes.append(min(int(rng.integers(1, 4097)), len(audio) - sum(sizes)))
    parts = np.split(audio, np.cumsum(sizes)[:-1])
    return b"".join(np.uint16(len(part)).tobytes() + part.tobytes() for part in parts) + b"\xff\xff"


def write_sources(frontend: LogMel, folder: Path, quantization: object) -> Path:
    for path in write(frontend, folder, name="audio", quantization=quantization):
        place = folder / ("include" if path.suffix == ".h" else "src")
        place.mkdir(exist_ok=True)
        path.rename(place / path.name)
    return folder


def check(frontend: LogMel, seed: int, folder: Path, board: str | None = None, pieces: int = 8) -> None:
    rng = np.random.default_rng(seed)
    audio = several_kinds(rng, pieces, frontend.window + 3 * frontend.hop)
    scale = 2 ** rng.uniform(-6, 2) / frontend.divisor
    quantization = SimpleNamespace(scale=scale, zero_point=int(rng.integers(-128, 128)))
    module = write_sources(frontend, folder / "module", quantization)
    given = in_pieces(audio, rng)
    if board is None:
        out = program.on_host(module, TEXT, given, folder / "work")
    else:
        out = program.on_target(module, TEXT, given, folder / "work", board)
    frames = np.frombuffer(out, np.uint8).reshape(-1, 5 * frontend.values)
    context = f"{frontend}, seed {seed}"
    assert len(frames) == frontend.frames(len(audio)), context
    values = np.ascontiguousarray(frames[:, : 4 * frontend.values]).view(np.int32)
    np.testing.assert_array_equal(values, frontend.integers(audio), err_msg=context)
    small = np.ascontiguousarray(frames[:, 4 * frontend.values :]).view(np.int8)
    np.testing.assert_array_equal(small, frontend.quantized(audio, quantization), err_msg=context)


def random_frontend(rng: np.random.Generator) -> LogMel:
    while True:
        rate = int(rng.choice([4000, 8000, 11025, 16000, 44100, 48000]))
        window = int(rng.integers(16, 2049))
        bands = int(rng.integers(1, 81))
        low = float(rng.uniform(0, rate / 4))
        try:
            return LogMel(
                sample_rate=rate,
                window=window,
                hop=int(rng.integers(1, window + 1)),
                bands=bands,
                low_hz=low,
                high_hz=float(rng.uniform(low + 1, rate / 2)),
                coefficients=int(rng.integers(0, bands + 1)) * int(rng.integers(2)),
                offset=float(rng.uniform(-100, 100)),
                divisor=float(2 ** rng.uniform(-3, 8)),
            )
        except InputError:
            continue


@pytest.mark.parametrize("frontend", FRONTENDS)
def test_c_gives_the_twins_bits(frontend: LogMel, tmp_path: Path) -> None:
    check(frontend, 1, tmp_path)


@pytest.mark.emulator
def test_c_gives_the_twins_bits_on_the_core(tmp_path: Path) -> None:
    check(FRONTENDS[1], 2, tmp_path, "mps2_an385", pieces=4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_random_front_ends(seed: int, tmp_path: Path) -> None:
    check(random_frontend(np.random.default_rng(seed)), seed, tmp_path, pieces=12)


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("board", ["microbit", "mps2_an386", "nrf5340dk", "mps3_an547"])
def test_other_cores(board: str, tmp_path: Path) -> None:
    check(LogMel(window=256, hop=128, bands=20, low_hz=200, coefficients=10), 3, tmp_path, board, pieces=3)


def float_logs(frontend: LogMel, audio: Audio) -> npt.NDArray[np.float64]:
    """The same in floating point, from the definition: triangles over frequencies in Hz, evenly spaced in mels."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frontend.window) / frontend.window)
    frames = np.lib.stride_tricks.sliding_window_view(audio, frontend.window)[:: frontend.hop] * window
    power = np.abs(np.fft.rfft(frames, frontend.size)) ** 2
    edges = tables.filter_edges(frontend.bands, frontend.low_hz, frontend.top_hz)
    frequency = np.arange(frontend.size // 2 + 1) * frontend.sample_rate / frontend.size
    low, centre, high = (edges[k : k + frontend.bands, None] for k in range(3))
    filters = np.maximum(np.minimum((frequency - low) / (centre - low), (high - frequency) / (high - centre)), 0)
    # Samples have 15 bits more, the transform is divided by its size, weights have 15 bits more.
    return np.log2(power @ filters.T + 1e-30) + 30 - 2 * np.log2(frontend.size) + 15


@pytest.mark.parametrize("seed", range(20))
def test_it_is_a_log_mel_spectrum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frontend = LogMel() if seed == 0 else replace(random_frontend(rng), coefficients=0, offset=0.0, divisor=1.0)
    # Noise as weak as one step of a sample, up to the full scale. A filter may have one bin alone, of a small weight.
    audio = np.round(rng.normal(0, 10 ** rng.uniform(0, 4), 4 * frontend.window)).clip(-32768, 32767).astype(np.int16)
    np.testing.assert_allclose(frontend.features(audio), float_logs(frontend, audio), atol=0.05, err_msg=f"seed {seed}")


def test_the_scale_that_the_docstring_states() -> None:
    time = np.arange(16000) / 16000
    for amplitude, expected in ((32767, 71), (1, 41)):
        tone = np.round(amplitude * np.sin(2 * np.pi * 1000 * time)).astype(np.int16)
        assert LogMel().features(tone).max() == pytest.approx(expected, abs=1)
    assert LogMel().features(np.zeros(16000, np.int16)).max() == 0


def test_cepstral_coefficients_are_a_cosine_transform() -> None:
    audio = several_kinds(np.random.default_rng(4), 6, 1000)
    logs, found = LogMel().integers(audio), LogMel(coefficients=10).integers(audio)
    place = np.arange(40)
    basis = np.cos(np.pi * np.arange(10)[:, None] * (2 * place + 1) / 80) * np.sqrt(2 / 40)
    basis[0] /= np.sqrt(2)
    np.testing.assert_allclose(found, logs @ basis.T, atol=1 + 40 * 80 * 4096 / 2**16)


def test_leading_axes_are_kept() -> None:
    audio = several_kinds(np.random.default_rng(5), 6, 500).reshape(2, 3, 500)
    found = LogMel(window=100, hop=100, bands=8).features(audio)
    assert found.shape == (2, 3, 5, 8) and found.dtype == np.float32
    np.testing.assert_array_equal(found[1, 2], LogMel(window=100, hop=100, bands=8).features(audio[1, 2]))


@pytest.mark.parametrize(
    ("scale", "offset", "divisor"), [(2.0**-12, 0, 1), (0.0123, 50.1, 8), (0.3, -1024, 50), (16, 1024, 1)]
)
def test_int8_is_the_nearest(scale: float, offset: float, divisor: float) -> None:
    by = LogMel(offset=offset, divisor=divisor).output_scale({"scale": scale, "zero_point": 5})
    assert 2**30 <= by.multiplier < 2**31 and 1 <= by.shift < 63
    integers = np.arange(-300_000, 300_000, 7, dtype=np.int64)
    assert max(abs(int(integers[0]) * by.multiplier), abs(by.bias)) < 2**62
    found = (integers * by.multiplier + by.bias) >> by.shift
    exact = (integers / 4096 - offset) / divisor / scale + 5
    np.testing.assert_allclose(found, exact, atol=0.5 + 1e-3, rtol=0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"bands": 128, "low_hz": 20.0}, "filter 3 of 128 lies between two bins"),
        ({"hop": 481}, "hop is 481"),
        ({"window": 8}, "window is 8"),
        ({"window": 5000}, "16 to 4096"),
        ({"low_hz": 9000.0}, "low_hz"),
        ({"high_hz": 8001.0}, "at most half of the sample rate"),
        ({"coefficients": 41}, "number of bands"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"bands": 0}, "1 to 128"),
        ({"offset": float("nan")}, "-1024 to 1024"),
        ({"divisor": 0.0}, "a positive number"),
    ],
)
def test_wrong_front_ends(fields: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        LogMel(**fields)  # type: ignore[arg-type]


def test_wrong_inputs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="audio is float64"):
        LogMel().features(np.zeros(500))
    with pytest.raises(InputError, match="has no frame"):
        LogMel().features(np.zeros(479, np.int16))
    with pytest.raises(InputError, match="has no scale and zero point"):
        LogMel().quantized(np.zeros(480, np.int16), None)
    with pytest.raises(InputError, match="not those of int8"):
        LogMel().quantized(np.zeros(480, np.int16), {"scale": 0.0, "zero_point": 0})
    for name in ("Audio", "mcugen_logmel", "a-b", ""):
        with pytest.raises(InputError, match="front end's name"):
            write(LogMel(), tmp_path / "none", name=name)
    assert not (tmp_path / "none").exists()
