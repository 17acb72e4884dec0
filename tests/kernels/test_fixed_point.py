"""The C library's fixed-point functions against their Python twins, on edge values and at random."""

from __future__ import annotations

import ctypes
import itertools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mcugen.graph import arithmetic
from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN
from mcugen.graph.fixed_point import exp_on_negative_values, one_over_one_plus_x
from mcugen.resources import data_folder

Int64Array = npt.NDArray[np.int64]
CFunction = Callable[..., Int64Array]

EDGES = [INT32_MIN, INT32_MIN + 1, -(2**30), -(2**16), -3, -2, -1, 0, 1, 2, 3, 2**16, 2**30 - 1, 2**30, INT32_MAX - 1]
EDGES += [INT32_MAX, *(s * 3 * 2**k for k in range(0, 29, 4) for s in (-1, 1))]
MULTIPLIERS = [0, 1, 2**30, 2**30 + 1, 3 * 2**29, 1518500250, INT32_MAX - 1, INT32_MAX]
rng = np.random.default_rng(7)


@pytest.fixture(scope="module", params=[(), ("-DMCUGEN_SMALL_CORE=1",)], ids=["any core", "small core"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], CFunction]:
    """C functions by name; they take and give arrays."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("gcc is not installed")
    binary = tmp_path_factory.mktemp("fixed_point") / "fixed_point.so"
    kernels = data_folder("kernels_cmsis")
    flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC"]
    flags += ["-fsanitize=undefined", "-fno-sanitize-recover=all", *request.param]
    source = Path(__file__).with_name("fixed_point.c")
    subprocess.run([gcc, *flags, f"-I{kernels}", f"-I{kernels}/include", source, "-o", binary], check=True)
    loaded = ctypes.CDLL(str(binary))

    def find(name: str) -> CFunction:
        def call(*arguments: npt.ArrayLike) -> Int64Array:
            arrays = [np.ascontiguousarray(a, np.int32) for a in np.broadcast_arrays(*arguments)]
            result = np.empty(arrays[0].size, np.int32)
            pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, result)]
            getattr(loaded, name)(ctypes.c_int32(result.size), *pointers)
            return result.astype(np.int64)

        return call

    return find


def product(*lists: list[int]) -> list[Int64Array]:
    """All combinations, one array for each argument."""
    return list(np.array(list(itertools.product(*lists)), np.int64).T)


def random_int32(count: int) -> Int64Array:
    """Magnitudes of all sizes."""
    return rng.integers(-(2**31), 2**31, count) >> rng.integers(0, 31, count)


def test_requantize_on_edges(library: Callable[[str], CFunction]) -> None:
    x, multiplier, shift = product(EDGES, MULTIPLIERS, list(range(-31, 31)))
    expected = arithmetic.multiply_by_quantized_multiplier(x, multiplier, shift)
    np.testing.assert_array_equal(library("requantize")(x, multiplier, shift), expected)


def test_requantize_rounds_ties_away_from_zero(library: Callable[[str], CFunction]) -> None:
    # 2**30 with shift 1 - e divides by 2**e; the first rounding sees ties up, the second away from zero.
    x, exponent = product(list(range(-300, 301)), list(range(1, 9)))
    exact = np.sign(x) * ((2 * np.abs(x) + (1 << exponent)) >> (exponent + 1))
    # x * 2 avoids ties of the first rounding.
    actual = library("requantize")(2 * x, np.int64(2**30), -exponent)
    np.testing.assert_array_equal(actual, exact)


def test_requantize_at_random(library: Callable[[str], CFunction]) -> None:
    x, multiplier = random_int32(200_000), np.abs(random_int32(200_000))
    multiplier = np.minimum(multiplier, INT32_MAX)
    shift = rng.integers(-31, 31, x.size)
    expected = arithmetic.multiply_by_quantized_multiplier(x, multiplier, shift)
    np.testing.assert_array_equal(library("requantize")(x, multiplier, shift), expected)


def test_rounding_shift_right(library: Callable[[str], CFunction]) -> None:
    x, exponent = product(EDGES + list(range(-70, 71)), list(range(32)))
    expected = arithmetic.rounding_divide_by_pot(x, exponent)
    np.testing.assert_array_equal(library("rounding_shift_right")(x, exponent), expected)


def test_doubling_high_multiply(library: Callable[[str], CFunction]) -> None:
    a, b = product(EDGES, EDGES)
    expected = arithmetic.saturating_rounding_doubling_high_mul(a, b)
    np.testing.assert_array_equal(library("doubling_high_multiply")(a, b), expected)


def test_to_int8_does_not_overflow(library: Callable[[str], CFunction]) -> None:
    x, zero_point, low, high = product(EDGES, [-128, -1, 0, 127], [-128, -5, 0, 127], [-128, 4, 127])
    valid = low <= high
    x, zero_point, low, high = x[valid], zero_point[valid], low[valid], high[valid]
    expected = np.clip(x + zero_point, low, high)
    np.testing.assert_array_equal(library("to_int8")(x, zero_point, low, high), expected)


def test_fast_requantization_equals_the_general_one(library: Callable[[str], CFunction]) -> None:
    """Over its whole domain: multiplier >= 2**30, exponent >= 1, and y + c fits 32 bits."""
    count = 400_000
    x = random_int32(count)
    x[: len(EDGES)] = EDGES
    multiplier = rng.integers(2**30, 2**31, count)
    multiplier[::7] = rng.choice([2**30, 2**30 + 1, INT32_MAX], len(multiplier[::7]))
    exponent = rng.integers(1, 23, count)
    zero_point = rng.choice([-128, -1, 0, 1, 127, 35], count)
    low = np.where(rng.integers(0, 2, count) == 0, zero_point, -128)
    high = np.where(rng.integers(0, 4, count) == 0, np.maximum(low, 90), 127)
    # Ties are rare at random: make many.
    ties = slice(count // 2, None)
    multiplier[ties] = 2**30
    x[ties] = (2 * rng.integers(-400, 400, count - count // 2) + 1) << exponent[ties]
    x = np.clip(x, INT32_MIN, INT32_MAX)
    y = arithmetic.saturating_rounding_doubling_high_mul(x, multiplier)
    c = (2 * zero_point + 1) << (exponent - 1)
    fits = (y + c - 1 >= INT32_MIN) & (y + c <= INT32_MAX)
    assert fits.mean() > 0.5
    x, multiplier, exponent = x[fits], multiplier[fits], exponent[fits]
    zero_point, low, high = zero_point[fits], low[fits], high[fits]
    scaled = arithmetic.multiply_by_quantized_multiplier(x, multiplier, -exponent)
    expected = np.clip(scaled + zero_point, low, high)
    actual = library("requantize_fast")(x, 2 * multiplier - 2**32, exponent, zero_point, low, high)
    np.testing.assert_array_equal(actual, expected)


def test_exponential(library: Callable[[str], CFunction]) -> None:
    x = np.concatenate([-np.abs(random_int32(200_000)), [0, -1, INT32_MIN + 1], -(2 ** np.arange(31))])
    x = np.maximum(x, -(31 << 26))
    np.testing.assert_array_equal(library("exp_on_negative")(x), exp_on_negative_values(x))


def test_reciprocal(library: Callable[[str], CFunction]) -> None:
    x = np.concatenate([rng.integers(0, 2**31, 200_000), [0, 1, 2**30, INT32_MAX], 2 ** np.arange(31)])
    np.testing.assert_array_equal(library("one_over_one_plus")(x), one_over_one_plus_x(x))
