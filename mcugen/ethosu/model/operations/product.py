"""Matrix products on one core.

NumPy's library spreads a product over all cores. That gains nothing at the sizes of networks for microcontrollers, and
where the cores have other work, the wait for the last of them takes twenty times as long as the product.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_ONE_CORE = 1 << 18
"""Multiply-accumulates up to which OpenBLAS takes one core (SMP_THRESHOLD_MIN · GEMM_MULTITHREAD_THRESHOLD)."""
_LARGE = 1 << 26
_DEEP, _WIDE = 256, 64


def product(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """left (m, k) @ right (k, n), in pieces that stay on one core unless it is large.

    Sums of pieces are those of the whole only where every sum is exact.
    """
    (m, k), n = left.shape, right.shape[1]
    if m * k * n <= _ONE_CORE or m * k * n > _LARGE:
        return np.asarray(left @ right)
    deep, wide = min(k, _DEEP), min(n, _WIDE)
    rows = max(1, _ONE_CORE // (deep * wide))
    result = np.zeros((m, n), np.result_type(left, right))
    for column in range(0, n, wide):
        for first in range(0, k, deep):
            part = right[first : first + deep, column : column + wide]
            for row in range(0, m, rows):
                result[row : row + rows, column : column + wide] += left[row : row + rows, first : first + deep] @ part
    return result
