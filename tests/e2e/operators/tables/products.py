"""Products of two activations, and attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, booleans, case, real

LEFT: Input = real(N, 4, 6)
RIGHT: Input = real(N, 6, 5)
TOKENS: Input = real(N, 5, 8)
HEADS: Input = real(N, 2, 5, 4)
CONSTANT = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(4))
CAUSAL = torch.full((5, 5), float("-inf")).triu(1)


class Attention(nn.Module):
    """nn.MultiheadAttention of a sequence with itself."""

    def __init__(self, **options: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **options)  # type: ignore[arg-type]
        self.mask = CAUSAL

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        mask = None if padding is not None else self.mask
        return self.attention(x, x, x, key_padding_mask=padding, attn_mask=mask, need_weights=False)[0]


class Weights(nn.Module):
    """Attention with the average of the heads' weights as a result."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.attention(x, x, x)


CASES: Table = {
    "bmm": case(torch.bmm, LEFT, RIGHT),
    "matmul": case(lambda x, y: x @ y, LEFT, RIGHT),
    "matmul, broadcast": case(torch.matmul, real(N, 2, 4, 6), real(6, 5)),
    "matmul with a transpose": case(lambda x, y: x @ y.transpose(1, 2), LEFT, real(N, 5, 6)),
    "matmul of vectors": case(torch.matmul, LEFT, real(6)),
    "mm": case(torch.mm, real(N, 6), real(6, 4)),
    "matmul with a constant of three axes": case(lambda x: x[:, None] @ CONSTANT, LEFT),
    "matmul of a constant": case(lambda x: CONSTANT.mT @ x[:, None, 0, :, None], LEFT),
    "linear of two activations": case(functional.linear, LEFT, real(5, 6)),
    "einsum": case(lambda x, y: torch.einsum("bij,bjk->bik", x, y), LEFT, RIGHT),
    "einsum with a transposed result": case(lambda x, y: torch.einsum("bij,bjk->bki", x, y), LEFT, RIGHT),
    "einsum of heads": case(lambda x, y: torch.einsum("bhqd,bhkd->bhqk", x, y), HEADS, HEADS),
    "einsum, outer": case(lambda x, y: torch.einsum("bi,bj->bij", x, y), real(N, 4), real(N, 3)),
    "attention": case(functional.scaled_dot_product_attention, HEADS, HEADS, HEADS, output=2),
    "attention, causal": case(
        lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True), HEADS, HEADS, HEADS, output=2
    ),
    "attention with a mask": case(
        lambda q, k, v, m: functional.scaled_dot_product_attention(q, k, v, attn_mask=m.bool() | torch.eye(5).bool()),
        HEADS,
        HEADS,
        HEADS,
        booleans(N, 1, 5, 5),
        output=2,
    ),
    "attention with an added mask": case(
        lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, attn_mask=CAUSAL),
        HEADS,
        HEADS,
        HEADS,
        output=2,
    ),
    "attention by hand": case(
        lambda q, k, v: ((q @ k.transpose(-2, -1)) * 0.5).masked_fill(CAUSAL < 0, float("-inf")).softmax(-1) @ v,
        HEADS,
        HEADS,
        HEADS,
        output=2,
    ),
    "multi-head attention": case(Attention(), TOKENS, output=3),
    "multi-head attention without bias": case(Attention(bias=False), TOKENS, output=3),
    # Every layer is within a step; decomposed, a step of the scores goes through softmax and two products.
    "multi-head attention with padding": case(Attention(), TOKENS, booleans(N, 5), output=4),
    "multi-head attention with weights": case(Weights(), TOKENS, output=8),
    "dot": case(torch.dot, real(6), real(6)),
    "mv": case(torch.mv, real(4, 6), real(6)),
    "outer": case(torch.outer, real(4), real(5)),
    "inner": case(torch.inner, real(4, 6), real(3, 6)),
    "tensordot": case(lambda x, y: torch.tensordot(x, y, 1), LEFT, real(6, 5)),
    "addmm of activations": case(torch.addmm, real(4, 5), real(4, 6), real(6, 5), output=2),
    "baddbmm": case(lambda a, x, y: torch.baddbmm(a, x, y, beta=0.5), real(N, 4, 5), LEFT, RIGHT, output=2),
    "addbmm": case(torch.addbmm, real(4, 5), LEFT, RIGHT, output=2),
    "bilinear": case(nn.Bilinear(4, 3, 2), real(N, 4), real(N, 3), output=2, decomposes=False),
}
