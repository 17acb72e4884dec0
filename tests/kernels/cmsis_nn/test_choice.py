"""Which operators go to CMSIS-NN, and how they are rearranged for it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Add, FullyConnected, Mul, Softmax, Tanh, Transpose
from mcugen.kernels import registry
from mcugen.kernels.cmsis_nn import INTERFACES, CmsisNn, CoreClass, kernels
from mcugen.kernels.cmsis_nn.activation import TanhS16, left_shift
from mcugen.kernels.cmsis_nn.elementwise import ElementwiseAdd, Operands, arrange
from mcugen.kernels.cmsis_nn.fully_connected import FullyConnectedPerTensor
from mcugen.kernels.cmsis_nn.softmax import SoftmaxS8
from mcugen.kernels.cmsis_nn.transpose import TransposeS8, merge_axes
from tests.graph import strategies
from tests.graph.strategies import int16
from tests.graph.strategies.int16_functions import sigmoid_graphs
from tests.kernels.cmsis_nn.cases import collect
from tests.kernels.cmsis_nn.program import cpu_of

RELEASE = CmsisNn(Path("unused"), (19, 1, 0))
Q = Quantization.per_tensor(0.5, 0)
CPU = cpu_of("mps2_an386")


@settings(deadline=None, derandomize=True)
@given(st.data())
def test_merged_axes_transpose_alike(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=6)))
    permutation = tuple(data.draw(st.permutations(range(len(shape)))))
    values = np.arange(np.prod(shape)).reshape(shape)
    merged, order = merge_axes(shape, permutation)
    assert np.array_equal(
        values.reshape(merged).transpose(order).reshape(-1), values.transpose(permutation).reshape(-1)
    )
    assert all(second != first + 1 for first, second in itertools.pairwise(order))
    assert len(merged) == 1 or 1 not in merged


@pytest.mark.parametrize(
    ("first", "second", "constant", "expected"),
    [
        ((1, 4, 4, 16), (1, 4, 4, 16), False, Operands((0, 1), 1, 256)),
        ((1, 4, 4, 16), (16,), False, Operands((0, 1), 16, 16)),
        ((1, 1, 1, 16), (1, 4, 4, 16), False, Operands((1, 0), 16, 16)),
        ((1, 4, 4, 16), (1, 4, 1, 16), False, None),
        ((1, 4, 4, 16), (1,), False, None),
        ((1, 1, 1, 3), (1, 1, 1, 1), False, None),
        ((16,), (1, 4, 4, 16), True, None),
        ((1, 4, 4, 16), (1, 4, 4, 16), True, Operands((0, 1), 1, 256)),
    ],
)
def test_operands(first: tuple[int, ...], second: tuple[int, ...], constant: bool, expected: Operands | None) -> None:
    out = Tensor("y", tuple(np.broadcast_shapes(first, second)), "int8", Q)
    data = np.zeros(second, np.int8) if constant else None
    tensors = [Tensor("a", first, "int8", Q), Tensor("b", second, "int8", Q, data)]
    assert arrange(tensors, out) == expected


def test_a_constant_first_operand_comes_second() -> None:
    data = np.arange(8, dtype=np.int8).reshape(1, 8)
    tensors = [
        Tensor("a", (1, 8), "int8", Q, data),
        Tensor("b", (1, 8), "int8", Quantization.per_tensor(0.25, 7)),
        Tensor("y", (1, 8), "int8", Q),
    ]
    op = Add(name="add", inputs=("a", "b"), outputs=("y",))
    case = strategies.make_case(op, tensors, np.random.default_rng(0))
    invocation = ElementwiseAdd(CoreClass.DSP, INTERFACES[19]).invoke(op, case.graph)
    assert invocation.inputs == ("b",)
    assert invocation.params["input1_offset"] == -7
    assert np.array_equal(invocation.constants[0].data, data.reshape(-1))


@pytest.mark.parametrize(
    ("board", "shape", "permutation", "offered"),
    [
        ("mps2_an386", (10_000, 2), (1, 0), True),
        ("mps3_an547", (2, 10_000), (1, 0), False),
        ("mps3_an547", (9_000, 2), (1, 0), True),
        ("mps2_an386", (2, 3, 4, 5, 6), (4, 2, 0, 3, 1), False),
    ],
)
def test_transposition_limits(board: str, shape: tuple[int, ...], permutation: tuple[int, ...], offered: bool) -> None:
    tensors = [Tensor("x", shape, "int8", Q), Tensor("y", tuple(shape[a] for a in permutation), "int8", Q)]
    op = Transpose(name="transpose", inputs=("x",), outputs=("y",), permutation=permutation)
    case = strategies.make_case(op, tensors, np.random.default_rng(0))
    core = CoreClass.MVE if board == "mps3_an547" else CoreClass.DSP
    assert TransposeS8(core, INTERFACES[19]).supports(op, case.graph, cpu_of(board)) == offered


@pytest.mark.parametrize(("out_scale", "offered"), [(1.0, True), (2.0**-4, True), (2.0**-8, False)])
def test_no_shift_beyond_32_bits(out_scale: float, offered: bool) -> None:
    """Sums up to 2**24: shifted left by 9 they need 33 bits, which CMSIS-NN does not guard against."""
    weights = np.full((4, 500), 127, np.int8)
    tensors = [
        Tensor("input", (1, 500), "int8", Quantization.per_tensor(1.0, -128)),
        Tensor("weights", weights.shape, "int8", Quantization.per_tensor(1.0, 0), weights),
        Tensor("output", (1, 4), "int8", Quantization.per_tensor(out_scale, 0)),
    ]
    op = FullyConnected(name="dense", inputs=("input", "weights"), outputs=("output",))
    case = strategies.make_case(op, tensors, np.random.default_rng(0))
    kernel = FullyConnectedPerTensor(CoreClass.DSP, INTERFACES[19])
    assert kernel.supports(op, case.graph, cpu_of("mps2_an386")) == offered


def cmsis_nn_kernels(case: strategies.Case) -> list[str]:
    op = case.graph.operators[0]
    return [k.name for k in kernels(cpu_of("mps2_an386"), RELEASE) if k.takes(op, case.graph, cpu_of("mps2_an386"))]


def test_int4_in_groups_is_left_to_other_kernels() -> None:
    for case in collect(strategies.conv2d_graphs(grouped=True, dtype="int4"), 5, 3):
        assert cmsis_nn_kernels(case) == []


def test_int16_in_groups_is_left_to_other_kernels() -> None:
    for case in collect(int16.widened(strategies.conv2d_graphs(grouped=True)), 5, 3):
        assert cmsis_nn_kernels(case) == []


def test_int16_with_32_bits_or_many_scales_is_a_pointwise_convolution() -> None:
    narrow = int16.widened(strategies.fully_connected_graphs(bias=True), bias="int32")
    for case in collect(narrow, 5, 3):
        assert cmsis_nn_kernels(case) == ["fully_connected_as_convolve_s16.cmsis_nn"]
    v11 = CmsisNn(Path("unused"), (11, 3, 0))
    for case in collect(narrow, 3, 3):
        assert not any(k.takes(case.graph.operators[0], case.graph, CPU) for k in kernels(CPU, v11))


@pytest.mark.parametrize(("scale", "shift", "v11"), [(-12, 0, True), (-13, -1, False), (-12.5, None, False)])
def test_functions_of_scales_that_are_no_powers_of_two(scale: float, shift: int | None, v11: bool) -> None:
    (case,) = collect(sigmoid_graphs(Tanh, st.just(scale))(), 1, 3)
    op = case.graph.operators[0]
    assert isinstance(op, Tanh) and left_shift(op, case.graph) == shift
    assert TanhS16(CoreClass.DSP, INTERFACES[19]).takes(op, case.graph, CPU) == (shift is not None)
    assert TanhS16(CoreClass.DSP, INTERFACES[11]).takes(op, case.graph, CPU) == v11


def test_int16_products_that_are_shifted_to_the_left_are_left_to_other_kernels() -> None:
    q = [Quantization.per_tensor(scale, 0, 16) for scale in (1.0, 0.3, 0.2)]
    tensors = [Tensor(n, (1, 8), "int16", each) for n, each in zip(("a", "b", "y"), q, strict=True)]
    op = Mul(name="mul", inputs=("a", "b"), outputs=("y",), clamp=(-32768, 32767))
    assert cmsis_nn_kernels(strategies.make_case(op, tensors, np.random.default_rng(0))) == []


def test_int4_depthwise_of_an_odd_number_of_channels_is_left_to_other_kernels() -> None:
    plain = strategies.depthwise_graphs
    for count in (1, 2, 5, 6):
        (case,) = collect(plain(channels=st.just(count), multiplier=1, dilation=(1, 1), bias=False, dtype="int4"), 1, 3)
        offered = cmsis_nn_kernels(case)
        assert not any("depthwise" in name for name in offered) or count % 2 == 0


def test_int4_fully_connected_per_channel_is_left_to_other_kernels() -> None:
    for case in collect(strategies.fully_connected_graphs(per_channel=True, dtype="int4"), 5, 3):
        if len(case.graph.tensor("weights").quantization.scales) > 1:  # type: ignore[union-attr]
            assert cmsis_nn_kernels(case) == []


@pytest.mark.parametrize(("elements", "bits", "offered"), [(511, 8, True), (512, 8, False), (511, 9, False)])
def test_softmax_of_many_elements(elements: int, bits: int, offered: bool) -> None:
    tensors = [
        Tensor("input", (1, elements), "int8", Q),
        Tensor("output", (1, elements), "int8", Quantization.per_tensor(2.0**-bits, -128)),
    ]
    op = Softmax(name="softmax", inputs=("input",), outputs=("output",))
    case = strategies.make_case(op, tensors, np.random.default_rng(0))
    kernel = SoftmaxS8(CoreClass.DSP, INTERFACES[19])
    assert kernel.supports(op, case.graph, cpu_of("mps2_an386")) == offered


@pytest.mark.parametrize("kind", ["conv2d", "depthwise_conv2d", "fully_connected", "max_pool2d", "softmax"])
@pytest.mark.parametrize("board", ["mps2_an385", "mps2_an386", "mps3_an547"])
def test_the_policy_takes_cmsis_nn_where_it_has_a_kernel(kind: str, board: str) -> None:
    for case in collect(strategies.ALL[kind](), 5, 17):
        found = registry.candidates(case.graph.operators[0], case.graph, cpu_of(board), "cmsis-nn", RELEASE)
        assert {k.library for k in found} == {"cmsis_nn"}


@pytest.mark.parametrize("kind", ["clamp", "mean", "requantize"])
def test_and_its_own_kernels_where_it_has_none(kind: str) -> None:
    for case in collect(strategies.ALL[kind](), 3, 17):
        found = registry.candidates(case.graph.operators[0], case.graph, cpu_of("mps2_an386"), "cmsis-nn", RELEASE)
        assert "cmsis_nn" not in {k.library for k in found}


def test_native_never_calls_it() -> None:
    case = collect(strategies.fully_connected_graphs(), 1, 17)[0]
    for policy, may in (("native", False), ("portable", False), ("auto", True)):
        found = registry.candidates(case.graph.operators[0], case.graph, cpu_of("mps2_an386"), policy, RELEASE)
        assert ("cmsis_nn" in {k.library for k in found}) == may
