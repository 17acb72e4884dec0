"""Cases that random graphs seldom reach: extreme numbers, constants as inputs, tight overlaps, odd forms."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.graph import Quantization, Tensor
from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops import (
    Add,
    Concatenation,
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    MaxPool2d,
    Mean,
    Operator,
    Pad,
    Reshape,
    Softmax,
    Transpose,
)
from mcugen.graph.reference import run as run_reference
from mcugen.kernels import dsp, host, registry
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable import KERNELS
from tests.graph.strategies import Case, make_case
from tests.kernels.checking import CORTEX_M3, CORTEX_M4, check

BY_NAME = {k.name: k for k in KERNELS}
HALF = Quantization.per_tensor(0.5, 0)


def case(op: Operator, *tensors: Tensor) -> Case:
    return make_case(op, list(tensors), np.random.default_rng(1))


def fully_connected(x_zero_point: int, weight: int, bias: int, out_scale: float, depth: int = 40) -> Case:
    weights = np.full((5, depth), weight, np.int8)
    return case(
        FullyConnected(name="dense", inputs=("input", "weights", "bias"), outputs=("output",)),
        Tensor("input", (3, depth), "int8", Quantization.per_tensor(1.0, x_zero_point)),
        Tensor("weights", weights.shape, "int8", Quantization.per_tensor(1.0, 0), weights),
        Tensor("bias", (5,), "int32", None, np.full(5, bias, np.int32)),
        Tensor("output", (3, 5), "int8", Quantization.per_tensor(out_scale, 11)),
    )


@pytest.mark.parametrize("zero_point", [-128, 127])
@pytest.mark.parametrize("weight", [-128, 127])
@pytest.mark.parametrize("sign", [-1, 1])
def test_accumulator_at_the_limit_of_32_bits(zero_point: int, weight: int, sign: int) -> None:
    """The folded bias wraps; the total does not."""
    limit = 2**31 - 1 - 40 * 128 * 255
    check(BY_NAME["fully_connected_s8.portable"], fully_connected(zero_point, weight, sign * limit, 2.0**24))


@pytest.mark.parametrize("exponent", [-12, -1, 0, 1, 4])
def test_output_scale_that_needs_no_or_a_left_shift(exponent: int) -> None:
    check(BY_NAME["fully_connected_s8.portable"], fully_connected(3, 1, 5, 2.0**exponent))


@pytest.mark.parametrize("exponent", [-1, -8, -30])
@pytest.mark.parametrize("sign", [-1, 1])
def test_left_shift_that_leaves_32_bits(exponent: int, sign: int) -> None:
    """Accumulators up to 2**24 with a multiplier up to 256: they saturate on their own side."""
    layer = fully_connected(-128, sign * 127, sign * (2**30 - 5), 2.0**exponent, depth=500)
    result = run_reference(layer.graph, layer.inputs)["output"]
    assert (result == (127 if sign > 0 else -128)).all()
    assert check(BY_NAME["fully_connected_s8.portable"], layer)
    assert check(dsp.FullyConnectedDsp(), layer, cpu=CORTEX_M4)


def test_addition_without_output_shift() -> None:
    tensors = [Tensor(n, (300,), "int8", HALF) for n in ("input", "other")]
    out = Tensor("output", (300,), "int8", Quantization.per_tensor(1.2 * 2.0**-20, -7))
    add = case(Add(name="add", inputs=("input", "other"), outputs=("output",)), *tensors, out)
    check(BY_NAME["add_s8.portable"], add)
    check(BY_NAME["add_table_s8.portable"], add)


def test_addition_of_a_tensor_to_itself() -> None:
    tensors = [Tensor(n, (7, 9), "int8", HALF) for n in ("input", "output")]
    twice = case(Add(name="add", inputs=("input", "input"), outputs=("output",)), *tensors)
    invocation = BY_NAME["add_s8.portable"].invoke(twice.graph.operators[0], twice.graph)
    expected = run_reference(twice.graph, twice.inputs)["output"]
    np.testing.assert_array_equal(host.run(invocation, twice.graph, twice.inputs)[0], expected)
    assert {o.input_index for o in invocation.overlaps} == {0, 1}


@pytest.mark.parametrize("elements", [500, 1000, 4095])
def test_softmax_of_many_equal_elements(elements: int) -> None:
    tensors = (
        Tensor("input", (elements,), "int8", HALF),
        Tensor("output", (elements,), "int8", Quantization.per_tensor(1 / 256, -128)),
    )
    random = case(Softmax(name="softmax", inputs=("input",), outputs=("output",)), *tensors)
    for value in (-128, 0, 127):
        check(BY_NAME["softmax_s8.portable"], Case(random.graph, {"input": np.full(elements, value, np.int8)}))


@pytest.mark.parametrize("bits", [9, 14, 20])
def test_shares_in_finer_steps(bits: int) -> None:
    rng, elements = np.random.default_rng(bits), 1500
    tensors = (
        Tensor("input", (2, elements), "int8", Quantization.per_tensor(1 / 64, 3)),
        Tensor("output", (2, elements), "int8", Quantization.per_tensor(2.0**-bits, -128)),
    )
    random = case(Softmax(name="softmax", inputs=("input",), outputs=("output",)), *tensors)
    given = rng.integers(-128, 128, (2, elements)).astype(np.int8)
    for kernel in ("softmax_s8.portable", "softmax_table_s8.portable"):
        check(BY_NAME[kernel], Case(random.graph, {"input": given}))
    exponentials = np.exp((given.astype(np.float64) - 3) / 64)
    exact = exponentials / exponentials.sum(1, keepdims=True) * 2.0**bits - 128
    found = run_reference(random.graph, {"input": given})["output"]
    assert np.abs(found - np.clip(exact, -128, 127)).max() < 0.51 + 2.0 ** (bits - 20)


@pytest.mark.parametrize("kind", ["add", "concatenation"])
def test_constant_operands_keep_their_order(kind: str) -> None:
    constant = np.arange(-6, 6, dtype=np.int8).reshape(2, 6)
    tensors = [
        Tensor("first", (2, 6), "int8", HALF, constant),
        Tensor("input", (2, 6), "int8", Quantization.per_tensor(0.25, 4) if kind == "add" else HALF),
        Tensor("output", (2, 6) if kind == "add" else (2, 12), "int8", HALF),
    ]
    op: Operator
    if kind == "add":
        op = Add(name="op", inputs=("first", "input"), outputs=("output",))
    else:
        op = Concatenation(name="op", inputs=("first", "input"), outputs=("output",), axis=1)
    checked = [k.name for k in KERNELS if k.operator is type(op) and check(k, case(op, *tensors))]
    assert checked == (["add_s8.portable", "add_table_s8.portable"] if kind == "add" else ["concatenation_s8.portable"])


def test_concatenation_in_place_moves_nothing() -> None:
    tensors = [Tensor(n, (3, 5), "int8", HALF) for n in ("a", "b", "c")]
    joined = case(
        Concatenation(name="cat", inputs=("a", "b", "c"), outputs=("output",), axis=0),
        *tensors,
        Tensor("output", (9, 5), "int8", HALF),
    )
    invocation = BY_NAME["concatenation_s8.portable"].invoke(joined.graph.operators[0], joined.graph)
    assert [(o.input_index, o.distance, o.exact) for o in invocation.overlaps] == [
        (0, 0, True),
        (1, 15, True),
        (2, 30, True),
    ]
    assert check(BY_NAME["concatenation_s8.portable"], joined)


def test_concatenation_of_a_tensor_with_itself_is_not_done_in_place() -> None:
    tensors = Tensor("a", (3, 5), "int8", HALF), Tensor("output", (6, 5), "int8", HALF)
    joined = case(Concatenation(name="cat", inputs=("a", "a"), outputs=("output",), axis=0), *tensors)
    assert BY_NAME["concatenation_s8.portable"].invoke(joined.graph.operators[0], joined.graph).overlaps == ()
    assert check(BY_NAME["concatenation_s8.portable"], joined)


def test_reshape_runs_nothing() -> None:
    tensors = Tensor("input", (4, 6), "int8", HALF), Tensor("output", (24,), "int8", HALF)
    flat = case(Reshape(name="reshape", inputs=("input",), outputs=("output",)), *tensors)
    assert BY_NAME["reshape.portable"].invoke(flat.graph.operators[0], flat.graph).alias


def convolution(
    kernel: tuple[int, int], shape: tuple[int, int, int], channels: int, *, pad: int, stride: int = 1, depthwise: bool
) -> Case:
    rng = np.random.default_rng(3)
    out = [(n + 2 * p - k) // stride + 1 for n, k, p in zip(shape, kernel, (pad, pad), strict=False)]
    form = (1, *kernel, channels) if depthwise else (channels, *kernel, shape[2])
    weights = rng.integers(-127, 128, form).astype(np.int8)
    cls = DepthwiseConv2d if depthwise else Conv2d
    return case(
        cls(name="conv", inputs=("input", "weights"), outputs=("output",), stride=(stride,) * 2, padding=(pad,) * 4),
        Tensor("input", (1, *shape), "int8", Quantization.per_tensor(0.1, -5)),
        Tensor("weights", form, "int8", Quantization.per_tensor(0.01, 0), weights),
        Tensor("output", (1, *out, channels), "int8", Quantization.per_tensor(0.5, 2)),
    )


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("conv2d_s8.portable", convolution((3, 3), (8, 8, 4), 9, pad=1, depthwise=False)),
        ("conv2d_s8.portable", convolution((3, 3), (8, 8, 4), 4, pad=1, depthwise=False)),
        ("depthwise_conv2d_s8.portable", convolution((3, 3), (7, 5, 6), 12, pad=1, depthwise=True)),
    ],
)
def test_stated_distance_is_the_smallest(name: str, some: Case) -> None:
    assert check(BY_NAME[name], some)
    invocation = BY_NAME[name].invoke(some.graph.operators[0], some.graph)
    distance = invocation.overlaps[0].distance
    assert distance > 0
    (closer,) = host.run(invocation, some.graph, some.inputs, sharing=host.Sharing(0, distance - 1))
    assert (closer != run_reference(some.graph, some.inputs)["output"]).any()


def test_depthwise_with_padding_runs_in_place() -> None:
    """The band of input rows in scratch makes the output row free to take the input's place."""
    some = convolution((3, 3), (25, 5, 16), 16, pad=1, depthwise=True)
    invocation = BY_NAME["depthwise_conv2d_s8.portable"].invoke(some.graph.operators[0], some.graph)
    assert invocation.overlaps[0].distance == 0
    assert invocation.scratch_bytes == 3 * 7 * 16


