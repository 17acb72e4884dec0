"""Inputs and results of a small image model served to the MLPerf Tiny runner."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mcugen import api
from mcugen.emit.manifest import Manifest
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import IntArray, Quantization
from mcugen.verify.run import run_samples

HARNESS = api.Extras(mlperf_tiny=True)


def quantization(manifest: Manifest, group: str, index: int = 0) -> Quantization:
    entry = (manifest.inputs if group == "inputs" else manifest.outputs)[index].quantization
    return Quantization.per_tensor(entry.scale, entry.zero_point)


def images(count: int) -> IntArray:
    """In the model's own layout, channels first."""
    return np.random.default_rng(count).integers(-128, 128, (count, 3, 6, 5)).astype(np.int8)


def on_device(image: IntArray) -> bytes:
    return np.ascontiguousarray(image.transpose(1, 2, 0)).tobytes()


def expected(folder: Path, tmp_path: Path, samples: IntArray) -> IntArray:
    np.savez(tmp_path / "in.npz", image=samples)
    outcome = run_samples(folder, tmp_path / "in.npz", tmp_path / "out.npz")
    return outcome.outputs["scores"]


def quantized(values: np.ndarray, manifest: Manifest) -> IntArray:
    return quantize(values.astype(np.float32), quantization(manifest, "outputs"), "int8")
