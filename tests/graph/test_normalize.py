"""Normalize against exact arithmetic, with the bound that docs/numbers.md states."""

from __future__ import annotations

import itertools

import numpy as np

from mcugen.graph.ops import Normalize
from mcugen.graph.ops.normalization.normalize import FRACTION, inverse_root, pack_affine
from mcugen.graph.tensor import DTYPES, Quantization, Tensor

SEED = 20


def test_within_the_stated_bound() -> None:
    rng = np.random.default_rng(SEED)
    sizes = ((1, True, 1), (8, False, 2), (64, True, 1), (300, True, 3), (4096, False, 4096), (16384, True, 16384))
    for (size, centered, repeat), bits in itertools.product(sizes, (8, 16)):
        most = 1 << (bits - 1)
        x, zero_point = rng.integers(-most, most, (6, size)), int(rng.integers(-128, 128)) if bits == 8 else 0
        x[1] = zero_point
        x[2] = rng.integers(5, 7, size)
        x[3] = rng.choice([-most, most - 1], size)
        weights, biases = rng.normal(size=(2, 2, size // repeat)) * np.array([30.0, 40.0])[:, None, None]
        factors, offsets, shift = pack_affine(weights, biases)
        epsilon = size * size // 50
        tensors = [
            Tensor("input", x.shape, f"int{bits}", Quantization.per_tensor(0.1, zero_point, bits)),
            Tensor("factors", factors.shape, "int32", None, factors),
            Tensor("offsets", offsets.shape, "int32", None, offsets),
        ]
        out = Tensor("output", x.shape, "int8", Quantization.per_tensor(0.1, 0))
        op = Normalize(
            name="norm",
            inputs=("input", "factors", "offsets"),
            outputs=("output",),
            centered=centered,
            epsilon=epsilon,
            shift=shift,
        )
        op.validate(tensors, [out])
        (got,) = op.reference([x.astype(DTYPES[f"int{bits}"]), factors, offsets], tensors, [out])
        real = x.astype(np.float64) - zero_point
        real -= real.mean(axis=1, keepdims=True) if centered else 0.0
        y = real / np.sqrt(np.maximum((real**2).mean(axis=1, keepdims=True) + epsilon / size**2, 1 / size**2))
        a, b = (np.tile(np.repeat(v, repeat, axis=1), (3, 1)) for v in (weights, biases))
        bound = 0.5 + np.abs(a) * (2.0**-17 + np.abs(y) * 2.0**-28) + (np.abs(y) + 1) * 2.0**-17
        assert (np.abs(got - np.clip(a * y + b, -128, 127)) <= bound + 1e-9).all(), (SEED, size, bits)


def test_inverse_roots_have_thirty_bits() -> None:
    rng = np.random.default_rng(SEED)
    for v in [1, 2, 3, 4, 2**60, 2**61 + 1, *(int(2.0**e) for e in rng.uniform(0, 61.9, 200))]:
        inverse, shift = inverse_root(v)
        assert abs(inverse * 2.0**-shift * np.sqrt(float(v)) / 2**FRACTION - 1) < 2.0**-28, v
