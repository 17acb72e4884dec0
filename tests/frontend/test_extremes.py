"""The integer reference against PyTorch's quantized programs, with weights, biases, scales and zero points from one end
of their types to the other: every output within one step, or an error, or a warning that says what is off."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from mcugen.errors import InputError
from tests.frontend.integer_programs import ATEN, Affine, Int8Array, Program, largest_difference

SAMPLES = 6


def affine(rng: Generator, scale: float | None = None) -> Affine:
    """Any zero point, at the ends more often; a scale of any everyday magnitude, sometimes far beyond."""
    if scale is None:
        reach = 20 if rng.integers(3) else 60
        scale = 2.0 ** rng.uniform(-reach, reach)
    zero_point = rng.choice([-128, 127, 0, rng.integers(-128, 128)])
    return Affine(float(np.float32(np.clip(scale, 1e-37, 1e37))), int(zero_point))


def result(rng: Generator, natural: float) -> Affine:
    """Quantization of a result whose values are about 50 steps of scale `natural`: often near it, sometimes far off."""
    reach = rng.choice([2, 2, 12, 40])
    return affine(rng, natural * 2.0 ** rng.uniform(-reach, reach))


def integers(rng: Generator, shape: tuple[int, ...], weights: Int8Array | None = None) -> Int8Array:
    """Samples of an input; the first ones are extremes, among them those that drive a weighted sum to its ends."""
    samples = rng.integers(-128, 128, (SAMPLES, *shape[1:])).astype(np.int8)
    samples[0], samples[1] = -128, 127
    if weights is not None and weights.size == samples[2].size:
        samples[2] = np.where(weights.reshape(samples[2].shape) > 0, 127, -128)
        samples[3] = np.where(weights.reshape(samples[3].shape) > 0, -128, 127)
    return samples


def weight_values(rng: Generator, shape: tuple[int, ...]) -> Int8Array:
    """Channels of random, extreme, tiny and no weights."""
    values = rng.integers(-128, 128, shape)
    for channel in range(shape[0]):
        kind = rng.integers(6)
        if kind == 0:
            values[channel] = 0
        elif kind == 1:
            values[channel] = rng.choice([-128, 127])
        elif kind == 2:
            values[channel] = rng.choice([-128, 127], shape[1:])
        elif kind == 3:
            values[channel] = rng.integers(-2, 3, shape[1:])
    return values.astype(np.int8)


Layer = tuple[Program, dict[str, Int8Array], Any, Affine]


def weighted(rng: Generator, shape: tuple[int, ...], weight_shape: tuple[int, ...], operator: Any, *rest: Any) -> Layer:
    """A convolution or linear layer with a bias of any size."""
    p, x = Program(), affine(rng)
    channels, depth = weight_shape[0], int(np.prod(weight_shape[1:]))
    values = weight_values(rng, weight_shape)
    scale = 2.0 ** rng.uniform(-30, 10)
    scales = np.float32(scale * 2.0 ** rng.uniform(-12, 12, channels if rng.integers(3) else 1))
    natural = x.scale * float(scales.max()) * depth**0.5 * 75 * 75 / 50
    products = x.scale * np.broadcast_to(scales, channels).astype(np.float64)
    bias = products * rng.choice([0.0, 1e2, 1e5, 2.0**30, 2.0**31, 2.0**34, 1e15], channels)
    bias *= rng.uniform(-1, 1, channels)
    if rng.integers(3) == 0:
        bias = natural * rng.choice([1.0, 1e3, 1e9], channels) * rng.uniform(-50, 50, channels)
    bias = np.clip(bias, -1e37, 1e37)
    node = p.input(shape, x)
    w = p.weights(values, scales)
    y = p.call(operator, node, w, p.constant(bias) if rng.integers(8) else None, *rest)
    return p, {"x0": integers(rng, shape, values[0])}, y, result(rng, natural)


def linear(rng: Generator) -> Layer:
    depth = int(rng.choice([1, 7, 300, 2000]))
    return weighted(rng, (1, depth), (5, depth), ATEN.linear.default)


def conv2d(rng: Generator) -> Layer:
    pads = [int(rng.integers(0, 2)), int(rng.integers(0, 3))]
    return weighted(rng, (1, 3, 5, 4), (4, 3, 3, 2), ATEN.conv2d.default, [1, 2], pads, [1, 1], 1)


def whole_window(rng: Generator) -> Layer:
    """The kernel is as large as the input: samples reach the accumulator's ends."""
    return weighted(rng, (1, 40, 3, 3), (4, 40, 3, 3), ATEN.conv2d.default, [1, 1], [0, 0], [1, 1], 1)


def depthwise(rng: Generator) -> Layer:
    return weighted(rng, (1, 4, 5, 5), (8, 1, 3, 3), ATEN.conv2d.default, [1, 1], [1, 1], [1, 2], 4)


def grouped(rng: Generator) -> Layer:
    return weighted(rng, (1, 4, 3, 5), (6, 2, 2, 2), ATEN.conv2d.default, [1, 1], [0, 1], [1, 1], 2)


