"""Functions of plain integers that others express; they wrap, as in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.fx import Node

from mcugen.frontend.definitions.conditions import Definition, Definitions, of_integers
from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of


def _power(self: Tensor, exponent: int) -> Tensor:
    """By squaring."""
    result, square, left = None, self, int(exponent)
    while left:
        if left & 1:
            result = square if result is None else result * square
        left >>= 1
        square = square * square if left else square
    return torch.ones_like(self) if result is None else result


def _has_integer_power(node: Node) -> bool:
    exponent = bind(node)["exponent"]
    return of_integers(node) and dtype_of(node) in INTEGERS and isinstance(exponent, int) and exponent >= 0


def _square(self: Tensor) -> Tensor:
    return self.to(torch.int64) if self.dtype == torch.bool else self * self


_WHOLE = ("ceil", "floor", "positive", "round", "trunc")

DEFINITIONS: Definitions = {
    **{name: Definition(lambda self, **_: self.clone(), of_integers) for name in _WHOLE},
    "abs": Definition(lambda self: torch.maximum(self, -self), of_integers),
    "sign": Definition(lambda self: self.clone() if self.dtype == torch.bool else self.clamp(-1, 1), of_integers),
    "sgn": Definition(lambda self: self.clone() if self.dtype == torch.bool else self.clamp(-1, 1), of_integers),
    "square": Definition(_square, of_integers),
    "pow": Definition(_power, _has_integer_power),
    "signbit": Definition(lambda self: self < 0, of_integers),
    "isnan": Definition(lambda self: self != self, of_integers),
    "isinf": Definition(lambda self: self != self, of_integers),
    "isfinite": Definition(lambda self: self == self, of_integers),
}
