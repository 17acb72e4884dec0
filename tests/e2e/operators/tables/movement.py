"""What moves values, and constants."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, case, in_place, integers, real

X: Input = real(N, 4, 6, 5)
Y: Input = real(N, 4, 6, 5, low=-4.0, high=9.0)
PLACES = torch.tensor([3, 0, 0, 1])


def _gathered(x: Tensor) -> Tensor:
    return x.gather(1, torch.tensor([[[[3, 0, 1, 2, 2]]]]).expand(x.shape[0], 1, 6, 5))


CASES: Table = {
    "gather at places of an input": case(lambda x, i: x.gather(2, i), X, integers(0, 6, N, 4, 2, 5)),
    "rows at places of an input": case(lambda x, i: (x[:, i], x.index_select(-1, i)), X, integers(0, 4, 3)),
    "the largest by its place": case(lambda x: x.gather(1, x.argmax(1, keepdim=True)), X),
    "pad": case(lambda x: functional.pad(x, (1, 2, 0, 1)), X),
    "pad with a number": case(nn.ConstantPad2d((1, 0, 2, 1), 0.5), X),
    "pad, reflect": case(nn.ReflectionPad2d((1, 2, 3, 0)), X),
    "pad, reflect of signals": case(lambda x: functional.pad(x, (2, 3), mode="reflect"), real(N, 3, 6)),
    "pad, replicate": case(nn.ReplicationPad2d((1, 2, 3, 0)), X),
    "pad, circular": case(nn.CircularPad2d((1, 2, 3, 0)), X),
    "pad, negative": case(lambda x: functional.pad(x, (-1, 1, 0, -2)), X),
    "zero pad": case(nn.ZeroPad2d(1), X),
    "cat": case(lambda x, y: torch.cat([x, y], 1), X, Y),
    "cat of rows": case(lambda x, y: torch.concat((x, y, x), -1), X, Y),
    "cat with a constant": case(lambda x: torch.cat([x, torch.zeros(x.shape[0], 1, 6, 5)], 1), X),
    "stack": case(lambda x, y: torch.stack([x, y], 1), X, Y),
    "split": case(lambda x: [p * (i + 1) for i, p in enumerate(x.split(2, 1))], X),
    "split of sizes": case(lambda x: torch.split(x, [1, 3, 2], 2)[1], X),
    "chunk": case(lambda x: x.chunk(3, 2), X),
    "tensor_split": case(lambda x: torch.tensor_split(x, 3, 3), X),
    "unbind": case(lambda x: torch.unbind(x, 1)[2], X),
    "slice": case(lambda x: x[:, 1:, ::2, 1:-1], X),
    "slice with steps": case(lambda x: x[..., ::3], X),
    "select": case(lambda x: x[:, -1], X),
    "select, method": case(lambda x: x.select(2, 3), X),
    "narrow": case(lambda x: x.narrow(2, 1, 3), X),
    "new axis": case(lambda x: x[:, None, 2], X),
    "index_select": case(lambda x: torch.index_select(x, 1, PLACES), X),
    "index": case(lambda x: x[:, PLACES], X),
    "index of two axes": case(lambda x: x[:, :, PLACES, PLACES], X),
    "gather": case(_gathered, X),
    "take_along_dim": case(lambda x: torch.take_along_dim(x, PLACES.reshape(1, 4, 1, 1), 1), X),
    "roll": case(lambda x: torch.roll(x, (1, -2), (1, 2)), X),
    "flip": case(lambda x: x.flip(1, 3), X),
    "fliplr": case(torch.fliplr, X),
    "rot90": case(lambda x: torch.rot90(x, 1, (2, 3)), X),
    "diagonal": case(lambda x: torch.diagonal(x, 1, 2, 3), X),
    "reshape": case(lambda x: x.reshape(x.shape[0], 8, -1), X),
    "view": case(lambda x: x.view(x.shape[0], -1).relu(), X),
    "flatten": case(nn.Flatten(), X),
    "unflatten": case(nn.Unflatten(1, (2, 2)), X),
    "permute": case(lambda x: x.permute(0, 2, 3, 1), X),
    "transpose": case(lambda x: x.transpose(1, 3), X),
    "t": case(lambda x: x.t(), real(N, 4)),
    "movedim": case(lambda x: torch.movedim(x, 1, -1), X),
    "swapaxes": case(lambda x: x.swapaxes(0, 2), X),
    "squeeze": case(lambda x: x.squeeze(1), real(N, 1, 5)),
    "unsqueeze": case(lambda x: x.unsqueeze(-1), real(N, 5)),
    "expand": case(lambda x: x[:, :1].expand(-1, 3, 6, 5), X),
    "broadcast_to": case(lambda x: torch.broadcast_to(x, (2, 4, 5)), real(4, 5)),
    "repeat": case(lambda x: x.repeat(1, 2, 1, 3), X),
    "tile": case(lambda x: torch.tile(x, (2, 1)), X),
    "repeat_interleave": case(lambda x: x.repeat_interleave(2, 2), X),
    "unfold": case(lambda x: functional.unfold(x, (2, 3), stride=2, padding=1), X),
    "unfold, method": case(lambda x: x.unfold(2, 3, 2), X),
    "pixel_shuffle": case(nn.PixelShuffle(2), X),
    "pixel_unshuffle": case(nn.PixelUnshuffle(2), real(N, 2, 4, 6)),
    "channel_shuffle": case(nn.ChannelShuffle(2), X),
    "channel shuffle by hand": case(
        lambda x: x.view(x.shape[0], 2, 2, 6, 5).transpose(1, 2).reshape(x.shape[0], 4, 6, 5), X
    ),
    "upsample, nearest": case(nn.Upsample(scale_factor=2), X),
    "upsample, nearest, to a size": case(lambda x: functional.interpolate(x, (9, 8)), X),
    "upsample, nearest of signals": case(nn.Upsample(scale_factor=3), real(N, 3, 5)),
    "upsample, nearest-exact": case(lambda x: functional.interpolate(x, (9, 7), mode="nearest-exact"), X),
    "upsample, bilinear": case(nn.Upsample(scale_factor=2, mode="bilinear"), X),
    "upsample, bilinear, aligned": case(nn.Upsample((9, 11), mode="bilinear", align_corners=True), X),
    "upsample, bilinear, smaller": case(lambda x: functional.interpolate(x, (3, 4), mode="bilinear"), X),
    "upsample, bilinear, by a factor": case(nn.UpsamplingBilinear2d(scale_factor=1.5), X),
    "upsample, linear": case(nn.Upsample(scale_factor=2.5, mode="linear"), real(N, 3, 6), output=2),
    "tril of a constant": case(lambda x: x @ torch.tril(torch.ones(5, 5)), X),
    "full": case(lambda x: x + torch.full((5,), 0.3), X),
    "zeros": case(lambda x: torch.maximum(x, torch.zeros(6, 5)), X),
    "ones_like": case(lambda x: x - torch.ones_like(x), X),
    "zeros_like": case(lambda x: torch.where(x > 0, x, torch.zeros_like(x)), X),
    "eye": case(lambda x: x @ torch.eye(5) * 2, X, output=2),
    "linspace": case(lambda x: x * torch.linspace(0, 1, 5), X),
    "arange of real numbers": case(lambda x: x + torch.arange(5.0), X),
    "constants as outputs": case(lambda x: (x.relu(), torch.arange(3), torch.ones(2)), X),
    "an input handed through": case(lambda x, n: (x, n, x.relu()), X, integers(0, 9, N)),
    "fill_": case(in_place(lambda x: x.mul_(2).add_(1)), X),
    "concatenate": case(lambda x, y: torch.concatenate([x, y], 2), X, X),
    "hstack": case(lambda x, y: torch.hstack([x, y]), X, X),
    "vstack": case(lambda x, y: torch.vstack([x, y]), X, Y),
    "column_stack": case(lambda x, y: torch.column_stack([x, y]), real(N, 2), real(N)),
    "expand_as": case(lambda x, y: x.expand_as(y) + y, real(N, 1, 6, 1), X),
    "tril": case(lambda x: x.tril(), X),
    "triu": case(lambda x: torch.triu(x, 1), X),
    "diag_embed": case(torch.diag_embed, real(N, 4)),
}
