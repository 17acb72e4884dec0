"""Two operands: arithmetic with broadcasting and constants, comparisons, choices."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, booleans, case, in_place, integers, real

X: Input = real(N, 3, 5)
Y: Input = real(N, 3, 5, low=-2.0, high=0.7)
ROW: Input = real(5)
AWAY: Input = real(N, 3, 5, low=0.5, high=2.0)
LINE = torch.linspace(-1, 1, 5)


def _added_in_place(x: Tensor, y: Tensor) -> Tensor:
    z = x * 2
    z += y
    return z


CASES: Table = {
    "add": case(lambda x, y: x + y, X, Y),
    "add, torch": case(torch.add, X, Y),
    "add_": case(in_place(lambda x, y: x.add_(y)), X, Y),
    "add in place": case(_added_in_place, X, Y, output=2),
    "add with alpha": case(lambda x, y: torch.add(x, y, alpha=0.3), X, Y, output=2),
    "add, broadcast": case(lambda x, y: x + y, X, ROW),
    "add, broadcast of both": case(lambda x, y: x + y, real(N, 1, 5), real(3, 1)),
    "add a number": case(lambda x: x + 1.5, X),
    "add a number in front": case(lambda x: 2 + x, X),
    "add a constant": case(lambda x: x + LINE, X),
    "add a constant in front": case(lambda x: LINE + x, X),
    "add the same": case(lambda x: x + x, X),
    "sub": case(lambda x, y: x - y, X, Y),
    "sub, torch, with alpha": case(lambda x, y: torch.sub(x, y, alpha=2), X, Y, output=2),
    "sub_": case(in_place(lambda x, y: x.sub_(y)), X, Y),
    "sub a constant": case(lambda x: x - LINE, X),
    "sub from a constant": case(lambda x: LINE - x, X),
    "sub from a number": case(lambda x: 1 - x, X),
    "sub the same": case(lambda x: x - x * 0.5, X),
    "sub, broadcast": case(lambda x, y: y - x, X, ROW),
    "rsub": case(lambda x, y: torch.rsub(x, y), X, Y),
    "rsub of a number": case(lambda x: torch.rsub(x, 0.5, alpha=2), X),
    "mul": case(lambda x, y: x * y, X, Y),
    "mul_": case(in_place(lambda x, y: x.mul_(y)), X, Y),
    "mul, broadcast": case(lambda x, y: torch.mul(x, y), X, real(3, 1)),
    "mul a number": case(lambda x: 0.3 * x, X),
    "mul a constant": case(lambda x: x * LINE, X),
    "mul the same": case(lambda x: x * x, X),
    "div": case(lambda x, y: x / y, X, AWAY),
    "div, torch": case(torch.div, X, AWAY),
    "div, broadcast": case(lambda x, y: x / y, X, real(N, 3, 1, low=0.5, high=2.0)),
    "div by a number": case(lambda x: x / 3, X),
    "div by a constant": case(lambda x: x / (LINE + 1.5), X),
    "div of a number": case(lambda x: 1.5 / x, AWAY),
    "div of a constant": case(lambda x: LINE / x, AWAY),
    "div_": case(in_place(lambda x, y: x.div_(y)), X, AWAY),
    "maximum": case(torch.maximum, X, Y),
    "maximum, broadcast": case(torch.maximum, X, ROW),
    "maximum with a constant": case(lambda x: torch.maximum(x, LINE), X),
    "max of two": case(lambda x, y: torch.max(x, y), X, Y),
    "minimum": case(torch.minimum, X, Y),
    "minimum with a constant": case(lambda x: torch.minimum(LINE, x), X),
    "min of two": case(lambda x, y: x.min(y), X, Y),
    "clamp with tensors": case(lambda x, y: torch.clamp(x, min=y, max=y + 1), X, Y, output=2),
    "clamp with constants": case(lambda x: torch.clamp(x, LINE - 1, LINE + 0.2), X),
    "square of a difference": case(lambda x, y: (x - y).square(), X, Y, output=2),
    "lerp by hand": case(lambda x, y: x + 0.3 * (y - x), X, Y, output=2),
    "eq": case(lambda x, y: x == y, X, X),
    "ne": case(torch.ne, X, Y),
    "lt": case(lambda x, y: x < y, X, Y),
    "le": case(torch.le, X, ROW),
    "gt": case(lambda x, y: x > y, X, Y),
    "ge": case(torch.ge, X, Y),
    "gt a number": case(lambda x: x > 0.25, X),
    "lt a constant": case(lambda x: x < LINE, X),
    "constant lt": case(lambda x: torch.lt(LINE, x), X),
    "where": case(lambda c, x, y: torch.where(c, x, y), booleans(N, 3, 5), X, Y),
    "where of a comparison": case(lambda x, y: torch.where(x > 0.25, x, y), X, Y),
    "where with a number": case(lambda c, x: torch.where(c, x, 0.5), booleans(3, 5), X),
    "where with numbers": case(lambda c: torch.where(c, 0.5, -1.0), booleans(N, 5)),
    "where with a constant": case(lambda c, x: torch.where(c, LINE, x), booleans(N, 1, 5), X),
    "masked_fill": case(lambda x, m: x.masked_fill(m, -1.0), X, booleans(N, 3, 5)),
    "masked_fill_": case(in_place(lambda x, m: x.masked_fill_(m, 0.5)), X, booleans(5)),
    "masked_fill of a comparison": case(lambda x, y: x.masked_fill(y > 0, 0.0), X, Y),
    "logical_and": case(lambda x, y: torch.logical_and(x > 0, y > -0.5), X, Y),
    "logical_or": case(lambda x, y: (x > 0) | (y > -0.5), X, Y),
    "logical_xor": case(lambda x, y: torch.logical_xor(x, y), booleans(N, 3), booleans(N, 3)),
    "logical_not": case(lambda x, y: torch.logical_not(x < y), X, Y),
    "not": case(lambda c: ~c, booleans(N, 3)),
    "mask times tensor": case(lambda x, n: x * (torch.arange(5) < n[:, None]).float()[:, None], X, integers(1, 6, N)),
    "mask to float": case(lambda c: c.float() * 2 - 1, booleans(N, 3)),
    "addcmul": case(lambda x, y: x + 0.5 * x * y, X, Y, output=2),
    "relu of a sum": case(lambda x, y: functional.relu(x + y), X, Y),
    "addcmul, torch": case(lambda x, y: torch.addcmul(x, x, y, value=0.5), X, Y, output=3),
    "addcdiv": case(lambda x, y: torch.addcdiv(x, y, y.square() + 0.5), X, Y, output=3),
    "lerp": case(lambda x, y: torch.lerp(x, y, 0.3), X, Y, output=3),
    "logaddexp": case(torch.logaddexp, X, Y, output=3),
    "hypot": case(torch.hypot, X, Y, output=5),
    "fmax": case(torch.fmax, X, Y),
    "multiply": case(torch.multiply, X, Y),
    "greater": case(torch.greater, X, Y),
}
