"""CMSIS-NN's kernels give the reference's bits, on all classes of core, and stay inside the scratch they ask for."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import CheckFailedError
from mcugen.firmware.cmsis_nn import default_cache
from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected, Softmax
from mcugen.graph.ops.normalization.wide_softmax import WIDE_SHARES
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant
from mcugen.kernels.cmsis_nn import INTERFACES, CmsisNn, CmsisNnKernel, CoreClass, kernels
from mcugen.kernels.cmsis_nn.convolve_s16 import ConvolveS16, FullyConnectedS16
from mcugen.kernels.cmsis_nn.depthwise import Depthwise3x3
from mcugen.kernels.cmsis_nn.softmax import SoftmaxS16
from tests.graph import strategies
from tests.graph.strategies import Case
from tests.kernels.cmsis_nn.cases import KINDS, collect, failures, release_name, release_or_skip, releases, trials_of
from tests.kernels.cmsis_nn.program import Trial, cpu_of, run_on_host, run_on_target

pytestmark = pytest.mark.cmsis_nn

HOST = "host"
TARGETS = {HOST: "mps2_an385", "mps2_an385": "mps2_an385", "mps2_an386": "mps2_an386", "mps3_an547": "mps3_an547"}
"""Where the code runs, and whose CPU decides which kernels are offered. The host runs the scalar code."""


@pytest.fixture(scope="module", params=releases(), ids=release_name)
def release(request: pytest.FixtureRequest) -> CmsisNn:
    return release_or_skip(request.param)


def run(where: str, trials: list[Trial], release: CmsisNn) -> IntArray:
    if where == HOST:
        return run_on_host(trials, release, default_cache())
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    return run_on_target(trials, release, where, default_cache())


def check(where: str, count: int, number: int, release: CmsisNn) -> set[str]:
    """Runs `count` cases of each kind; the names of the kernels that were tried."""
    cases = [case for strategy in KINDS.values() for case in collect(strategy(), count, number)]
    trials = list(trials_of(cases, cpu_of(TARGETS[where]), release))
    assert failures(trials, run(where, trials, release)) == []
    return {t.invocation.kernel for t in trials}


EVERYWHERE = [
    HOST,
    pytest.param("mps2_an386", marks=pytest.mark.emulator),
    pytest.param("mps3_an547", marks=pytest.mark.emulator),
]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("where", EVERYWHERE)
def test_equals_the_reference(where: str, release: CmsisNn) -> None:
    assert check(where, 5, 1, release) == {k.name for k in kernels(cpu_of(TARGETS[where]), release)}


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("number", range(2, 8))
@pytest.mark.parametrize("where", TARGETS)
def test_equals_the_reference_in_a_long_sweep(where: str, number: int, release: CmsisNn) -> None:
    assert check(where, 30, number, release)


def test_a_wrong_result_is_noticed(release: CmsisNn) -> None:
    trial = next(trials_of(collect(strategies.fully_connected_graphs(), 1, 3), cpu_of("mps2_an385"), release))
    right = {c.role: c for c in trial.invocation.constants}
    wrong = Constant("sums", right["sums"].data + np.int32(1 << 20))
    constants = tuple(wrong if c.role == "sums" else c for c in trial.invocation.constants)
    worse = Trial(trial.case, dataclasses.replace(trial.invocation, constants=constants))
    assert list(run(HOST, [trial, worse], release)) == [0, 1]


Change = Callable[[Trial], Trial]

# The revision that differs least, and so is told apart hardest.
OTHER = {11: 16, 16: 11, 18: 19, 19: 18}


def planned_too_little(trial: Trial) -> Trial:
    invocation = trial.invocation
    condition, message = invocation.static_asserts[-1]
    less = invocation.scratch_bytes - 4
    changed = condition.replace(str(invocation.scratch_bytes), str(less))
    return Trial(
        trial.case,
        dataclasses.replace(
            invocation, scratch_bytes=less, static_asserts=(*invocation.static_asserts[:-1], (changed, message))
        ),
    )


@pytest.mark.parametrize(
    ("board", "other_major", "change", "message"),
    [
        ("mps2_an385", True, lambda t: t, "built with another version|(size_mve|vector_sum_s8).? undeclared"),
        ("mps3_an547", False, lambda t: t, "built for another class of core"),
        ("mps2_an385", False, planned_too_little, "another amount of scratch"),
    ],
    ids=["version", "core", "scratch"],
)
def test_what_the_plan_relies_on_is_checked_when_compiled(
    board: str, other_major: bool, change: Change, message: str, release: CmsisNn
) -> None:
    cases = collect(strategies.conv2d_graphs(kernel=(3, 3)), 3, 5)
    claimed = dataclasses.replace(release, revision=(OTHER[release.major], 0, 0)) if other_major else release
    trials = [t for t in trials_of(cases, cpu_of(board), claimed) if t.invocation.scratch_bytes]
    with pytest.raises(CheckFailedError, match=message):
        run(HOST, [change(trials[0])], release)


def depthwise_case(width: int, padding: tuple[int, int, int, int], out_width: int) -> Case:
    rng = np.random.default_rng(7)
    scale = Quantization.per_tensor(0.02, 3)
    weights = Quantization.per_channel([0.01] * 4, 3)
    tensors = [
        Tensor("input", (1, 3, width, 4), "int8", scale),
        Tensor("weights", (1, 3, 3, 4), "int8", weights, strategies.random_int8(rng, (1, 3, 3, 4))),
        Tensor("output", (1, 3, out_width, 4), "int8", scale),
    ]
    op = DepthwiseConv2d(name="depthwise", inputs=("input", "weights"), outputs=("output",), padding=padding)
    return strategies.make_case(op, tensors, rng)


@pytest.mark.parametrize(
    ("width", "padding", "out_width", "offered"),
    [
        (4, (1, 1, 1, 1), 4, True),
        (1, (1, 1, 1, 1), 1, True),
        (2, (1, 0, 1, 2), 2, False),
        (1, (1, 0, 1, 2), 1, False),
        (4, (1, 2, 1, 0), 4, False),
    ],
)
def test_the_3x3_kernel_is_offered_only_where_it_is_right(
    width: int, padding: tuple[int, int, int, int], out_width: int, offered: bool, release: CmsisNn
) -> None:
    case = depthwise_case(width, padding, out_width)
    cpu = cpu_of("mps2_an385")
    kernel = Depthwise3x3(CoreClass.SCALAR, INTERFACES[release.major])
    assert kernel.supports(case.graph.operators[0], case.graph, cpu) == offered
    trials = list(trials_of([case], cpu, release))
    assert len(trials) == 1 + offered
    assert failures(trials, run(HOST, trials, release)) == []


def test_one_weight_scale_takes_the_kernel_with_one_multiplier() -> None:
    release = CmsisNn(Path("unused"), (19, 1, 0))
    rng = np.random.default_rng(1)
    data = strategies.random_int8(rng, (5, 8))
    for quantization, expected in (
        (Quantization.per_tensor(0.01, 0), "fully_connected_s8.cmsis_nn"),
        (Quantization.per_channel([0.01, 0.02, 0.03, 0.04, 0.05], 0), "fully_connected_per_channel_s8.cmsis_nn"),
    ):
        q = Quantization.per_tensor(0.05, -4)
        tensors = {
            "x": Tensor("x", (1, 8), "int8", q),
            "w": Tensor("w", (5, 8), "int8", quantization, data),
            "y": Tensor("y", (1, 5), "int8", q),
        }
        op = FullyConnected(name="dense", inputs=("x", "w"), outputs=("y",))
        graph = Graph("g", tensors, (op,), (Port("x", "x", (1, 8), (0, 1)),), (Port("y", "y", (1, 5), (0, 1)),))
        case = Case(graph, {"x": strategies.random_int8(rng, (1, 8))})
        assert [t.invocation.kernel for t in trials_of([case], cpu_of("mps2_an386"), release)] == [expected]


def _weighted_int16(
    op: Conv2d | FullyConnected,
    shapes: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
    *,
    weight: int = 127,
    bias: str | None = None,
    out_scale: float = 0.37,
) -> Case:
    """All weights alike; inputs are extremes."""
    x, w, y = shapes
    weights = Tensor("weights", w, "int8", Quantization.per_tensor(0.01, 0), np.full(w, weight, np.int8))
    tensors = [Tensor("input", x, "int16", Quantization.per_tensor(0.001, 0, 16)), weights]
    if bias is not None:
        data = (np.arange(w[0]) * 1001 + 7).astype(bias)
        tensors.append(Tensor("bias", w[:1], bias, Quantization.per_tensor(0.001 * 0.01, 0, 32), data))
    tensors.append(Tensor("output", y, "int16", Quantization.per_tensor(out_scale, 0, 16)))
    case = strategies.make_case(op, tensors, np.random.default_rng(5))
    rng = np.random.default_rng(6)
    return Case(case.graph, {"input": rng.choice(np.array([32767, 32767, 31001], np.int16), x)})


def _softmax_case(row: list[int]) -> Case:
    """Steps of an exponent of 10 / 65535, as the tables have them."""
    tensors = [
        Tensor("input", (1, len(row)), "int16", Quantization.per_tensor(10 / 65535, 0, 16)),
        Tensor("output", (1, len(row)), "int16", WIDE_SHARES),
    ]
    op = Softmax(name="softmax", inputs=("input",), outputs=("output",))
    case = strategies.make_case(op, tensors, np.random.default_rng(0))
    return Case(case.graph, {"input": np.array([row], np.int16)})


_ENDS = {"inputs": ("input", "weights"), "outputs": ("output",), "clamp": (-32768, 32767)}
_DENSE = FullyConnected(name="dense", inputs=("input", "weights", "bias"), outputs=("output",), clamp=(-32768, 32767))

WRONG: dict[str, tuple[type[CmsisNnKernel], Callable[[], Case]]] = {
    "conv2d s16, odd number of positions, sums beyond 32 bits": (
        ConvolveS16,
        lambda: _weighted_int16(Conv2d(name="conv", **_ENDS), ((1, 3, 1, 600), (2, 1, 1, 600), (1, 3, 1, 2))),
    ),
    "fully_connected s16 with a bias of 32 bits": (
        FullyConnectedS16,
        lambda: _weighted_int16(_DENSE, ((40, 3), (5, 3), (40, 5)), weight=3, bias="int32", out_scale=0.0003),
    ),
    "softmax s16 of one element": (SoftmaxS16, lambda: _softmax_case([5])),
    "softmax s16, whose sum is 2**18 - 1": (SoftmaxS16, lambda: _softmax_case([20000] * 8 + [20000 - 42816])),
}
"""Operators that CMSIS-NN has a function for, which gives other bits than the reference."""


@pytest.mark.parametrize("name", WRONG)
def test_where_cmsis_nn_is_wrong_it_is_not_offered(name: str, release: CmsisNn) -> None:
    kind, make = WRONG[name]
    case, cpu, interface = make(), cpu_of("mps2_an385"), INTERFACES[release.major]
    if kind is ConvolveS16 and not interface.typed_bias:
        pytest.skip("V11 sums in 64 bits, one product after another")
    op, kernel = case.graph.operators[0], kind(CoreClass.SCALAR, interface)
    assert not kernel.supports(op, case.graph, cpu)
    assert list(run(HOST, [Trial(case, kernel.invoke(op, case.graph))], release) & 1) == [1]
