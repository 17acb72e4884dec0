"""Room for samples that were not seen: where data have tails, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.frontend.ranges.tail import ONE_IN, beyond, with_room


@pytest.mark.parametrize("count", [32, 64, 200])
def test_few_of_many_new_samples_leave_the_range(count: int) -> None:
    rng = np.random.default_rng(count)
    outside, without = [], []
    for _ in range(40):
        seen = rng.standard_normal((count, 16))
        low, high = with_room(seen.min(axis=1).tolist(), seen.max(axis=1).tolist())
        new = rng.standard_normal((500, 16))
        outside.append(((new < low) | (new > high)).any(axis=1).mean())
        without.append(((new < seen.min()) | (new > seen.max())).any(axis=1).mean())
    assert np.mean(outside) < 12 / ONE_IN
    assert np.mean(without) > 2 * np.mean(outside)


def test_bounded_values_get_no_room() -> None:
    """Pictures reach black and white in every sample; a relu ends at zero."""
    assert with_room([0.0] * 20, [1.0] * 20) == (0.0, 1.0)
    assert with_room([0.0] * 4, [1.0] * 4) == (0.0, 1.0)
    assert with_room([0.0], [3.0]) == (0.0, 3.75)


def test_values_of_one_sign_keep_it() -> None:
    """What is always positive may be under a square root."""
    assert with_room([0.2], [3.0]) == (0.0, 3.7)
    assert with_room([-3.0], [-0.2]) == (-3.7, 0.0)


def test_room_is_bounded_and_ends_with_many_samples() -> None:
    low, high = with_room([-1.0] * 19 + [-1000.0], [1.0] * 20)
    assert (low, high) == (-1000 - 1001 / 4, 1.0)
    rng = np.random.default_rng(0)
    assert beyond(rng.standard_normal(ONE_IN).tolist()) == 0.0
