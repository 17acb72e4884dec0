"""LogSoftmax against float64, with the bound that docs/numbers.md states."""

from __future__ import annotations

import numpy as np

from mcugen.graph.ops import LogSoftmax
from mcugen.graph.tensor import Quantization, Tensor

SEED = 21


def test_within_the_stated_bound() -> None:
    rng = np.random.default_rng(SEED)
    op = LogSoftmax(name="log", inputs=("input",), outputs=("output",))
    for size in (1, 2, 10, 300, 4095):
        for step, out_scale in ((0.001, 0.01), (0.05, 0.05), (0.2, 0.2), (0.03, 0.002)):
            x = rng.integers(-128, 128, (20, size)).astype(np.int8)
            x[:3] = -30
            x[3:6] = np.where(np.arange(size) == 0, 100, -100)
            given = Tensor("input", x.shape, "int8", Quantization.per_tensor(step, 3))
            out = Tensor("output", x.shape, "int8", Quantization.per_tensor(out_scale, 100))
            op.validate([given], [out])
            (got,) = op.reference([x], [given], [out])
            real = (x.astype(np.float64) - 3) * given.scale
            real -= real.max(axis=1, keepdims=True)
            exact = (real - np.log(np.exp(real).sum(axis=1, keepdims=True))) / out.scale + 100
            bound = 0.501 + (size * 2.0**-20 + 2.0**-16) / out.scale
            assert (np.abs(got - np.clip(exact, -128, 127)) <= bound).all(), (SEED, size, step)