def test_depthwise_over_a_long_row_needs_a_small_band() -> None:
    some = convolution((1, 3), (1, 200, 8), 8, pad=0, depthwise=True)
    invocation = BY_NAME["depthwise_conv2d_s8.portable"].invoke(some.graph.operators[0], some.graph)
    assert invocation.scratch_bytes == 3 * 8
    assert check(BY_NAME["depthwise_conv2d_s8.portable"], some)


@pytest.mark.parametrize("kernel", [(4, 6), (2, 6), (1, 1), (1, 4)])
@pytest.mark.parametrize("stride", [1, 2])
def test_windows_of_one_run_need_no_scratch(kernel: tuple[int, int], stride: int) -> None:
    some = convolution(kernel, (7, 6, 3), 6, pad=0, stride=stride, depthwise=False)
    (op,) = some.graph.operators
    assert check(BY_NAME["conv2d_direct_s8.portable"], some)
    assert registry.select(op, some.graph, CORTEX_M3, "portable").invoke(op, some.graph).scratch_bytes == 0


def test_maximum_pool_in_place_at_stride_two() -> None:
    tensors = Tensor("input", (1, 8, 8, 5), "int8", HALF), Tensor("output", (1, 4, 4, 5), "int8", HALF)
    op = MaxPool2d(name="pool", inputs=("input",), outputs=("output",), kernel=(2, 2), stride=(2, 2))
    pooled = case(op, *tensors)
    assert BY_NAME["max_pool2d_s8.portable"].invoke(op, pooled.graph).overlaps[0].distance == 0
    assert check(BY_NAME["max_pool2d_s8.portable"], pooled)


