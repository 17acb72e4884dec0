"""The softmax that programs are rewritten to: with a mask of what takes part, and a factor."""

from __future__ import annotations

from typing import Any

import torch

SOFTMAXES = ("aten.softmax.int", "aten._softmax.default")
"""What is rewritten."""

_SCHEMA = "(Tensor self, Tensor? mask, int dim, float beta, bool included) -> Tensor"


def _compute(self: torch.Tensor, mask: torch.Tensor | None, dim: int, beta: float, included: bool) -> torch.Tensor:
    """softmax(beta * self) over the elements where `mask` (bool, broadcasts) is `included`; 0 for all others.

    Where nothing takes part all are 0.
    """
    scores = self * beta
    if mask is None:
        return scores.softmax(dim)
    excluded = mask.logical_not() if included else mask
    return scores.masked_fill(excluded, -torch.inf).softmax(dim).masked_fill(excluded, 0.0)


def _define() -> Any:
    """Makes it an operator that programs can hold."""
    torch.library.define("mcugen::masked_softmax", _SCHEMA)
    torch.library.impl("mcugen::masked_softmax", "CompositeExplicitAutograd", _compute)
    return torch.ops.mcugen.masked_softmax.default


masked_softmax = _define()