def conv1d(rng: Generator) -> Layer:
    return weighted(rng, (1, 3, 9), (4, 3, 4), ATEN.conv1d.default, [2], [1], [1], 1)


def _other(rng: Generator, x: Affine) -> Affine:
    """A second operand's quantization: of any size beside the first's, sometimes of the same scale."""
    reach = rng.choice([0, 3, 15, 30])
    return affine(rng, x.scale * 2.0 ** rng.uniform(-reach, reach))


def add(rng: Generator) -> Layer:
    p, a = Program(), affine(rng)
    b = _other(rng, a)
    y = p.call(ATEN.add.Tensor, p.input((1, 40), a), p.input((1, 40), b))
    samples = {"x0": integers(rng, (1, 40)), "x1": integers(rng, (1, 40))}
    # Sums that cancel, and operands that are zero.
    samples["x1"][4] = np.clip(2 * b.zero_point - samples["x0"][4].astype(int), -128, 127)
    samples["x0"][5] = a.zero_point
    return p, samples, y, result(rng, rng.choice([a.scale, b.scale]))


def mul(rng: Generator) -> Layer:
    p, a = Program(), affine(rng)
    b = affine(rng)
    y = p.call(ATEN.mul.Tensor, p.input((1, 40), a), p.input((1, 40), b))
    samples = {"x0": integers(rng, (1, 40)), "x1": integers(rng, (1, 40))[::-1].copy()}
    return p, samples, y, result(rng, a.scale * b.scale * 100)


def with_constant(operator: Any) -> Callable[[Generator], Layer]:
    def build(rng: Generator) -> Layer:
        p, x = Program(), affine(rng)
        near = 1.0 if operator is ATEN.mul.Tensor else x.scale * 100
        constant = near * rng.uniform(-1, 1, 40) * 10.0 ** rng.choice([0, 0, 3, 6])
        if rng.integers(3) == 0:
            constant = np.array([constant[0]])
        constant = np.float32(np.clip(constant, -1e37, 1e37))
        number = constant.size == 1 and rng.integers(2)
        y = p.call(operator, p.input((1, 40), x), float(constant[0]) if number else p.constant(constant))
        return p, {"x0": integers(rng, (1, 40))}, y, result(rng, x.scale)

    return build


