"""Products of matrices and vectors, and what is added to them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.fx import Node

from mcugen.frontend.definitions.conditions import Definition, Definitions, depends_on_inputs, of_activations
from mcugen.frontend.lowering.arguments import bind

aten = torch.ops.aten


def _is_no_layer(node: Node) -> bool:
    """Unlike x * weights + bias with constants, whose weights are quantized for each channel."""
    b = bind(node)
    layer = not depends_on_inputs(b["mat2"]) and not depends_on_inputs(b["self"])
    return not layer or b["alpha"] != 1 or b["beta"] != 1


def _is_of_activations(node: Node) -> bool:
    """A linear layer whose weights or bias are computed."""
    b = bind(node)
    return b["bias"] is not None and (depends_on_inputs(b["weight"]) or depends_on_inputs(b["bias"]))


def _weighted(self: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """beta * self + alpha * product"""
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return (self if beta == 1 else self * beta) + product


def _added_product(self: Tensor, mat1: Tensor, mat2: Tensor, beta: float, alpha: float) -> Tensor:
    return _weighted(self, torch.mm(mat1, mat2), beta, alpha)


def _added_products(self: Tensor, batch1: Tensor, batch2: Tensor, beta: float, alpha: float) -> Tensor:
    return _weighted(self, torch.bmm(batch1, batch2), beta, alpha)


def _sum_of_products(self: Tensor, batch1: Tensor, batch2: Tensor, beta: float, alpha: float) -> Tensor:
    """One product of the matrices side by side."""
    rows = batch1.transpose(0, 1).reshape(batch1.shape[1], -1)
    return _weighted(self, torch.mm(rows, batch2.reshape(-1, batch2.shape[2])), beta, alpha)


def _column(self: Tensor, vec: Tensor) -> Tensor:
    return torch.mm(self, vec.unsqueeze(-1)).squeeze(-1)


def _added_column(self: Tensor, mat: Tensor, vec: Tensor, beta: float, alpha: float) -> Tensor:
    return _weighted(self, _column(mat, vec), beta, alpha)


def _added_outer(self: Tensor, vec1: Tensor, vec2: Tensor, beta: float, alpha: float) -> Tensor:
    return _weighted(self, vec1.unsqueeze(-1) * vec2, beta, alpha)


def _dot(**arguments: Tensor) -> Tensor:
    first, second = arguments.values()
    return torch.mm(first.unsqueeze(0), second.unsqueeze(1)).reshape(())


def _linear(input: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.nn.functional.linear(input, weight) + bias


def _bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    out, first, second = weight.shape
    rows = weight.transpose(0, 1).reshape(first, out * second)
    left = torch.matmul(input1, rows).reshape(*input1.shape[:-1], out, second)
    result = torch.matmul(left, input2.unsqueeze(-1)).squeeze(-1)
    return result if bias is None else result + bias


DEFINITIONS: Definitions = {
    "addmm": Definition(_added_product, _is_no_layer),
    "baddbmm": Definition(_added_products),
    "addbmm": Definition(_sum_of_products),
    "addmv": Definition(_added_column),
    "addr": Definition(_added_outer, of_activations),
    "mv": Definition(_column),
    "dot": Definition(_dot),
    "vdot": Definition(_dot),
    "linear": Definition(_linear, _is_of_activations),
    "bilinear": Definition(_bilinear),
}
