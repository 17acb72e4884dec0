"""Ranges of activations that do not depend on the last bits of float arithmetic.

A float program's activations differ in their last bits between CPUs, whose vector units add in another order. All that
is derived from a range (scale, zero point, multipliers, biases) would differ with them.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

SIGNIFICANT_BITS = 10
"""Of a range's ends. Float32 has 24: one range in a thousand or so has an end so near to a border of the coarser
numbers that a difference of a few last bits still shows."""


class RangeRounding:
    """Mixin for an observer of torchao: its range is rounded outwards before it is used, by one part in 512 at most."""

    def _calculate_qparams(self, low: Tensor, high: Tensor) -> Any:
        return super()._calculate_qparams(-_up(-low), _up(high))  # type: ignore[misc]


@functools.cache
def rounded(observer: type) -> Any:
    """The observer's class with `RangeRounding`."""
    return type(f"Rounded{observer.__name__}", (RangeRounding, observer), {})


def _up(values: Tensor) -> Tensor:
    """The next number of `SIGNIFICANT_BITS` that is not lower."""
    mantissa, exponent = torch.frexp(values.double())
    up = torch.ldexp(torch.ceil(mantissa * 2**SIGNIFICANT_BITS), exponent - SIGNIFICANT_BITS)
    return torch.where(torch.isfinite(values), up.to(values.dtype), values)
