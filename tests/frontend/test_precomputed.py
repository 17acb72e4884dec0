"""What a float program computes without its inputs becomes parameters, and takes part in folding."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.frontend.programs import compare, kinds, post_training, seeded


class Standardized(nn.Conv2d):
    """A convolution whose weights are standardized as it runs, by a batch norm in training mode."""

    def forward(self, x: Tensor) -> Tensor:
        flat = self.weight.reshape(1, self.out_channels, -1)
        weight = functional.batch_norm(flat, None, None, training=True, momentum=0.0).reshape_as(self.weight)
        return functional.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Positions(nn.Module):
    """A table of sines that is made of masks and conversions, projected and added."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Conv2d(6, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        inside = ~torch.zeros(1, 5, 5).to(device=x.device, dtype=torch.bool)
        places = inside.cumsum(1, dtype=torch.float32)[:, :, :, None] / torch.arange(1, 7).to(torch.float32)
        return x + self.project(
            torch.stack((places[..., 0::2].sin(), places[..., 1::2].cos()), 4).flatten(3).permute(0, 3, 1, 2)
        )


def test_standardized_weights_take_a_batch_norm() -> None:
    model = seeded(nn.Sequential(Standardized(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))
    found = compare(post_training(model, (1, 3, 6, 6)), (1, 3, 6, 6))
    assert found.output <= 1
    assert kinds(found.graph) == ["conv2d"]


def test_a_computed_table_is_one_constant() -> None:
    found = compare(post_training(seeded(Positions()), (1, 4, 5, 5)), (1, 4, 5, 5))
    assert found.output <= 1
    assert kinds(found.graph) == ["add"]
