"""Kernels of images for several of them: the permission to overlap holds for all."""

from __future__ import annotations

import itertools

import pytest

from mcugen.kernels.base import Overlap
from mcugen.kernels.images import over_images


def safe(distance: int, one: Overlap, images: int, input_bytes: int, output_bytes: int) -> bool:
    """Whether the output may start `distance` below the input, each image by its own permission."""
    for i in range(images):
        gap = distance + i * (input_bytes - output_bytes)
        if gap < one.distance or (one.exact and gap != one.distance):
            return False
        # What earlier images wrote ends before this one is read.
        if i and i * output_bytes - distance > i * input_bytes:
            return False
    return True


@pytest.mark.parametrize("exact", [False, True])
def test_smallest_distance(exact: bool) -> None:
    for images, inputs, outputs, distance in itertools.product((2, 3), (1, 4, 7), (1, 4, 7), (0, 2, 5)):
        one = Overlap(0, distance, exact=exact)
        found = over_images(one, images, inputs, outputs)
        possible = [d for d in range(60) if safe(d, one, images, inputs, outputs)]
        if found is None:
            assert exact and not possible
        else:
            assert found.exact == exact and found.distance == possible[0]
