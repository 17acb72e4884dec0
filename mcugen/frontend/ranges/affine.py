"""Factors (and offsets) of a value's elements, pushed forward through a float program until layers absorb them.

A value `v` is replaced by `w` with `v = factor * w + offset`, element by element. Operators that only move values hand
factor and offset on as they hand on the values; a convolution, a linear layer or a batch norm takes them into its
parameters, exactly. This is cross-layer equalization (Nagel et al., "Data-Free Quantization Through Weight Equalization
and Bias Correction", 2019, section 4.1), for one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering import ROWS, movement, padding, pooling, reduction
from mcugen.frontend.lowering.arguments import axes, bind, shape_of, target_name
from mcugen.frontend.lowering.row import Role, Row
from mcugen.frontend.rewrites.folding import (
    BATCH_NORMS,
    ScaleShift,
    can_scale_inputs,
    new_constant,
    scale_inputs,
    scale_shift,
    weighted,
    with_arguments,
)


@dataclass(frozen=True)
class Affine:
    """real = factor * value + offset; both of the value's shape, factors positive."""

    factor: Tensor
    offset: Tensor

    @staticmethod
    def uniform(factor: float, shape: tuple[int, ...]) -> Affine:
        return Affine(torch.full(shape, factor, dtype=torch.float64), torch.zeros(shape, dtype=torch.float64))

    @property
    def shifts(self) -> bool:
        return bool(self.offset.abs().max() > 0) if self.offset.numel() else False

    @property
    def single_factor(self) -> float | None:
        """The factor when all elements share it."""
        first = self.factor.reshape(-1)[:1]
        return float(first) if bool((self.factor == first).all()) else None

    def per_channel(self, axis: int) -> ScaleShift | None:
        """One factor and offset for each index along `axis`; None when they vary along another one."""
        rows = [t.movedim(axis, 0).reshape(t.shape[axis], -1) for t in (self.factor, self.offset)]
        if not all(torch.equal(r, r[:, :1].expand_as(r)) for r in rows):
            return None
        return ScaleShift(rows[0][:, 0], rows[1][:, 0])


Edit = Callable[[], None]
"""One change of the program. Edits read parameters when they are applied, so that several can meet in one layer."""


Holds = Callable[[Node, Affine], bool]
"""(activation with a bound, factors of what it reads) -> whether the bound may stay as it is, although channels with
other factors then meet it at other values."""


@dataclass
class Push:
    """One attempt: either every reader can take the factors and `edits` says how, or nothing is changed.

    Attributes:
        holds: see `Holds`; without it, bounds that would have to differ between channels end the attempt.
        layers: those that take factors, with the factor and offset of each of their input channels.
    """

    module: GraphModule
    holds: Holds | None = None
    edits: list[Edit] = field(default_factory=list)
    layers: list[tuple[Node, ScaleShift]] = field(default_factory=list)

    def through_users(self, node: Node, affine: Affine) -> bool:
        """Whether all readers of `node` can read `w` in its place."""
        return bool(node.users) and all(self._through(user, node, affine) for user in node.users)

    def apply(self) -> None:
        for edit in self.edits:
            edit()
        self.module.graph.eliminate_dead_code()
        self.module.recompile()

    def _through(self, user: Node, source: Node, affine: Affine) -> bool:
        if weighted(user):
            return self._into_layer(user, source, affine)
        if user.op == "call_function" and target_name(user) in BATCH_NORMS:
            return self._into_batch_norm(user, source, affine)
        row = ROWS.get(target_name(user)) if user.op == "call_function" else None
        if row is None:
            return False
        if row.role is Role.ACTIVATION:
            return self._through_activation(row, user, affine)
        handle = _replay if row.moves else _BEHIND.get(row.build)
        moved = handle(user, source, affine) if handle is not None else None
        return moved is not None and self.through_users(user, moved)

    def _into_layer(self, user: Node, source: Node, affine: Affine) -> bool:
        linear = bind(user)["weight"].meta["val"].dim() == 2
        channels = affine.per_channel(affine.factor.dim() - 1 if linear else 1)
        if channels is None or not can_scale_inputs(self.module, user, source, channels):
            return False
        self.edits.append(lambda: scale_inputs(self.module, user, channels))
        self.layers.append((user, channels))
        return True

    def _into_batch_norm(self, user: Node, source: Node, affine: Affine) -> bool:
        channels = affine.per_channel(1)
        if channels is None or bind(user)["input"] is not source:
            return False
        self.edits.append(lambda: _merge(self.module, user, channels))
        return True

    def _through_activation(self, row: Row[Any], user: Node, affine: Affine) -> bool:
        """max(f * w, 0) = f * max(w, 0); other bounds are divided by a factor that all elements share."""
        assert row.bounds is not None
        bounds = row.bounds(user)
        if affine.shifts or any(isinstance(b, Node) for b in bounds):
            return False
        factor = affine.single_factor
        if any(bound for bound in bounds):
            if factor is None:
                return self.holds is not None and self.holds(user, affine) and self.through_users(user, affine)
            low, high = (None if b is None else b / factor for b in bounds)
            self.edits.append(lambda: _clamp_instead(user, low, high))
        return self.through_users(user, affine)


