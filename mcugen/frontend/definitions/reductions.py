"""Reductions that others express, and pooling over one axis of three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from mcugen.frontend.definitions.conditions import Definition, Definitions, of_reals
from mcugen.frontend.lowering.arguments import bind


def _both_extremes(self: Tensor, dim: int | None, keepdim: bool) -> tuple[Tensor, Tensor]:
    over = list(range(self.dim())) if dim is None else [dim]
    return self.amin(over, keepdim), self.amax(over, keepdim)


def _cosine(x1: Tensor, x2: Tensor, dim: int, eps: float) -> Tensor:
    first, second = (x / torch.linalg.vector_norm(x, 2, [dim], True).clamp_min(eps) for x in (x1, x2))
    product: Tensor = first * second
    return product.sum(dim)


def _count(self: Tensor, dim: Any = None) -> Tensor:
    nonzero = self if self.dtype == torch.bool else self != 0
    return nonzero.sum() if dim is None else nonzero.sum(dim)


def _average_pool3d(
    self: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    """Over the first of the three axes alone, as `local_response_norm` does it: an image whose rows are the others."""
    steps = list(stride) or list(kernel_size)
    image = self.flatten(-2)
    pooled = torch.nn.functional.avg_pool2d(
        image,
        (kernel_size[0], 1),
        (steps[0], 1),
        (padding[0] if padding else 0, 0),
        ceil_mode,
        count_include_pad,
        divisor_override,
    )
    return pooled.reshape(*pooled.shape[:-1], *self.shape[-2:])


def _pools_one_axis(node: Node) -> bool:
    b = bind(node)
    kernel = list(b["kernel_size"])
    stride, padding = list(b["stride"]) or kernel, list(b["padding"]) or [0]
    return len(kernel) == 3 and kernel[1:] == [1, 1] and set(stride[1:]) <= {1} and not any(padding[1:])


def _any(self: Tensor, **over: Any) -> Tensor:
    return torch.any(self != 0, **over)


def _all(self: Tensor, **over: Any) -> Tensor:
    return torch.all(self != 0, **over)


DEFINITIONS: Definitions = {
    "aminmax": Definition(_both_extremes),
    "cosine_similarity": Definition(_cosine),
    "count_nonzero": Definition(_count),
    "dist": Definition(lambda self, other, p: torch.linalg.vector_norm(self - other, p)),
    "nansum": Definition(lambda self, dim, keepdim, dtype: torch.sum(self, dim or [], keepdim, dtype=dtype)),
    "nanmean": Definition(lambda self, dim, keepdim, dtype: torch.mean(self, dim or [], keepdim, dtype=dtype)),
    "trace": Definition(lambda self: self.diagonal().sum()),
    "any": Definition(_any, of_reals),
    "all": Definition(_all, of_reals),
    "avg_pool3d": Definition(_average_pool3d, _pools_one_axis),
}
