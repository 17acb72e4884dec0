"""Finding and wording differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mcugen.verify.compare import first_difference

ARRAYS = hnp.arrays(np.int8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=5))


@given(ARRAYS)
def test_equal_arrays_have_no_difference(values: np.ndarray) -> None:
    assert first_difference(values, values.copy()) is None


@given(ARRAYS, st.data())
def test_one_changed_element_is_found(values: np.ndarray, data: st.DataObject) -> None:
    index = tuple(data.draw(st.integers(0, n - 1)) for n in values.shape)
    changed = values.copy()
    changed[index] ^= 1 << data.draw(st.integers(0, 6))
    difference = first_difference(values, changed)
    assert difference is not None
    assert (difference.count, difference.index) == (1, index)
    assert difference.largest == abs(int(values[index]) - int(changed[index]))
    assert (difference.expected, difference.actual) == (values[index], changed[index])


def test_extremes_do_not_wrap() -> None:
    difference = first_difference(np.array([-128], np.int8), np.array([127], np.int8))
    assert difference is not None and difference.largest == 255


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        first_difference(np.zeros(3, np.int8), np.zeros(4, np.int8))
