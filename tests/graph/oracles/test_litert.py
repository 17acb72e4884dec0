"""The integer reference against the LiteRT interpreter's reference kernels.

Most operators agree bit for bit. Where the desktop interpreter computes otherwise than TFLM and CMSIS-NN, the latter
win; the test then states the bound and has a second, exact oracle.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mcugen.graph import Graph, IntArray, Quantization
from mcugen.graph.ops import Conv2d
from mcugen.graph.reference import run
from tests.graph import strategies as s
from tests.graph.oracles.litert import run_litert
from tests.graph.strategies.networks import network_graphs

# Operators that agree with the desktop interpreter in every bit.
EXACT: dict[str, Callable[[], st.SearchStrategy[s.Case]]] = {
    "add": s.add_graphs,
    "average_pool2d": lambda: st.sampled_from(["same", "valid"]).flatmap(lambda p: s.average_pool_graphs(padding=p)),
    "clamp": s.clamp_graphs,
    "concatenation": s.concatenation_graphs,
    "conv2d": s.conv2d_graphs,
    "depthwise_conv2d": s.depthwise_graphs,
    "gather": s.ALL["gather"],
    "max_pool2d": s.max_pool_graphs,
    "mean": s.mean_graphs,
    "global mean": lambda: s.mean_graphs(axes=(1, 2)),
    "pad": lambda: st.integers(1, 5).flatmap(lambda rank: s.pad_graphs(rank=rank)),
    "prelu": s.ALL["prelu"],
    "requantize": s.requantize_graphs,
    "reshape": s.reshape_graphs,
    "sub": s.sub_graphs,
    "take": s.take_graphs,
    "transpose": s.transpose_graphs,
    "transposed_conv2d": lambda: s.transposed_conv2d_graphs(plain=True),
}

# Those that do not, by a step: the table of docs/numbers.md.
ONE_STEP = ("softmax", "mul", "fully_connected")


def largest_difference(ours: dict[str, IntArray], theirs: dict[str, IntArray]) -> int:
    """The largest |ours - theirs| over the tensors in `theirs`, whose shapes and types must agree."""
    worst = 0
    for name, array in theirs.items():
        assert array.shape == ours[name].shape and array.dtype == ours[name].dtype
        worst = max(worst, int(np.abs(array.astype(int) - ours[name].astype(int)).max(initial=0)))
    return worst


def sweep(strategy: st.SearchStrategy[s.Case], examples: int, check: Callable[[s.Case], None]) -> None:
    """Runs `check` on many cases, the same ones every time."""
    settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))(
        given(strategy)(lambda case: check(case))
    )()


def assert_equal_bits(case: s.Case) -> None:
    assert largest_difference(run(*case), run_litert(*case)) == 0


def assert_within_one(case: s.Case) -> None:
    assert largest_difference(run(*case), run_litert(*case)) <= 1


def test_the_page_lists_what_is_not_exact() -> None:
    text = (Path(__file__).parents[3] / "docs" / "numbers.md").read_text()
    table = text.split("what the desktop interpreter does otherwise", 1)[1].split("## ", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(ONE_STEP)
    assert set(ONE_STEP).isdisjoint(EXACT)


@pytest.mark.parametrize("kind", EXACT)
def test_equal_bits(kind: str) -> None:
    sweep(EXACT[kind](), 80, assert_equal_bits)


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXACT)
def test_equal_bits_long(kind: str) -> None:
    sweep(EXACT[kind](), 3000, assert_equal_bits)


EVERY_INT8 = np.arange(-128, 128).astype(np.int8)


def over_every_pair(case: s.Case) -> s.Case:
    """The same quantizations over all 65,536 pairs of integers, as a column plus a row."""
    graph = case.graph
    (op,) = graph.operators
    first, second, out = (graph.tensor(n) for n in (*op.inputs, *op.outputs))
    tensors = [
        replace(first, shape=(256, 1)),
        replace(second, shape=(1, 256), data=EVERY_INT8.reshape(1, 256)),
        replace(out, shape=(256, 256)),
    ]
    full = replace(graph, tensors={t.name: t for t in tensors}, inputs=graph.inputs[:1])
    return s.Case(full, {first.name: EVERY_INT8.reshape(256, 1)})


def test_add_of_every_pair() -> None:
    sweep(s.add_graphs(), 40, lambda case: assert_equal_bits(over_every_pair(case)))


def test_mul_of_every_pair() -> None:
    """With an exact ratio of scales; see `test_mul`."""
    sweep(s.mul_graphs(), 20, lambda case: assert_equal_bits(over_every_pair(_with_short_scales(case))))


def test_requantize_of_every_integer() -> None:
    def check(case: s.Case) -> None:
        tensors = {n: replace(t, shape=(256,)) for n, t in case.graph.tensors.items()}
        assert_equal_bits(s.Case(replace(case.graph, tensors=tensors), {"input": EVERY_INT8}))

    sweep(s.requantize_graphs(), 80, check)


def _as_convolution(case: s.Case) -> s.Case:
    """A fully_connected graph as the same 1x1 convolution: rows become the image's height."""
    graph, inputs = case
    (op,) = graph.operators
    weights = graph.tensor("weights")
    assert weights.data is not None
    (outputs, depth), rows = weights.shape, graph.tensor("input").elements // weights.shape[1]
    changed = [
        replace(graph.tensor("input"), shape=(1, rows, 1, depth)),
        replace(weights, shape=(outputs, 1, 1, depth), data=weights.data.reshape(outputs, 1, 1, depth)),
        replace(graph.tensor("output"), shape=(1, rows, 1, outputs)),
    ]
    convolution = Conv2d(name="conv", inputs=op.inputs, outputs=op.outputs, clamp=op.clamp)  # type: ignore[attr-defined]
    new = Graph("conv", {**graph.tensors, **{t.name: t for t in changed}}, (convolution,), graph.inputs, graph.outputs)
    return s.Case(new, {"input": inputs["input"].reshape(1, rows, 1, depth)})


