"""LiteRT files by the command, in processes of their own: without torch, soon, with TensorFlow Lite Micro's bytes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.frontend.litert.cases import CASES
from tests.frontend.litert.files import Op, T, constant, file_of, read, tflm

SECONDS = 0.7
"""Of processor time, until the file is read."""


def _mcugen(*arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-m", "mcugen", *arguments], capture_output=True, text=True, check=False
    )


def _network(rng: np.random.Generator) -> tuple[bytes, tuple[int, ...]]:
    """Convolution, pooling, products and softmax, between uint8 and int8."""
    weights = [rng.integers(-127, 128, shape).astype(np.int8) for shape in ((4, 3, 3, 2), (5, 64))]
    tensors = [
        T((1, 8, 8, 2), "UINT8", 0.02, 128, name="image"),
        T((1, 8, 8, 2), "INT8", 0.02, 0),
        T((4, 3, 3, 2), "INT8", [0.01, 0.02, 0.005, 0.01], 0, 0, weights[0]),
        T((4,), "INT32", [0.0002, 0.0004, 0.0001, 0.0002], 0, 0, rng.integers(-500, 500, 4).astype(np.int32)),
        T((1, 8, 8, 4), "INT8", 0.05, -128),
        T((1, 4, 4, 4), "INT8", 0.05, -128),
        constant([1, 64]),
        T((1, 64), "INT8", 0.05, -128),
        T((5, 64), "INT8", 0.01, 0, 0, weights[1]),
        T((1, 5), "INT8", 0.2, 3),
        T((1, 5), "INT8", 1 / 256, -128, name="classes"),
    ]
    window = {"padding": 0, "strideH": 1, "strideW": 1, "fusedActivationFunction": 1}
    pool = {"padding": 1, "strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 2}
    operators = [
        Op("QUANTIZE", [0], [1], table="QuantizeOptions"),
        Op("CONV_2D", [1, 2, 3], [4], window, "Conv2DOptions"),
        Op("MAX_POOL_2D", [4], [5], pool, "Pool2DOptions"),
        Op("RESHAPE", [5, 6], [7]),
        Op("FULLY_CONNECTED", [7, 8, -1], [9], table="FullyConnectedOptions"),
        Op("SOFTMAX", [9], [10], {"beta": 1.0}, "SoftmaxOptions"),
    ]
    return file_of(tensors, operators, [0], [10]), (1, 8, 8, 2)


def test_emitted_without_torch(tmp_path: Path) -> None:
    data, _ = _network(np.random.default_rng(0))
    (tmp_path / "net.tflite").write_bytes(data)
    arguments = ["emit", str(tmp_path / "net.tflite"), "--board", "nrf5340dk", "--output", str(tmp_path / "net")]
    done = _mcugen(*arguments, options=("-X", "importtime"))
    assert done.returncode == 0, done.stderr[-2000:]
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "numpy" in modules and modules.isdisjoint({"torch", "torchao", "ai_edge_litert", "flatbuffers"})
    manifest = json.loads((tmp_path / "net" / "mcugen.json").read_text())
    assert [(p["name"], p["dtype"]) for p in (*manifest["inputs"], *manifest["outputs"])] == [
        ("image", "uint8"),
        ("classes", "int8"),
    ]


def test_starts_soon(tmp_path: Path) -> None:
    """A damaged file ends the command where it is read."""
    path = tmp_path / "damaged.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(64))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    best = 99.0
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "mcugen", "emit", str(path), "--board", "nrf5340dk"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 2 and "is damaged" in done.stderr
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    if best > SECONDS and os.getloadavg()[0] > (os.cpu_count() or 1):
        pytest.skip(f"the machine is busy: {best:.2f} s of processor time")
    assert best < SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("board", ["mps2_an385", "mps2_an386", "nrf5340dk", "mps3_an547"])
def test_firmware_gives_tflms_bytes(board: str, tmp_path: Path) -> None:
    data, shape = _network(np.random.default_rng(1))
    (tmp_path / "net.tflite").write_bytes(data)
    given = np.random.default_rng(2).integers(0, 256, (20, *shape)).astype(np.uint8)
    np.savez(tmp_path / "x.npz", image=given)
    folder = str(tmp_path / "net")
    assert _mcugen("emit", str(tmp_path / "net.tflite"), "--board", board, "--output", folder).returncode == 0
    done = _mcugen("run", folder, "--inputs", str(tmp_path / "x.npz"), "--outputs", str(tmp_path / "y.npz"))
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "y.npz")["classes"]
    wanted = np.stack([tflm(data, [x])[0] for x in given])
    np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_every_operator_runs_as_firmware(name: str, tmp_path: Path) -> None:
    """Outputs and layers against the reference, which other tests hold against the interpreter."""
    data, _ = CASES[name](np.random.default_rng(3))
    read(data)
    (tmp_path / "net.tflite").write_bytes(data)
    folder = str(tmp_path / "net")
    done = _mcugen("emit", str(tmp_path / "net.tflite"), "--board", "mps2_an386", "--output", folder)
    assert done.returncode == 0, done.stderr
    done = _mcugen("verify", folder)
    assert done.returncode == 0, done.stdout + done.stderr
