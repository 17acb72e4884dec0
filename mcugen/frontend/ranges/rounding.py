"""Ranges of activations that do not depend on the last bits of float arithmetic.

A float program's activations differ in their last bits between CPUs, whose vector units add in another order. All that
is derived from a range (scale, zero point, multipliers, biases) would differ with them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

SIGNIFICANT_BITS = 10
"""Of a range's ends. Float32 has 24: one range in a thousand or so has an end so near to a border of the coarser
numbers that a difference of a few last bits still shows."""

SCALE_OF_ZERO = 2.0**-24
"""Steps of a value that is zero in all samples: the biases that meet it then still have an integer form."""

RANGE_OF_ZERO = 1.0
"""The same of int16, whose 64-bit sums go to no steps that are much finer than those of the products."""


class RangeRounding:
    """Mixin for an observer of torchao: its range is rounded outwards before it is used, by one part in 512 at most.

    A range that is only zero gets steps of `SCALE_OF_ZERO`, or `RANGE_OF_ZERO`.

    Attributes:
        quant_min, quant_max: the observer's, limits of the integers.
        needed: given the ends of a range, those of the part that makes a difference to whoever reads the value.
    """

    needed: Callable[[float, float], tuple[float, float]] | None = None
    quant_min: int
    quant_max: int

    def _calculate_qparams(self, low: Tensor, high: Tensor) -> Any:
        if self.needed is not None:
            low, high = (torch.tensor(end) for end in self.needed(float(low), float(high)))
        if not bool(low.any() or high.any()):
            wide = self.quant_max - self.quant_min > 255
            high = torch.full_like(high, RANGE_OF_ZERO if wide else 255 * SCALE_OF_ZERO)
        return super()._calculate_qparams(-_up(-low), _up(high))  # type: ignore[misc]


@functools.cache
def rounded(observer: type) -> Any:
    """The observer's class with `RangeRounding`."""
    return type(f"Rounded{observer.__name__}", (RangeRounding, observer), {})


def restricted(observer: type, needed: Callable[[float, float], tuple[float, float]]) -> Any:
    """As `rounded`, for a value of which not the whole range is needed."""
    return type(f"Restricted{observer.__name__}", (rounded(observer),), {"needed": staticmethod(needed)})


def _up(values: Tensor) -> Tensor:
    """The next number of `SIGNIFICANT_BITS` that is not lower."""
    mantissa, exponent = torch.frexp(values.double())
    up = torch.ldexp(torch.ceil(mantissa * 2**SIGNIFICANT_BITS), exponent - SIGNIFICANT_BITS)
    return torch.where(torch.isfinite(values), up.to(values.dtype), values)
