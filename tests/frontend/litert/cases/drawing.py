"""What all random files share: the draws of tensors, and a file around one operator."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from tests.frontend.litert.files import Array, Op, T, file_of

Rng = np.random.Generator
Case = tuple[bytes, list[Array]]
"""A file and inputs for it."""

Maker = Callable[[Rng], Case]

_ACTIVATIONS: ContextVar[str] = ContextVar("activations", default="INT8")


def is_wide() -> bool:
    """Whether the activations at hand are int16."""
    return _ACTIVATIONS.get() == "INT16"


def real(rng: Rng, shape: tuple[int, ...], scale: float | None = None, zero_point: int | None = None) -> T:
    """A tensor of the type of activations at hand, with one scale; int16 is symmetric."""
    drawn = float(np.float32(2.0 ** rng.uniform(-8, 0)))
    zero = int(rng.choice([-128, 0, 127, rng.integers(-128, 128)]))
    if is_wide():
        return T(shape, "INT16", float(np.float32(drawn / 256)) if scale is None else scale, 0)
    return T(shape, "INT8", drawn if scale is None else scale, zero if zero_point is None else zero_point)


def wide(make: Callable[[Rng], Case]) -> Callable[[Rng], Case]:
    """The same case with int16 activations."""

    def make_wide(rng: Rng) -> Case:
        token = _ACTIVATIONS.set("INT16")
        try:
            return make(rng)
        finally:
            _ACTIVATIONS.reset(token)

    return make_wide


def values(rng: Rng, tensor: T) -> Array:
    """Any integers of the type; extremes are common."""
    if tensor.type == "BOOL":
        return rng.integers(0, 2, tensor.shape).astype(np.bool_)
    dtype = np.dtype(tensor.type.lower())
    info = np.iinfo(dtype)
    small = rng.integers(max(info.min, -1000), min(info.max, 1000) + 1, tensor.shape)
    drawn = np.where(rng.random(tensor.shape) < 0.1, rng.choice([info.min, info.max], tensor.shape), small)
    return np.asarray(drawn.astype(dtype) if tensor.scale is not None else small.astype(dtype))


def shape(rng: Rng, rank: int, most: int = 6) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, most, rank))


def case(
    rng: Rng,
    builtin: str,
    inputs: list[T],
    outputs: list[T],
    table: str = "",
    **options: Any,
) -> Case:
    """A file of one operator; operands without data are the file's inputs."""
    tensors = [*inputs, *outputs]
    given = [k for k, t in enumerate(inputs) if t.data is None]
    results = list(range(len(inputs), len(tensors)))
    data = file_of(tensors, [Op(builtin, list(range(len(inputs))), results, options, table)], given, results)
    return data, [values(rng, tensors[k]) for k in given]


def moved(builtin: str, table: str, make: Callable[[Rng], tuple[Any, ...]]) -> Callable[[Rng], Case]:
    """What moves values: `make` gives (input shape, output shapes, constants, options)."""

    def case_of(rng: Rng) -> Case:
        before, after, constants, options = make(rng)
        x = real(rng, before)
        outs = [T(tuple(s), x.type, x.scale, x.zero_point) for s in after]
        first = options.pop("first", False)
        operands = [*constants, x] if first else [x, *constants]
        return case(rng, builtin, operands, outs, table, **options)

    return case_of
