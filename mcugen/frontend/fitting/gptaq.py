"""What a layer's weights shall be behind layers that were rounded already, and how far samples are to be trusted.

Weights of eight bits are nearly all of the error of a program with int16 activations, and most of it is a function of
what the next layer reads: its weights can take it back. Their target is no longer the float program's weights W but
W + (X^T X + ridge)^-1 X^T (F - X) W^T, with X the layer's inputs in the quantized program and F those in the float
program (Li et al. 2025, "GPTAQ: Efficient Finetuning-Free Quantization for Asymmetric Calibration", arXiv:2504.02692).
With few samples this learns their noise by heart. So each layer's ridge, and the damping of its rounding, are those
that do well on one half of the samples when fitted to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

Round = Callable[[Tensor, Tensor, float], Tensor]
"""(target weights (G, O, I), second moments (G, I, I), damping) -> the weights that integers stand for, (G, O, I)."""


@dataclass(frozen=True)
class Moments:
    """Sums over the rows that meet a row of weights, for each group; x of the quantized program, f of the float one.

    Attributes:
        own: (G, I, I), of x^T x.
        cross: (G, I, I), of x^T f.
        wanted: (G, I, I), of f^T f.
    """

    own: Tensor
    cross: Tensor
    wanted: Tensor

    @classmethod
    def of(cls, pairs: Iterable[tuple[Tensor, Tensor]]) -> Moments:
        """Pairs of rows (G, positions, I), one or more, float64."""
        sums: list[Tensor] = []
        for x, f in pairs:
            new = [x.mT @ x, x.mT @ f, f.mT @ f]
            sums = [a + b for a, b in zip(sums, new, strict=True)] if sums else new
        return cls(*sums)

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.own + other.own, self.cross + other.cross, self.wanted + other.wanted)

    def error(self, weights: Tensor, wanted: Tensor) -> float:
        """The sum of squares of x weights^T - f wanted^T; weights are (G, O, I)."""
        terms = (weights @ self.own) * weights - 2 * ((weights @ self.cross) * wanted) + (wanted @ self.wanted) * wanted
        return float(terms.sum())


@dataclass(frozen=True)
class Trust:
    """How closely a layer is fitted to samples; both numbers are shares of the inputs' mean second moment.

    Attributes:
        ridge: of the target; None: the float program's weights.
        damping: of the rounding.
    """

    ridge: float | None
    damping: float

    def fit(self, weights: Tensor, moments: Moments, rounding: Round) -> Tensor:
        return rounding(self._target(weights, moments), moments.own, self.damping)

    def _target(self, weights: Tensor, moments: Moments) -> Tensor:
        mean = moments.own.diagonal(dim1=1, dim2=2).mean(1)
        if self.ridge is None or not bool((mean > 0).all()):
            return weights
        damped = moments.own + (self.ridge * mean)[:, None, None] * torch.eye(weights.shape[2], dtype=weights.dtype)
        missed = (moments.cross - moments.own) @ weights.mT
        return weights + torch.cholesky_solve(missed, torch.linalg.cholesky(damped)).mT


LEAST_TO_MOST = (Trust(None, 0.1), Trust(None, 0.01), Trust(1.0, 0.1), Trust(0.1, 0.01), Trust(0.01, 0.01))

AS_GOOD = 1.5
"""Of those whose error on unseen samples is up to so many times the least the one that trusts samples most is taken:
what was fitted to half of the samples overstates what trust in all of them costs."""


def fitted(weights: Tensor, halves: tuple[Moments, Moments], rounding: Round) -> Tensor:
    """Args:
        weights: the float program's, (G, O, I), float64.
        halves: of the samples.

    Returns:
        Rounded weights, (G, O, I), float64.
    """
    first, second = halves
    errors = [
        sum(
            unseen.error(trust.fit(weights, seen, rounding), weights)
            for seen, unseen in ((first, second), halves[::-1])
        )
        for trust in LEAST_TO_MOST
    ]
    good = [trust for trust, error in zip(LEAST_TO_MOST, errors, strict=True) if error <= AS_GOOD * min(errors)]
    return good[-1].fit(weights, first + second, rounding)