def _merge(module: GraphModule, node: Node, affine: ScaleShift) -> None:
    """Batch norm of factor * w + offset as a batch norm of w."""
    old = scale_shift(module, node)
    scale, shift = old.scale * affine.scale, old.scale * affine.shift + old.shift
    parts = {
        "running_mean": torch.zeros_like(scale),
        "running_var": torch.ones_like(scale),
        "weight": scale,
        "bias": shift,
    }
    with_arguments(node, **{k: new_constant(module, node, k, v) for k, v in parts.items()}, eps=0.0)


def _clamp_instead(node: Node, low: float | None, high: float | None) -> None:
    node.target = torch.ops.aten.clamp.default
    node.args, node.kwargs = (node.args[0], low, high), {}


def _replay(user: Node, source: Node, affine: Affine) -> Affine | None:
    """An operator that moves values moves their factors alike."""
    if user.all_input_nodes != [source]:
        return None
    target = user.target
    assert isinstance(target, torch._ops.OpOverload)

    def moved(value: Tensor) -> Tensor:
        arguments, keywords = torch.fx.node.map_arg((user.args, user.kwargs), lambda _: value)
        result: Tensor = target(*arguments, **keywords)
        return result.double().contiguous()

    return Affine(moved(affine.factor), moved(affine.offset))


def _spatial(user: Node, source: Node, affine: Affine) -> Affine | None:
    """Pooling and padding with zeros: where factors differ between channels only, and nothing is shifted."""
    channels = affine.per_channel(1) if affine.factor.dim() > 1 else None
    shape = shape_of(user)
    if channels is None or affine.shifts or len(user.all_input_nodes) != 1 or shape[:2] != affine.factor.shape[:2]:
        return None
    factor = channels.scale.reshape(1, -1, *[1] * (len(shape) - 2)).expand(shape)
    return Affine(factor.contiguous(), torch.zeros_like(factor))


def _padded(user: Node, source: Node, affine: Affine) -> Affine | None:
    """Only zeros and copies of values have the factor of what is around them."""
    return None if padding.filling(user) else _spatial(user, source, affine)


def _mean(user: Node, source: Node, affine: Affine) -> Affine | None:
    over = axes(bind(user).get("dim"), affine.factor.dim())
    return None if set(over) & {0, 1} else _spatial(user, source, affine)


def _joined(user: Node, source: Node, affine: Affine) -> Affine | None:
    """A concatenation: the other parts keep factor 1."""
    bound = bind(user)
    parts = [affine if part is source else Affine.uniform(1.0, shape_of(part)) for part in bound["tensors"]]
    axis = int(bound["dim"])
    return Affine(torch.cat([p.factor for p in parts], axis), torch.cat([p.offset for p in parts], axis))


_BEHIND: dict[object, Callable[[Node, Node, Affine], Affine | None]] = {
    padding.pad: _padded,
    movement.concatenate: _joined,
    pooling.max_pool: _spatial,
    pooling.average_pool: _spatial,
    pooling.adaptive_average_pool: _spatial,
    reduction.mean: _mean,
}
"""By the builder of a row: what factors become behind such an operator."""
