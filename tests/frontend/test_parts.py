"""Assignments to parts of tensors mean what they mean in PyTorch, whatever else is read of their memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from mcugen.frontend import compile_program
from mcugen.frontend.parts import change_whole_tensors
from mcugen.frontend.rehearsal import require_supported
from mcugen.frontend.signature import positional_module

Function = Callable[[Tensor, Tensor], Any]


class Net(nn.Module):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, z: Tensor) -> Any:
        return self.function(x, z)


def slices(x: Tensor, z: Tensor) -> Any:
    y = torch.zeros_like(x)
    y[:, 0:2] = z
    y[:, 3] = 1.0
    y[:, 2] += x[:, 1]
    y[..., 0].mul_(2)
    return y


def other_names(x: Tensor, z: Tensor) -> Any:
    y = x * 2
    flat = y.view(-1)
    y.relu_()
    flat[3:9] = 5
    turned = y.transpose(1, 2)
    turned[:, 1:3, 0] = z[:, 0, :2]
    return y + 1, flat, turned


def splits_of_it(x: Tensor, z: Tensor) -> Any:
    y = x.clone()
    first, second = y.chunk(2, 1)
    y[:, ::2] = z
    return first, second, y


def copies(x: Tensor, z: Tensor) -> Any:
    """A reshape of what does not lie in order is a copy."""
    y = x + z[:, :1]
    copy = y.permute(2, 0, 1).reshape(5, 4)
    same = y.reshape(2, 10)
    copy[0] = 3
    y[:, 1] = -1
    return y, copy, same


def parts_of_parts(x: Tensor, z: Tensor) -> Any:
    y = x.clone()
    part = y[0]
    part[1].sub_(z[0, 0])
    part.t()[0].zero_()
    again = part.unsqueeze(0).squeeze(0)
    again[2:] *= 3
    return part, y.narrow(1, -2, 2)


def one_after_the_other(x: Tensor, z: Tensor) -> Any:
    y = x.clone()
    y[:, 0] = y[:, 1]
    y[:, 1] = y[:, 0]
    y.narrow(1, -2, 1).fill_(2.0)
    y[:, :1].copy_(z[:, :1] > 0)
    return y


def an_input(x: Tensor, z: Tensor) -> Any:
    x[:, 1:3] = z
    return x * 2


def masks(x: Tensor, z: Tensor) -> Any:
    y = x * 2
    y[y < 0] = 0.25
    y[0, x[0].sum(-1) > 0] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    y[:, torch.tensor([True, False, False, True])] = -1
    return y


def places(x: Tensor, z: Tensor) -> Any:
    y = x.clone()
    y[:, [0, 2]] = z
    y[0, [1, 1, 3], [4, 0, 2]] = z[0, 0, :3]
    y[..., [3]] += 1
    return y


def conversions(x: Tensor, z: Tensor) -> Any:
    """A conversion is a copy, but to the type that a tensor has."""
    y = x.clone()
    y.float()[:, 1] = 0.5
    places = (z > 0).float().mul_(0.5).add_(y[:, :2])
    return y, places


FUNCTIONS = (
    conversions,
    slices,
    other_names,
    splits_of_it,
    copies,
    parts_of_parts,
    one_after_the_other,
    an_input,
    masks,
    places,
)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_equals_pytorch(function: Function) -> None:
    x, z = torch.randn(1, 4, 5), torch.randn(1, 2, 5)
    program = torch.export.export(Net(function).eval(), (x.clone(), z.clone()))
    module = positional_module(program)
    change_whole_tensors(module)
    require_supported(module)
    wanted = tree_leaves(function(x.clone(), z.clone()))
    found = tree_leaves(module(x.clone(), z.clone()))
    assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))


def test_slices_become_concatenations(tmp_path: Path) -> None:
    program = torch.export.export(Net(slices).eval(), (torch.randn(1, 4, 5), torch.randn(1, 2, 5)))
    graph = compile_program(program, "net", "random")
    assert {op.kind for op in graph.operators} == {"concatenation", "take", "reshape", "add", "table"}
    assert graph.fidelity is not None and graph.fidelity.sqnr_db["zeros_like"] > 30
