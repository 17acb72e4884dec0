"""Averages that divide by another number than the elements inside the input."""

from __future__ import annotations

import pytest
from torch import nn

from tests.frontend.programs import Difference, compare, kinds, post_training, seeded
from tests.frontend.test_lowering import IMAGE, conv, seq

CASES = {
    "divisor": (nn.AvgPool2d(3, 2, divisor_override=4), IMAGE, ["conv2d", "depthwise_conv2d"]),
    "divisor, padded": (nn.AvgPool2d(3, 2, 1, divisor_override=2), IMAGE, ["conv2d", "depthwise_conv2d"]),
    "divisor, ceil mode": (
        nn.AvgPool2d(2, 3, ceil_mode=True, divisor_override=3),
        IMAGE,
        ["conv2d", "depthwise_conv2d"],
    ),
    "ceil mode, counted padding": (
        nn.AvgPool2d(3, 2, 1, ceil_mode=True),
        ((1, 3, 10, 9),),
        ["conv2d", "pad", "average_pool2d"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    pool, shapes, wanted = CASES[name]
    result: Difference = compare(post_training(seeded(seq(conv(3, 4), pool)()), *shapes), *shapes)
    assert result.layer <= 1, result.where
    assert result.output <= 2
    assert kinds(result.graph) == wanted