@pytest.mark.parametrize(
    "op",
    [
        Transpose(name="op", inputs=("input",), outputs=("output",), permutation=(5, 4, 3, 2, 1, 0)),
        Mean(name="op", inputs=("input",), outputs=("output",), axes=(0, 2, 4)),
        Pad(name="op", inputs=("input",), outputs=("output",), padding=((1, 0),) * 6),
    ],
    ids=lambda op: op.kind,
)
def test_six_axes_are_taken(op: Operator) -> None:
    shape = (2, 3, 2, 3, 2, 3)
    outputs = {
        "transpose": tuple(shape[a] for a in (5, 4, 3, 2, 1, 0)),
        "mean": (1, 3, 1, 3, 1, 3),
        "pad": tuple(n + 1 for n in shape),
    }
    some = case(op, Tensor("input", shape, "int8", HALF), Tensor("output", outputs[op.kind], "int8", HALF))
    assert check(registry.select(op, some.graph, CORTEX_M3), some)


def test_the_host_harness_sees_faults() -> None:
    """An oracle that cannot fail proves nothing: scratch one byte short, and a distance that is too small."""
    some = convolution((3, 3), (8, 8, 4), 9, pad=1, depthwise=False)
    (op,) = some.graph.operators
    good = BY_NAME["conv2d_s8.portable"].invoke(op, some.graph)
    short = Invocation(**{**vars(good), "scratch_bytes": good.scratch_bytes - 1})
    with pytest.raises(host.HostKernelError, match="heap-buffer-overflow"):
        host.run(short, some.graph, some.inputs)
    # The next case gets a new process.
    expected = run_reference(some.graph, some.inputs)["output"]
    np.testing.assert_array_equal(host.run(good, some.graph, some.inputs)[0], expected)


def test_the_host_harness_sees_strays() -> None:
    """A kernel that copies more than its output holds."""
    tensors = {"input": Tensor("input", (8,), "int8", HALF), "output": Tensor("output", (4,), "int8", HALF)}
    graph = Graph("copy", tensors, (), (Port("input", "input", (8,), (0,)),), ())
    wrong = Invocation(
        kernel="copy",
        function="mcugen_copy_s8",
        source="portable/movement/copy_s8.c",
        params_type="mcugen_copy_params",
        params={"elements": 8},
        inputs=("input",),
        constants=(),
        outputs=("output",),
    )
    inputs = {"input": np.arange(8, dtype=np.int8)}
    with pytest.raises(host.HostKernelError, match="heap-buffer-overflow"):
        host.run(wrong, graph, inputs)
    # With the input above it there is memory behind the output.
    with pytest.raises(host.HostKernelError, match="outside its output"):
        host.run(wrong, graph, inputs, sharing=host.Sharing(0, 4))