def test_fully_connected() -> None:
    """One step from the interpreter, which multiplies the accumulator with a double and rounds once."""
    sweep(s.fully_connected_graphs(), 80, assert_within_one)


def test_fully_connected_as_convolution() -> None:
    """The bits of the interpreter's 1x1 convolution, which requantizes in integers as TFLM's fully connected does."""

    def check(case: s.Case) -> None:
        ours = run(*case)["output"]
        convolution = run_litert(*_as_convolution(case))["output"]
        assert largest_difference({"output": ours}, {"output": convolution.reshape(ours.shape)}) == 0

    sweep(s.fully_connected_graphs(), 120, check)


def test_mul() -> None:
    """One step from the interpreter, which computes the ratio of scales in float32 instead of float64."""
    sweep(s.mul_graphs(), 80, assert_within_one)


def _with_short_scales(case: s.Case) -> s.Case:
    """All scales cut to powers of two: their ratio is then exact in float32 too."""
    graph = case.graph
    tensors = {}
    for tensor in graph.tensors.values():
        q = Quantization.per_tensor(2.0 ** np.floor(np.log2(tensor.scale)), tensor.zero_point)
        tensors[tensor.name] = replace(tensor, quantization=q)
    return s.Case(replace(graph, tensors=tensors), case.inputs)


def test_mul_with_exact_ratio() -> None:
    """Equal bits where the ratio of scales has no rounding error in float32."""
    sweep(s.mul_graphs(), 80, lambda case: assert_equal_bits(_with_short_scales(case)))


def test_softmax() -> None:
    """One step from the interpreter, whose int8 softmax looks float exponentials up in a table."""
    sweep(s.softmax_graphs(), 120, assert_within_one)


def test_softmax_against_float() -> None:
    """One step from the real softmax of the dequantized input, rounded."""

    def check(case: s.Case) -> None:
        x, beta = case.graph.tensor("input"), case.graph.operators[0].beta  # type: ignore[attr-defined]
        real = x.scale * beta * (case.inputs["input"].astype(np.float64) - x.zero_point)
        exponentials = np.exp(real - real.max(axis=-1, keepdims=True))
        shares = exponentials / exponentials.sum(axis=-1, keepdims=True)
        expected = np.clip(np.rint(shares * 256) - 128, -128, 127).astype(np.int8)
        assert largest_difference(run(*case), {"output": expected}) <= 1

    sweep(s.softmax_graphs(), 120, check)


def test_networks() -> None:
    """Whole networks of operators that are exact one by one; intermediate outputs included."""

    def check(case: s.Case) -> None:
        # LiteRT has no operator for a table.
        assume(not {*ONE_STEP, "table"} & {op.kind for op in case.graph.operators})
        assert_equal_bits(case)

    sweep(network_graphs(), 60, check)
