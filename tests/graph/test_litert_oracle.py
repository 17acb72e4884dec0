"""The integer reference against the LiteRT interpreter's reference kernels, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.graph.reference import run
from tests.graph import strategies as s
from tests.graph.litert import run_litert

# Operators that agree with the desktop interpreter in every bit; the others have tests of their own below.
EXACT: dict[str, Callable[[], st.SearchStrategy[s.Case]]] = {
    "add": s.add_graphs,
    "average_pool2d": lambda: st.sampled_from(["same", "valid"]).flatmap(lambda p: s.average_pool_graphs(padding=p)),
    "clamp": s.clamp_graphs,
    "concatenation": s.concatenation_graphs,
    "conv2d": s.conv2d_graphs,
    "depthwise_conv2d": s.depthwise_graphs,
    "fully_connected": s.fully_connected_graphs,
    "max_pool2d": s.max_pool_graphs,
    "mean": s.mean_graphs,
    "global mean": lambda: s.mean_graphs(axes=(1, 2)),
    "pad": s.pad_graphs,
    "requantize": s.requantize_graphs,
    "reshape": s.reshape_graphs,
    "transpose": s.transpose_graphs,
}


def largest_difference(case: s.Case) -> int:
    """The largest |reference - interpreter| over all outputs."""
    ours, theirs = run(case.graph, case.inputs), run_litert(case.graph, case.inputs)
    worst = 0
    for name, array in theirs.items():
        assert array.shape == ours[name].shape and array.dtype == ours[name].dtype
        worst = max(worst, int(np.abs(array.astype(int) - ours[name].astype(int)).max(initial=0)))
    return worst


def sweep(strategy: st.SearchStrategy[s.Case], bound: int, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def check(case: s.Case) -> None:
        assert largest_difference(case) <= bound

    check()


@pytest.mark.parametrize("kind", EXACT)
def test_equal_bits(kind: str) -> None:
    sweep(EXACT[kind](), 0, 100)


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXACT)
def test_equal_bits_long(kind: str) -> None:
    sweep(EXACT[kind](), 0, 3000)
