"""Calibration files: what is accepted, and one clear error for everything else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import InputError
from mcugen.frontend import calibration, compile_program
from mcugen.frontend.calibration import InputSpec

INPUTS = [InputSpec("image", (1, 2, 4, 3)), InputSpec("context", (1, 5))]


def arrays(samples: int = 3, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    good = {"image": rng.random((samples, 2, 4, 3), np.float32), "context": rng.random((samples, 5), np.float32)}
    return {name: array for name, array in (good | changes).items() if array is not None}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "cal.npz"
    np.savez(path, **arrays(**changes))
    return path


def test_samples_get_the_batch_axis(tmp_path: Path) -> None:
    given = arrays()
    loaded = calibration.load(written(tmp_path), INPUTS)
    assert {n: a.shape for n, a in loaded.items()} == {"image": (3, 1, 2, 4, 3), "context": (3, 1, 5)}
    assert all(a.dtype == np.float32 for a in loaded.values())
    assert np.array_equal(loaded["image"][:, 0], given["image"])


def test_the_only_array_is_the_only_input_s(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    np.savez(tmp_path / "cal.npz", np.ones((3, 5), np.float32))  # NumPy calls it arr_0
    loaded = calibration.load(tmp_path / "cal.npz", INPUTS[1:])
    assert loaded["context"].shape == (3, 1, 5)
    assert "'arr_0'" in caplog.text and "'context'" in caplog.text


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, np.uint8])
def test_other_numbers_and_batch_axes_are_accepted(tmp_path: Path, dtype: Any) -> None:
    values = np.arange(15).reshape(3, 1, 5).astype(dtype)
    loaded = calibration.load(written(tmp_path, context=values), INPUTS)
    assert np.array_equal(loaded["context"], values.astype(np.float32))


BAD = {
    "unknown and missing names": ({"image": None, "picture": np.zeros((3, 2, 4, 3))}, "'context', 'picture'", "image"),
    "one missing": ({"context": None}, "named 'image'", "'context'"),
    "channels last": ({"image": np.zeros((3, 4, 3, 2), np.float32)}, "(3, 4, 3, 2)", "(samples, 2, 4, 3)"),
    "no sample axis": ({"context": np.zeros(5, np.float32)}, "(5,)", "(samples, 5)"),
    "a scalar": ({"context": np.float32(1)}, "()", "(samples, 5)"),
    "no samples": ({"samples": 0}, "no samples", "image"),
    "different numbers": ({"context": np.zeros((2, 5), np.float32)}, "different numbers of samples", "2"),
    "not a number": ({"context": np.full((3, 5), np.nan, np.float32)}, "NaN", "sample 0"),
    "infinite": ({"context": np.array([[0.0] * 5, [0.0] * 5, [np.inf] * 5])}, "infinite", "sample 2"),
    "beyond float32": ({"context": np.full((3, 5), 1e300)}, "infinite", "context"),
    "text": ({"context": np.array([["a"] * 5] * 3)}, "<U1", "real numbers"),
    "complex": ({"context": np.zeros((3, 5), np.complex64)}, "complex64", "real numbers"),
    "truth values": ({"context": np.zeros((3, 5), bool)}, "bool", "real numbers"),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_arrays(tmp_path: Path, name: str) -> None:
    changes, *words = BAD[name]
    refused(written(tmp_path, **changes), *words)


def refused(path: Path, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        calibration.load(path, INPUTS)
    error = caught.value
    assert error.hint and str(path) in str(error) and error.exit_code == 2
    for word in words:
        assert word in str(error), str(error)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    refused(tmp_path / "no.npz", "does not exist")
    refused(tmp_path, "no file")


def test_other_files(tmp_path: Path) -> None:
    for name, content in (("a.npz", b"hello"), ("b.npz", b""), ("c.npz", written(tmp_path).read_bytes()[:-30])):
        path = tmp_path / name
        path.write_bytes(content)
        refused(path, "not an .npz")
    path = tmp_path / "single.npy"
    np.save(path, np.zeros(3))
    refused(path, "not an .npz")


def test_damaged_array(tmp_path: Path) -> None:
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    start = data.index(b"NUMPY")
    data[start : start + 5] = b"BROKE"
    path.write_bytes(bytes(data))
    refused(path, "damaged", "image.npy")


class _Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_pickled_objects_do_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    path = tmp_path / "cal.npz"
    bomb = np.empty(3, dtype=object)
    bomb[:] = [_Bomb(mark)] * 3
    np.savez(path, image=bomb, context=bomb)
    refused(path, "pickle")
    assert not mark.exists()
    pickle.loads(pickle.dumps(_Bomb(mark)))
    assert mark.exists()


def test_random_is_seeded() -> None:
    first, second = calibration.random(INPUTS), calibration.random(INPUTS)
    assert all(np.array_equal(first[n], second[n]) for n in first)
    assert not np.array_equal(first["image"], calibration.random(INPUTS, seed=1)["image"])
    assert first["image"].shape[1:] == (1, 2, 4, 3)


@pytest.mark.parametrize("kind", ["index", "gather", "embedding"])
def test_places_that_are_not_there(kind: str, tmp_path: Path) -> None:
    table = torch.ones(3, 2)
    forms: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "index": lambda x, ids: x[ids],
        "gather": lambda x, ids: x.gather(0, ids[:, None]),
        "embedding": lambda x, ids: nn.functional.embedding(ids, table) + x[:1, :1],
    }

    class Places(nn.Module):
        def forward(self, x: Tensor, ids: Tensor) -> Tensor:
            return forms[kind](x, ids)

    program = torch.export.export(Places(), (torch.ones(3, 2), torch.zeros(4, dtype=torch.int64)))
    ids = np.zeros((5, 4), np.int64)
    ids[2, 1] = 3
    np.savez(tmp_path / "c.npz", x=np.ones((5, 3, 2), np.float32), ids=ids)
    with pytest.raises(InputError, match=r"calibration sample 2: .*(bounds|range)"):
        compile_program(program, "net", tmp_path / "c.npz")
