"""Samples on their way to the device and back: names, shapes, types, layout, quantization."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mcugen.emit.manifest import NormalizationEntry
from mcugen.errors import InputError
from mcugen.verify.measure import require_states
from mcugen.verify.samples import load_samples, to_model_layout
from tests.verify.manifests import manifest, port

IMAGE = port("image", (1, 3, 4, 5), (0, 2, 3, 1), 0.05, -7)
VECTOR = port("vector", (1, 6), (0, 1), 0.1, 3)
MANIFEST = manifest((IMAGE, VECTOR), (IMAGE,))
GENERATOR = np.random.default_rng(0)


def save(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def good(samples: int = 2) -> dict[str, np.ndarray]:
    return {
        "image": GENERATOR.integers(-128, 128, (samples, 3, 4, 5)).astype(np.int8),
        "vector": GENERATOR.integers(-128, 128, (samples, 6)).astype(np.int8),
    }


def test_int8_samples_are_only_turned(tmp_path: Path) -> None:
    arrays = good()
    image, vector = load_samples(save(tmp_path / "in.npz", **arrays), MANIFEST)
    assert image.shape == (2, 1, 4, 5, 3) and image.flags.c_contiguous
    np.testing.assert_array_equal(image[:, 0], arrays["image"].transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(vector[:, 0], arrays["vector"])


def test_the_batch_axis_may_be_written_out(tmp_path: Path) -> None:
    arrays = good()
    with_batch = {name: a[:, None] for name, a in arrays.items()}
    plain = load_samples(save(tmp_path / "a.npz", **arrays), MANIFEST)
    spelled = load_samples(save(tmp_path / "b.npz", **with_batch), MANIFEST)
    for a, b in zip(plain, spelled, strict=True):
        np.testing.assert_array_equal(a, b)


def test_float_samples_are_quantized_as_pytorch_does(tmp_path: Path) -> None:
    values = GENERATOR.normal(0, 4, (50, 6)).astype(np.float32)
    arrays = {"vector": values, "image": np.zeros((50, 3, 4, 5), np.float32)}
    _, vector = load_samples(save(tmp_path / "in.npz", **arrays), MANIFEST)
    expected = torch.quantize_per_tensor(torch.from_numpy(values), 0.1, 3, torch.qint8).int_repr().numpy()
    np.testing.assert_array_equal(vector[:, 0], expected)


def test_outputs_come_back_in_the_models_layout() -> None:
    device = GENERATOR.integers(-128, 128, (2, 1, 4, 5, 3)).astype(np.int8)
    back = to_model_layout([device], MANIFEST)
    np.testing.assert_array_equal(back["image"], device[:, 0].transpose(0, 3, 1, 2))


def broken(**changes: np.ndarray | None) -> dict[str, np.ndarray]:
    arrays = {**good(), **changes}
    return {name: a for name, a in arrays.items() if a is not None}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (broken(vector=None), "the model's inputs are"),
        (broken(extra=np.zeros(2)), "the model's inputs are"),
        (broken(vector=np.zeros((2, 7), np.int8)), "samples have shape"),
        (broken(vector=np.zeros((2, 6), np.int16)), "samples are int16"),
        (broken(vector=np.zeros((3, 6), np.int8)), "number of samples"),
        (good(0), "number of samples"),
        (broken(vector=np.full((2, 6), np.nan, np.float32)), "NaN"),
        (broken(vector=np.full((2, 6), np.inf, np.float32)), "infinity"),
        (broken(vector=np.array(1, np.int8)), "number of samples"),
    ],
)
def test_wrong_samples_are_named(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_samples(save(tmp_path / "in.npz", **arrays), MANIFEST)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_samples(tmp_path / "none.npz", MANIFEST)
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="not an"):
        load_samples(tmp_path / "text.npz", MANIFEST)
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(InputError, match="not an"):
        load_samples(tmp_path / "single.npy", MANIFEST)
    np.savez(tmp_path / "pickled.npz", image=np.array([{}], dtype=object), vector=np.zeros((1, 6), np.int8))
    with pytest.raises(InputError, match="pickle"):
        load_samples(tmp_path / "pickled.npz", MANIFEST)


def test_channels_with_scales_of_their_own(tmp_path: Path) -> None:
    """(real - offset) / factor, then the port's quantization; along the model's axis, whatever the device's layout."""
    by = NormalizationEntry(axis=1, factors=(2.0, 300.0, 0.25), offsets=(0.0, 1000.0, -1.0))
    given = manifest((IMAGE.model_copy(update={"normalization": by}),), ())
    data = GENERATOR.uniform(-4, 4, (2, 3, 4, 5)) * np.array(by.factors)[:, None, None]
    data = (data + np.array(by.offsets)[:, None, None]).astype(np.float32)
    (image,) = load_samples(save(tmp_path / "in.npz", image=data), given)
    (spelled,) = load_samples(save(tmp_path / "batch.npz", image=data[:, None]), given)
    np.testing.assert_array_equal(image, spelled)
    for channel, (factor, offset) in enumerate(zip(by.factors, by.offsets, strict=True)):
        steps = (data[:, channel].astype(np.float64) - offset) / factor / 0.05 - 7
        assert np.abs(image[:, 0, :, :, channel] - np.clip(steps, -128, 127)).max() <= 0.51


def test_only_a_module_with_state_is_reset(tmp_path: Path) -> None:
    plain = manifest((port("x", (1, 2), (0, 1), 0.5, 0),), (port("y", (1, 2), (0, 1), 0.5, 0),))
    require_states(plain, None, tmp_path)
    with pytest.raises(InputError, match="--reset-every is for models with state"):
        require_states(plain, 2, tmp_path)
