"""Normalizations by a tensor's own statistics."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, case, real

IMAGE: Input = real(N, 6, 4, 5)
ROWS: Input = real(N, 3, 8)
WEIGHT = torch.linspace(0.5, 2, 8)


def _by_hand(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * WEIGHT


CASES: Table = {
    "layer_norm": case(nn.LayerNorm(8), ROWS),
    "layer_norm without weights": case(nn.LayerNorm(8, elementwise_affine=False), ROWS),
    "layer_norm of two axes": case(nn.LayerNorm((4, 5)), IMAGE),
    "layer_norm, functional": case(lambda x: functional.layer_norm(x, (8,), WEIGHT, None, 1e-3), ROWS),
    "layer_norm of channels": case(lambda x: functional.layer_norm(x.permute(0, 2, 3, 1), (6,)), IMAGE),
    "group_norm": case(nn.GroupNorm(3, 6), IMAGE),
    "group_norm of one group": case(nn.GroupNorm(1, 6), IMAGE),
    "group_norm, functional": case(lambda x: functional.group_norm(x, 2), IMAGE),
    "instance_norm": case(nn.InstanceNorm2d(6), IMAGE),
    "instance_norm with weights": case(nn.InstanceNorm2d(6, affine=True), IMAGE),
    "instance_norm of signals": case(nn.InstanceNorm1d(3), ROWS),
    "rms_norm": case(nn.RMSNorm(8), ROWS),
    "rms_norm, functional": case(lambda x: functional.rms_norm(x, (8,), WEIGHT), ROWS),
    "rms_norm by hand": case(_by_hand, ROWS),
    "normalize": case(lambda x: functional.normalize(x, dim=-1), ROWS),
    "normalize of channels": case(lambda x: functional.normalize(x, dim=1), IMAGE),
    "local_response_norm": case(nn.LocalResponseNorm(3, alpha=0.1), IMAGE, output=3),
}
