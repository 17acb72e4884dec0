"""CMSIS-NN on this machine, and reproducible random operators to try its kernels on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from mcugen.boards.board import Cpu
from mcugen.errors import MissingToolError
from mcugen.graph.ops import Logistic, Tanh
from mcugen.graph.tensor import IntArray
from mcugen.kernels.cmsis_nn import CmsisNn, kernels, locate
from tests.graph import strategies
from tests.graph.strategies import Case, int16
from tests.graph.strategies.int16_functions import sigmoid_graphs
from tests.graph.strategies.normalization import softmax_graphs
from tests.kernels.cmsis_nn.program import Trial

# Programs must fit the emulated boards.
_MOST_CONSTANT_BYTES = 12_000

KINDS: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    kind: strategies.ALL[kind]
    for kind in (
        "add",
        "average_pool2d",
        "concatenation",
        "conv2d",
        "depthwise_conv2d",
        "fully_connected",
        "max_pool2d",
        "mul",
        "pad",
        "softmax",
        "sub",
        "transpose",
    )
} | {
    "conv2d 1x1": lambda: strategies.conv2d_graphs(kernel=(1, 1), padding="valid", grouped=False),
    "conv2d grouped": lambda: strategies.conv2d_graphs(grouped=True),
    "conv2d, int4": lambda: strategies.conv2d_graphs(grouped=False, dtype="int4"),
    "conv2d 1x1, int4": lambda: strategies.conv2d_graphs(kernel=(1, 1), padding="valid", grouped=False, dtype="int4"),
    "conv2d grouped, int4": lambda: strategies.conv2d_graphs(grouped=True, dtype="int4"),
    "depthwise_conv2d, int4": lambda: strategies.depthwise_graphs(dtype="int4"),
    "depthwise of even channels, int4": lambda: strategies.depthwise_graphs(
        channels=st.sampled_from([2, 6, 8, 16, 34]), multiplier=1, dilation=(1, 1), dtype="int4"
    ),
    "fully_connected, int4": lambda: strategies.fully_connected_graphs(per_channel=False, dtype="int4"),
    "depthwise 3x3": lambda: strategies.depthwise_graphs(kernel=(3, 3), dilation=(1, 1), multiplier=1),
    "depthwise of one channel": lambda: strategies.depthwise_graphs(channels=st.just(1)),
    **{
        f"{kind}, int16": int16.ALL[kind]
        for kind in ("add", "average_pool2d", "depthwise_conv2d", "max_pool2d", "mul", "sub")
    },
    "softmax, int16": lambda: int16.widened(softmax_graphs(elements=st.integers(2, 8))),
    "conv2d, int16": lambda: int16.widened(strategies.conv2d_graphs(grouped=False)),
    "depthwise of one plane, int16": lambda: int16.widened(
        strategies.depthwise_graphs(multiplier=1, dilation=(1, 1)), bias="int64"
    ),
    "fully_connected, int16": lambda: int16.widened(strategies.fully_connected_graphs()),
    "fully_connected of one scale, int16": lambda: int16.widened(
        strategies.fully_connected_graphs(per_channel=False), bias="int64"
    ),
    "logistic, int16": sigmoid_graphs(Logistic, st.integers(-14, -11).map(float)),
    "tanh, int16": sigmoid_graphs(Tanh, st.integers(-14, -11).map(float)),
}
"""Strategies by what they make: every kind that CMSIS-NN has a kernel for, and forms that have their own."""


def releases() -> list[Path | None]:
    """Source trees to test: those of CMSIS_NN_PATHS, which has several as PATH has, else the one that mcugen finds."""
    return [Path(p) for p in os.environ.get("CMSIS_NN_PATHS", "").split(os.pathsep) if p] or [None]


def release_name(path: Path | None) -> str:
    """Of a test's parameter."""
    return path.name if path else "found"


def release_or_skip(path: Path | None = None) -> CmsisNn:
    try:
        return locate(path)
    except MissingToolError as error:
        pytest.skip(f"CMSIS-NN is absent: {error.what}; set CMSIS_NN_PATH or ZEPHYR_BASE")


def collect(strategy: st.SearchStrategy[Case], count: int, number: int) -> list[Case]:
    """The same `count` cases for the same `number`."""
    cases: list[Case] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(strategy)
    def add(case: Case) -> None:
        cases.append(case)

    add()
    return cases


def trials_of(cases: Iterable[Case], cpu: Cpu, release: CmsisNn) -> Iterator[Trial]:
    """Every kernel that offers to run a case, on that case."""
    for case in cases:
        op = case.graph.operators[0]
        for kernel in kernels(cpu, release):
            if kernel.takes(op, case.graph, cpu):
                trial = Trial(case, kernel.invoke(op, case.graph))
                if trial.constant_bytes <= _MOST_CONSTANT_BYTES:
                    yield trial


def failures(trials: list[Trial], results: IntArray) -> list[str]:
    """A line for each trial that is not right.

    Bits of a result: 1 output, 2 beyond the output, 4 beyond scratch, 8 output where input and output overlap.
    """
    return [
        f"result {results[i]} of {trials[i].invocation.kernel}: {dict(trials[i].invocation.params)}"
        for i in np.nonzero(results)[0]
    ]
