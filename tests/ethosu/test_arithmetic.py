"""Scaling, tables and addresses against their definitions, written out with Python's own integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from mcugen.ethosu.model import Npu
from mcugen.ethosu.model.activation import sigmoid, tanh
from mcugen.ethosu.model.arithmetic import rescale
from mcugen.ethosu.model.operations.product import product
from mcugen.ethosu.model.u85.scaling import Scale
from tests.ethosu.assembler import assemble, network, pool, registers

EXTREMES = [0, 1, -1, 2**31 - 1, -(2**31), 2**39 - 1, -(2**39), 12345678, -12345679]


def _floor_half(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def _away(value: Fraction) -> int:
    return _floor_half(value) if value >= 0 else -_floor_half(-value)


def _exact(value: int, multiplier: int, shift: int, mode: str) -> int:
    product = value * multiplier
    if mode == "TRUNCATE":
        return math.trunc(Fraction(product, 1 << shift))
    if mode == "NATURAL" or shift <= 31:
        return _floor_half(Fraction(product, 1 << shift))
    return _away(Fraction(_floor_half(Fraction(product, 1 << 31)), 1 << (shift - 31)))


@pytest.mark.parametrize("mode", ["DBL", "NATURAL", "TRUNCATE"])
def test_rescaling(mode: str) -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([EXTREMES, rng.integers(-(2**31), 2**31, 200), rng.integers(-300, 300, 100)]).astype(
        np.int64
    )
    multipliers = np.array([0, 1, 2**30, 2**31 - 1, 2**32 - 1, *rng.integers(0, 2**32, 11)])
    shifts = np.array([0, 1, 30, 31, 32, 33, 40, 62, 63, *rng.integers(0, 64, 7)])
    found = rescale(np.repeat(values[:, None], 16, 1), multipliers, shifts, mode)
    for row, value in zip(found, values, strict=True):
        for one, multiplier, shift in zip(row, multipliers, shifts, strict=True):
            assert int(one) == _exact(int(value), int(multiplier), int(shift), mode), (value, multiplier, shift)


def test_ties_are_where_the_modes_differ() -> None:
    """A half at the last bit, from below and above zero, and one that only double rounding makes."""
    one = np.array([3, -3, (1 << 31) - 1], np.int64)
    assert rescale(one, 1 << 30, 31, "DBL").tolist() == [2, -1, 1 << 30]
    halves = np.array([3, -3], np.int64)
    assert rescale(halves, 1 << 31, 32, "DBL").tolist() == [2, -2]
    assert rescale(halves, 1 << 31, 32, "NATURAL").tolist() == [2, -1]


def _of_constants(value: int, multiplier: int, shift: int, left: int, mode: str) -> int:
    """As Vela computes constants: one number that depends on the mode is added before the shift."""
    product = value * multiplier
    half = 1 << shift - 1
    double = 1 << 30 - left if shift > 31 - left else 0
    added = {
        "NATURAL": half,
        "SYMMETRIC": half - (product < 0),
        "TRUNCATE_TO_ZERO": 0 if product >= 0 else (1 << shift) - 1,
        "TRUNCATE_TO_LOWER": 0,
        "DOUBLE_SYMMETRIC": half + (double if product >= 0 else -double),
        "DOUBLE_ASYMMETRIC": half + double,
    }[mode]
    return product + added >> shift


@pytest.mark.parametrize(
    "mode", "NATURAL SYMMETRIC TRUNCATE_TO_ZERO TRUNCATE_TO_LOWER DOUBLE_SYMMETRIC DOUBLE_ASYMMETRIC".split()
)
def test_rescaling_on_u85(mode: str) -> None:
    rng = np.random.default_rng(2)
    values = np.array([0, 1, -1, 2**31 - 1, -(2**31), *rng.integers(-(2**31), 2**31, 60), *rng.integers(-99, 99, 60)])
    for shift in (1, 10, 11, 12, 30, 31, 32, 40, 50):
        for left in (0, 15, 20):
            for multiplier in (1, 3, 1 << 30, 2**31 - 1, int(rng.integers(1, 1 << 31))):
                scale = object.__new__(Scale)
                scale.multiplier, scale.shift, scale.left, scale.mode = multiplier, shift, left, mode
                wanted = [_of_constants(int(v), multiplier, shift, left, mode) for v in values]
                assert scale(values.astype(np.int64)).tolist() == wanted, (shift, left, multiplier)


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (37, 300, 130), (1, 5000, 65), (700, 9, 65), (130, 257, 64), (3, 700, 600)]
)
def test_products_in_pieces(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(3)
    left, right = (rng.integers(-99, 99, size) for size in (shape[:2], shape[1:]))
    for dtype in (np.float32, np.float64):
        assert np.array_equal(product(left.astype(dtype), right.astype(dtype)), left @ right)


def test_built_in_functions_are_close_to_the_real_ones() -> None:
    values = np.arange(-70000, 70001, 7)
    real = values / 12288
    assert np.abs(sigmoid(values) - 32768 / (1 + np.exp(-real))).max() < 3
    assert np.abs(tanh(values) - 32768 * np.tanh(real)).max() < 7
    assert np.all(np.diff(sigmoid(values)) >= 0) and np.all(np.diff(tanh(values)) >= 0)


def _address(name: str, values: dict[str, dict[str, int]], y: int, x: int, c: int, item: int, bricked: bool) -> int:
    """Where an element lies, by the definition of tiles, strides and formats."""

    def value(register: str) -> int:
        return next(iter(values[f"{name}_{register}"].values()))

    right = x > value("WIDTH0_M1")
    below = y > value("HEIGHT1_M1" if right else "HEIGHT0_M1")
    base = value(f"BASE{right + 2 * below}")
    y -= (value("HEIGHT1_M1" if right else "HEIGHT0_M1") + 1) * below
    x -= (value("WIDTH0_M1") + 1) * right
    if bricked:
        return base + y * value("STRIDE_Y") + x * 16 * item + c // 16 * value("STRIDE_C") + c % 16 * item
    return base + y * value("STRIDE_Y") + x * value("STRIDE_X") + c * item


@pytest.mark.parametrize("seed", range(24))
def test_addresses(seed: int) -> None:
    """A copy from one arrangement to another, in every format, with tiles and strides of all sorts."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(2, 7, 2))
    depth, item = int(rng.integers(1, 40)), int(rng.integers(1, 3))
    shape, half = (height, width, depth), 1 << 17
    values = pool(shape, 0, half)
    bricked = {}
    for number, name in enumerate(("IFM", "OFM")):
        bricked[name] = bool(rng.integers(2))
        row = width * (16 if bricked[name] else depth) * item
        blocks = -(-depth // 16) if bricked[name] else 1
        stride_c = row + 16 * int(rng.integers(0, 3))
        stride_y = (stride_c * blocks if bricked[name] else row) + int(rng.integers(0, 3)) * 16
        quarter = stride_y * height + 64
        values |= registers(
            name,
            shape,
            0,
            STRIDE_Y=stride_y,
            STRIDE_X=depth * item,
            STRIDE_C=stride_c,
            HEIGHT0_M1=int(rng.integers(0, height)),
            HEIGHT1_M1=int(rng.integers(0, height)),
            WIDTH0_M1=int(rng.integers(0, width)),
            **{f"BASE{tile}": number * half + tile * quarter for tile in range(4)},
        )
        precision = {"activation_type": 1, "activation_precision": item - 1, "activation_format": int(bricked[name])}
        values[f"{name}_PRECISION"] = precision | ({"scale_mode": 1, "round_mode": 2} if name == "OFM" else {})
    values |= {
        "ACTIVATION_MIN": {"value": -(2 ** (8 * item - 1))},
        "ACTIVATION_MAX": {"value": 2 ** (8 * item - 1) - 1},
    }
    npu = Npu(network(assemble(values, ("OP_POOL", 0)), size=2 * half))
    content = rng.integers(-128, 128, half).astype(np.int8)
    found = npu.run({"x": content.view(npu.inputs[0].dtype)} if item == 1 else {"x": content})["y"].view(np.int8)
    written = set()
    for y in range(height):
        for x in range(width):
            for c in range(depth):
                source = _address("IFM", values, y, x, c, item, bricked["IFM"])
                target = _address("OFM", values, y, x, c, item, bricked["OFM"]) - half
                assert np.array_equal(found[target : target + item], content[source : source + item]), (y, x, c)
                written |= set(range(target, target + item))
    untouched = np.ones(half, bool)
    untouched[list(written)] = False
    assert not found[untouched].any()


def test_a_feature_map_upside_down() -> None:
    """Vela reverses an output with negative strides."""
    shape = (3, 4, 2)
    values = pool(shape, 0, 2048 + 16) | {"OFM_STRIDE_Y": {"addr": (1 << 40) - 8}}
    found = Npu(network(assemble(values, ("OP_POOL", 0)))).run({"x": np.arange(2048).astype(np.int8)})["y"]
    assert np.array_equal(found[:24].reshape(shape), np.arange(24).reshape(shape)[::-1])
