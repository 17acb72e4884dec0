"""int4: two values a byte, a type of constants alone."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.graph import Tensor
from mcugen.graph.nibbles import pack_nibbles, unpack_nibbles


def test_the_first_value_is_in_the_low_bits() -> None:
    assert pack_nibbles(np.array([[1, -1], [7, -8]], np.int8)).view(np.uint8).tolist() == [0xF1, 0x87]
    assert pack_nibbles(np.array([-3], np.int8)).view(np.uint8).tolist() == [0x0D]


def test_unpacked_again() -> None:
    rng = np.random.default_rng(0)
    for count in (0, 1, 2, 7, 16, 255):
        values = rng.integers(-8, 8, count).astype(np.int8)
        packed = pack_nibbles(values)
        assert packed.shape == ((count + 1) // 2,)
        np.testing.assert_array_equal(unpack_nibbles(packed, count), values)


def test_tensor_has_its_bytes_on_the_device_and_its_range() -> None:
    tensor = Tensor("w", (3, 5), "int4", None, np.zeros((3, 5), np.int8))
    assert (tensor.elements, tensor.size_bytes, tensor.integer_range) == (15, 8, (-8, 7))


@pytest.mark.parametrize("value", [-9, 8])
def test_values_beyond_four_bits_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="int4 data must be within -8 and 7"):
        Tensor("w", (2,), "int4", None, np.array([0, value], np.int8))


def test_no_activation_is_int4() -> None:
    with pytest.raises(ValueError, match="only constants are int4"):
        Tensor("x", (2,), "int4")
