"""The types that a layer can compute in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Precision:
    """Types of a layer: a layer's inputs and its result have one type.

    Attributes:
        activations: bits of its inputs and of its result, 8 or 16.
        weights: bits, 4 or 8.
    """

    activations: int
    weights: int

    @property
    def name(self) -> str:
        return next(name for name, precision in PRECISIONS.items() if precision == self)


PRECISIONS = {"int8": Precision(8, 8), "int16": Precision(16, 8), "int4": Precision(8, 4)}
"""By name. int16 is int16 activations with int8 weights (LiteRT's 16x8), int4 is int8 activations with int4 weights."""

INT8 = PRECISIONS["int8"]
