"""Values put at other places, and constants beside them."""

from __future__ import annotations

import torch
from torch import Tensor

from mcugen.frontend.definitions.conditions import Definition, Definitions, of_activations
from mcugen.frontend.lowering.arguments import bind


def _triangle(self: Tensor, diagonal: int, upper: bool) -> Tensor:
    rows, columns = self.shape[-2:]
    mask = torch.ones(rows, columns, dtype=torch.bool)
    kept = mask.triu(diagonal) if upper else mask.tril(diagonal)
    return self.masked_fill(~kept, 0)


def _with_slice(self: Tensor, src: Tensor, dim: int, start: int | None, end: int | None, step: int) -> Tensor:
    """Parts of both side by side, or picked from both where they alternate."""
    size = self.shape[dim]
    inside = range(size)[slice(start, end, step)]
    if step == 1:
        before, behind = self.narrow(dim, 0, inside.start), self.narrow(dim, inside.stop, size - inside.stop)
        return torch.cat([part for part in (before, src, behind) if part.shape[dim]], dim) if len(inside) else self
    places = list(range(size))
    for number, place in enumerate(inside):
        places[place] = size + number
    return torch.cat([self, src], dim).index_select(dim, torch.tensor(places))


def _with_selected(self: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    index %= self.shape[dim]
    return _with_slice(self, src.unsqueeze(dim), dim, index, index + 1, 1)


def _diagonal_matrix(self: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Values on a diagonal, zeros elsewhere."""
    size = self.shape[-1] + abs(offset)
    columns = torch.nn.functional.pad(self, (max(offset, 0), max(-offset, 0)))
    rows = torch.arange(size).unsqueeze(-1) + offset
    matrix = columns.unsqueeze(-2).masked_fill(rows != torch.arange(size), 0)
    return matrix.movedim((-2, -1), (dim1, dim2))


def _diagonal_of(self: Tensor, diagonal: int) -> Tensor:
    return _diagonal_matrix(self, diagonal) if self.dim() == 1 else self.diagonal(diagonal)


def _filled(self: Tensor, value: Tensor | float) -> Tensor:
    if isinstance(value, Tensor):
        return value.to(self.dtype).expand(self.shape)
    return torch.full_like(self, value)


def _one_hot(self: Tensor, num_classes: int) -> Tensor:
    return (self.unsqueeze(-1) == torch.arange(num_classes)).to(torch.int64)


DEFINITIONS: Definitions = {
    "tril": Definition(lambda self, diagonal: _triangle(self, diagonal, upper=False), of_activations),
    "triu": Definition(lambda self, diagonal: _triangle(self, diagonal, upper=True), of_activations),
    "slice_scatter": Definition(_with_slice),
    "select_scatter": Definition(_with_selected),
    "copy": Definition(lambda self, src, **_: src.to(self.dtype).expand(self.shape)),
    "expand_as": Definition(lambda self, other: self.expand(other.shape)),
    "diag": Definition(_diagonal_of),
    "diag_embed": Definition(_diagonal_matrix),
    "diagflat": Definition(lambda self, offset: _diagonal_matrix(self.flatten(), offset)),
    "one_hot": Definition(_one_hot, lambda node: bool(bind(node)["num_classes"] > 0)),
    "zero": Definition(lambda self: torch.zeros_like(self)),
    "fill": Definition(_filled),
}