def _pools(rng: Generator) -> tuple[list[int], list[int], list[int], bool]:
    kernel = [int(rng.integers(1, 4)), int(rng.integers(1, 4))]
    pads = [int(rng.integers(0, k // 2 + 1)) for k in kernel]
    return kernel, [int(s) for s in rng.integers(1, 4, 2)], pads, bool(rng.integers(2))


def average_pool(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    kernel, stride, pads, ceil = _pools(rng)
    y = p.call(ATEN.avg_pool2d.default, p.input((1, 3, 6, 7), x), kernel, stride, pads, ceil, bool(rng.integers(2)))
    return p, {"x0": integers(rng, (1, 3, 6, 7))}, y, x if rng.integers(2) else result(rng, x.scale)


def max_pool(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    kernel, stride, pads, ceil = _pools(rng)
    y = p.call(ATEN.max_pool2d.default, p.input((1, 3, 6, 7), x), kernel, stride, pads, [1, 1], ceil)
    return p, {"x0": integers(rng, (1, 3, 6, 7))}, y, x if rng.integers(2) else result(rng, x.scale)


def adaptive_pool(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    size = [int(rng.choice([1, 2, 3, 6])), int(rng.choice([1, 2, 4]))]
    y = p.call(ATEN.adaptive_avg_pool2d.default, p.input((1, 3, 6, 4), x), size)
    return p, {"x0": integers(rng, (1, 3, 6, 4))}, y, x if rng.integers(2) else result(rng, x.scale)


def mean(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    axes = sorted(rng.choice([1, 2, 3], int(rng.integers(1, 4)), replace=False).tolist())
    y = p.call(ATEN.mean.dim, p.input((1, 3, 5, 7), x), [a - 4 if rng.integers(2) else a for a in axes], True)
    return p, {"x0": integers(rng, (1, 3, 5, 7))}, y, x if rng.integers(3) == 0 else result(rng, x.scale)


def softmax(rng: Generator) -> Layer:
    rows = int(rng.choice([1, 2, 5, 100, 700]))
    p, x = Program(), affine(rng)
    out = Affine(1 / 256, -128) if rng.integers(2) else affine(rng, rng.choice([1 / 255, 1 / 100, 1 / 20]))
    y = p.call(ATEN.softmax.int, p.input((1, 3, rows), x), int(rng.choice([-1, 1])))
    samples = integers(rng, (1, 3, rows))
    samples[4] = 7
    return p, {"x0": samples}, y, out


def matmul(rng: Generator) -> Layer:
    p, a, b = Program(), affine(rng), affine(rng)
    depth = int(rng.choice([1, 7, 300]))
    y = p.call(ATEN.matmul.default, p.input((1, 3, depth), a), p.input((1, depth, 4), b))
    samples = {"x0": integers(rng, (1, 3, depth)), "x1": integers(rng, (1, depth, 4))}
    return p, samples, y, result(rng, a.scale * b.scale * 100 * depth**0.5)


def log_softmax(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    y = p.call(ATEN.log_softmax.int, p.input((1, 3, 50), x), -1)
    samples = integers(rng, (1, 3, 50))
    samples[4] = 7
    # The logarithm is exact to about 1e-4.
    return p, {"x0": samples}, y, affine(rng, 2.0 ** rng.uniform(-12, 4))


def layer_norm(rng: Generator) -> Layer:
    p, x = Program(), affine(rng, 2.0 ** rng.uniform(-16, 16))
    weight = np.float32(rng.normal(size=20) * 10.0 ** rng.choice([-2, 0, 2]))
    bias = np.float32(rng.normal(size=20) * 10.0 ** rng.choice([-2, 0, 2]))
    y = p.call(ATEN.layer_norm.default, p.input((1, 4, 20), x), [20], p.constant(weight), p.constant(bias), 1e-5, False)
    samples = integers(rng, (1, 4, 20))
    samples[4] = np.where(np.arange(20) == 3, 8, 7)
    return p, {"x0": samples}, y, result(rng, float(np.abs(weight).max()) / 30)


def clamp(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    steps = np.sort(rng.uniform(-200, 200, 2)) if rng.integers(2) else np.rint(rng.uniform(-99, 99, 2)) + 0.5
    low, high = (float(v) for v in steps * x.scale)
    bounds = [(low, high), (low, None), (None, high), (0.0, 6.0), (-np.inf, high)][rng.integers(5)]
    y = p.call(ATEN.clamp.default, p.input((1, 90), x), *bounds)
    return p, {"x0": integers(rng, (1, 90))}, y, x if rng.integers(2) else result(rng, x.scale)


def requantize(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    y = p.call(ATEN.relu.default, p.input((1, 90), x)) if rng.integers(2) else p.input((1, 90), x)
    samples = {name: integers(rng, (1, 90)) for name in p.shapes}
    return p, samples, y, result(rng, x.scale)


def cat(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    parts = [p.input((1, 9, 2), x), p.input((1, 4, 2), _other(rng, x))]
    parts.append(p.constant(np.float32(rng.uniform(-100, 100, (1, 3, 2)) * x.scale * rng.choice([1, 1000]))))
    y = p.call(ATEN.cat.default, parts, 1)
    samples = {"x0": integers(rng, (1, 9, 2)), "x1": integers(rng, (1, 4, 2))}
    return p, samples, y, x if rng.integers(3) == 0 else result(rng, x.scale)


def pad(rng: Generator) -> Layer:
    p, x = Program(), affine(rng)
    y = p.call(ATEN.constant_pad_nd.default, p.input((1, 3, 5), x), [int(n) for n in rng.integers(0, 4, 4)], 0.0)
    return p, {"x0": integers(rng, (1, 3, 5))}, y, x if rng.integers(2) else result(rng, x.scale)


LAYERS: dict[str, Callable[[Generator], Layer]] = {
    "adaptive average pool": adaptive_pool,
    "add": add,
    "add a constant": with_constant(ATEN.add.Tensor),
    "average pool": average_pool,
    "cat": cat,
    "clamp": clamp,
    "conv1d": conv1d,
    "conv2d": conv2d,
    "conv2d of a whole input": whole_window,
    "depthwise": depthwise,
    "divide by a constant": with_constant(ATEN.div.Tensor),
    "grouped": grouped,
    "linear": linear,
    "max pool": max_pool,
    "mean": mean,
    "mul": mul,
    "multiply by a constant": with_constant(ATEN.mul.Tensor),
    "pad": pad,
    "requantize": requantize,
    "layer norm": layer_norm,
    "log_softmax": log_softmax,
    "matmul": matmul,
    "softmax": softmax,
    "subtract a constant": with_constant(ATEN.sub.Tensor),
}


def check(kind: str, seeds: range, caplog: pytest.LogCaptureFixture) -> None:
    """Right, warned of or refused, for every seed; mostly right."""
    right = 0
    for seed in seeds:
        caplog.clear()
        program, samples, node, out = LAYERS[kind](np.random.default_rng(seed))
        try:
            difference = largest_difference(program.finish((node, out)), program.shapes, samples)
        except InputError as error:
            assert error.where and error.hint, f"{kind}, seed {seed}: {error}"
            continue
        if any("output steps" in message for message in caplog.messages):
            continue
        assert difference <= 1, f"{kind}, seed {seed}: {difference} steps from PyTorch"
        right += 1
    assert right >= 0.6 * len(seeds), f"{kind}: only {right} of {len(seeds)} were compiled without a warning"


@pytest.mark.parametrize("kind", LAYERS)
def test_any_numbers(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check(kind, range(5), caplog)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYERS)
def test_any_numbers_long(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check(kind, range(5, 1000), caplog)
