"""Plain integers and booleans: lengths, ids, masks and places."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, booleans, case, in_place, integers, real

A: Input = integers(-9, 10, N, 4)
B: Input = integers(1, 10, 4)
SHORT: Input = integers(-99, 100, N, 4, dtype=np.int32)

CASES: Table = {
    "add of integers": case(lambda a, b: a + b, A, B),
    "sub of integers": case(lambda a, b: a - b * 2, A, B),
    "rsub of integers": case(lambda a: 5 - a, A),
    "mul of integers": case(lambda a, b: a * b, A, B),
    "mul_ of integers": case(in_place(lambda a, b: a.mul_(b)), A, B),
    "neg of integers": case(lambda a: -a, A),
    "floor division": case(lambda a, b: a // b, A, B),
    "floor division by a number": case(lambda a: torch.div(a, 3, rounding_mode="floor"), A),
    "remainder": case(lambda a, b: a % b, A, B),
    "remainder of a number": case(lambda a: torch.remainder(a, 4), A),
    "maximum of integers": case(torch.maximum, A, B),
    "minimum of integers": case(torch.minimum, A, B),
    "clamp of integers": case(lambda a: a.clamp(-2, 4), A),
    "bitwise_and": case(lambda a, b: a & b, A, B),
    "bitwise_or": case(torch.bitwise_or, A, B),
    "bitwise_xor": case(lambda a, b: a ^ b, A, B),
    "bitwise_not": case(lambda a: ~a, A),
    "comparison of integers": case(lambda a, b: a == b, A, B),
    "comparison with a number": case(lambda a: a >= 2, A),
    "where of integers": case(lambda a, b: torch.where(a > b, a, b), A, B),
    "masked_fill of integers": case(lambda a: a.masked_fill(a < 0, 7), A),
    "conversion of integers": case(lambda a: a.to(torch.int16), A),
    "integers to real numbers": case(lambda a: a.float() / 4, A),
    "integers to booleans": case(lambda a: a.bool(), A),
    "logical_not of integers": case(torch.logical_not, A),
    "int32": case(lambda a: (a + 1, a < 5, a.long() // 3), SHORT),
    "a mask of lengths": case(lambda n: torch.arange(6) < n[:, None], integers(1, 7, N)),
    "moved integers": case(lambda a: torch.cat([a, a.flip(1)], 1).t(), A),
    "sum of integers": case(lambda a: a.sum(1), A),
    "amax of integers": case(lambda a: (a.amax(1), a.amin()), A),
    "argmax of integers": case(lambda a: a.argmax(1), A),
    "any of booleans": case(lambda c: (c.any(1), c.all(1), torch.any(c)), booleans(N, 4)),
    "any of integers": case(lambda a: (a > 2).any(), A),
    "arange": case(lambda a: a + torch.arange(4), A),
    "tril of constants": case(lambda a: a * torch.tril(torch.ones(4, 4, dtype=torch.int64)).sum(0), A),
    "abs of integers": case(torch.abs, A),
    "square of integers": case(lambda a: a**2, A),
    "sign of integers": case(torch.sign, A),
    "prod of integers": case(lambda a: a.prod(1), A),
    "cumsum of integers": case(lambda a: a.cumsum(1), A),
    "real numbers to integers": case(lambda x: (x * 3).long() + 1, real(N, 4)),
    "one_hot": case(lambda n: functional.one_hot(n, 6), integers(0, 6, N)),
    "isfinite": case(lambda a: a.isfinite(), A),
}
