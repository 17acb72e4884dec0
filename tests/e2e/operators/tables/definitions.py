"""Operators that others express, and those of plain integers made of real numbers."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, case, integers, real

X: Input = real(N, 3, 4)
SQUARE: Input = real(N, 4, 4)
COUNTS: Input = integers(-9, 10, N, 5)

CASES: Table = {
    "baddbmm": case(lambda c, a, b: torch.baddbmm(c, a, b, beta=0.5, alpha=2), SQUARE, SQUARE, SQUARE, output=2),
    "addbmm": case(lambda c, a, b: torch.addbmm(c, a, b), real(4, 4), SQUARE, SQUARE, output=2),
    "addmm of activations": case(lambda c, a, b: torch.addmm(c, a, b), real(3, 5), real(3, 4), real(4, 5), output=2),
    "mv": case(torch.mv, real(3, 4), real(4)),
    "glu": case(functional.glu, X, output=2),
    "addcmul": case(lambda a, b, c: torch.addcmul(a, b, c, value=0.5), X, X, X, output=2),
    "tril": case(torch.tril, SQUARE),
    "slice_scatter": case(lambda x, y: torch.slice_scatter(x, y, 1, 1, 3), X, real(N, 2, 4)),
    "fold": case(nn.Fold((5, 6), (2, 3), padding=1, stride=2), real(N, 12, 9)),
    "fold, overlapping": case(nn.Fold((6, 7), 3, dilation=2), real(N, 18, 6)),
    "unfold and fold": case(
        lambda x: functional.fold(functional.unfold(x, 3, padding=1), (4, 5), 3, padding=1), real(N, 2, 4, 5)
    ),
    "diag_embed": case(torch.diag_embed, X),
    "local_response_norm": case(
        lambda x: functional.local_response_norm(x, 3, 0.3), real(N, 4, 3, 3), output=4, decomposes=False
    ),
    "to integers": case(lambda x: (x.long(), (x * 3).to(torch.int8), (x * 1000).int(), x.bool()), X),
    "abs and sign of integers": case(lambda n: (n.abs(), n.sign(), n**3), COUNTS),
    "divisions of integers": case(
        lambda n: (torch.fmod(n, 4), torch.div(n, 3, rounding_mode="trunc"), n << 2, n >> 1), COUNTS
    ),
    "sums and products of integers": case(lambda n: (n.cumsum(1), n.prod(1), n.int().prod(0)), COUNTS),
}
