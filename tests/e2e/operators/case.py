"""A row of the tables: a small program around one operator, in one spelling, and inputs for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

N = -1
"""Stands for the number of images in the shapes of inputs."""

Samples = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Input:
    """One input of a program: its shape, and how its samples are drawn."""

    shape: tuple[int, ...]
    draw: Callable[[np.random.Generator, tuple[int, ...]], Samples]

    def samples(self, count: int, batch: int, seed: int) -> Samples:
        """Shape: (count, *shape), with `batch` for `N`."""
        shape = tuple(batch if size == N else size for size in self.shape)
        return self.draw(np.random.default_rng(seed), (count, *shape))


def real(*shape: int, low: float | None = None, high: float = 1.0) -> Input:
    """Normally distributed numbers; with `low`, uniform ones."""

    def draw(rng: np.random.Generator, sizes: tuple[int, ...]) -> Samples:
        values = rng.standard_normal(sizes) if low is None else rng.uniform(low, high, sizes)
        return values.astype(np.float32)

    return Input(shape, draw)


def integers(low: int, high: int, *shape: int, dtype: type = np.int64) -> Input:
    """Plain integers of low..high-1."""
    return Input(shape, lambda rng, sizes: rng.integers(low, high, sizes).astype(dtype))


def booleans(*shape: int) -> Input:
    return Input(shape, lambda rng, sizes: rng.integers(0, 2, sizes).astype(bool))


class Applied(nn.Module):
    """A function of tensors as a program."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> object:
        return self.function(*inputs)


@dataclass(frozen=True)
class Case:
    """A program around one operator.

    Attributes:
        model: in evaluation mode after `seeded`.
        inputs: what it takes.
        layer: most output steps between an operator of the integer reference and PyTorch on the same integers.
        output: as `layer`, from the program's inputs to its outputs: more than a step where several operators round.
        decomposes: it is compiled after `run_decompositions()` too.
    """

    model: nn.Module
    inputs: tuple[Input, ...]
    layer: int = 1
    output: int = 1
    decomposes: bool = True


def case(
    model: nn.Module | Callable[..., object], *inputs: Input, layer: int = 1, output: int = 1, decomposes: bool = True
) -> Case:
    """A row; a function becomes a program."""
    program = model if isinstance(model, nn.Module) else Applied(model)
    return Case(program, inputs, layer, max(layer, output), decomposes)


Table = dict[str, Case]


def in_place(change: Callable[[Tensor], object]) -> Callable[[Tensor], Tensor]:
    """A program that changes a copy of its input."""

    def run(x: Tensor, *rest: Tensor) -> Tensor:
        copy = torch.clone(x)
        change(copy, *rest)
        return copy

    return run
