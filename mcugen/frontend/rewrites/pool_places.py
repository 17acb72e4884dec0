"""The second result of maximum pooling, where each maximum was, as operators of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_WINDOWS = "(Tensor self, int[] kernel_size, int[] stride, int[] padding, int[] dilation, bool ceil_mode) -> Tensor"
_SIZES = "(Tensor self, int[] output_size) -> Tensor"


def _places(spatial: int) -> Any:
    pool = functional.max_pool1d if spatial == 1 else functional.max_pool2d

    def compute(self: Tensor, kernel_size: list[int], stride: list[int], *rest: Any) -> Tensor:
        return pool(self, kernel_size, stride or None, *rest, return_indices=True)[1]

    return _define(f"max_pool{spatial}d_places", _WINDOWS, compute)


def _adaptive_places(spatial: int) -> Any:
    pool = functional.adaptive_max_pool1d if spatial == 1 else functional.adaptive_max_pool2d

    def compute(self: Tensor, output_size: list[int]) -> Tensor:
        return pool(self, output_size if spatial > 1 else output_size[0], return_indices=True)[1]

    return _define(f"adaptive_max_pool{spatial}d_places", _SIZES, compute)


def _define(name: str, schema: str, compute: Any) -> Any:
    """Makes it an operator that programs can hold."""
    torch.library.define(f"mcugen::{name}", schema)
    torch.library.impl(f"mcugen::{name}", "CompositeExplicitAutograd", compute)
    return getattr(torch.ops.mcugen, name).default


PLACES = {
    "aten.max_pool1d_with_indices.default": _places(1),
    "aten.max_pool2d_with_indices.default": _places(2),
    "aten.adaptive_max_pool1d.default": _adaptive_places(1),
    "aten.adaptive_max_pool2d.default": _adaptive_places(2),
}
"""By the operator that gives values and places: what gives the places."""
