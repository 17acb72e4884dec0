"""Functions of several tensors, element by element, and losses."""

from __future__ import annotations

import torch
from torch import Tensor

from mcugen.frontend.definitions.conditions import Definition, Definitions, in_evaluation, of_activations, of_reals
from mcugen.frontend.lowering.arguments import bind

aten = torch.ops.aten


def _add_product(self: Tensor, tensor1: Tensor, tensor2: Tensor, value: float) -> Tensor:
    product = tensor1 * tensor2
    return self + (product if value == 1 else product * value)


def _add_quotient(self: Tensor, tensor1: Tensor, tensor2: Tensor, value: float) -> Tensor:
    quotient = tensor1 / tensor2
    return self + (quotient if value == 1 else quotient * value)


def _log_add(self: Tensor, other: Tensor) -> Tensor:
    """Both exponentials are at most 1."""
    return torch.maximum(self, other) + torch.log1p(torch.exp(-torch.abs(self - other)))


def _gated(self: Tensor, dim: int) -> Tensor:
    value, gate = self.chunk(2, dim)
    return value * gate.sigmoid()


def _smooth(error: Tensor, delta: float) -> Tensor:
    size = error.abs()
    return torch.where(size < delta, 0.5 * size * size, delta * (size - 0.5 * delta))


def _reduced(error: Tensor, reduction: int) -> Tensor:
    """0: nothing, 1: mean, 2: sum, as the losses have it."""
    return (error, error.mean(), error.sum())[reduction] if reduction else error


def _truth(x: Tensor) -> Tensor:
    return x if x.dtype == torch.bool else x != 0


DEFINITIONS: Definitions = {
    "addcmul": Definition(_add_product, of_activations),
    "addcdiv": Definition(_add_quotient, of_activations),
    "lerp": Definition(lambda self, end, weight: self + (end - self) * weight, of_activations),
    "hypot": Definition(lambda self, other: torch.sqrt(self * self + other * other), of_activations),
    "logaddexp": Definition(_log_add, of_activations),
    "xlogy": Definition(lambda self, other: self * torch.log(other), of_activations),
    # Nothing on the device is no number.
    "fmax": Definition(lambda self, other: torch.maximum(self, other), of_activations),
    "fmin": Definition(lambda self, other: torch.minimum(self, other), of_activations),
    "logical_and": Definition(lambda self, other: _truth(self) & _truth(other), of_reals),
    "logical_or": Definition(lambda self, other: _truth(self) | _truth(other), of_reals),
    "logical_xor": Definition(lambda self, other: _truth(self) ^ _truth(other), of_reals),
    "logical_not": Definition(lambda self: self == 0, of_reals),
    "glu": Definition(_gated),
    "rrelu": Definition(lambda self, lower, upper, **_: aten.leaky_relu(self, (lower + upper) / 2), in_evaluation),
    "alpha_dropout": Definition(lambda input, **_: input.clone(), in_evaluation),
    "feature_alpha_dropout": Definition(lambda input, **_: input.clone(), in_evaluation),
    "mse_loss": Definition(lambda self, target, reduction: _reduced(torch.square(self - target), reduction)),
    "l1_loss": Definition(lambda self, target, reduction: _reduced(torch.abs(self - target), reduction)),
    "huber_loss": Definition(lambda self, target, reduction, delta: _reduced(_smooth(self - target, delta), reduction)),
    "smooth_l1_loss": Definition(
        lambda self, target, reduction, beta: _reduced(_smooth(self - target, beta) / beta, reduction),
        lambda node: bool(bind(node)["beta"] > 0),
    ),
}
