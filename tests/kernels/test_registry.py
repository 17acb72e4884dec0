"""Which kernels the registry offers, and what it says when there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mcugen.boards import load_board
from mcugen.boards.board import Cpu
from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.graph import Graph, Origin, Quantization, Tensor
from mcugen.graph.ops import Clamp, Concatenation, Conv2d, Operator
from mcugen.kernels import registry
from mcugen.resources import data_folder
from tests.graph import strategies as int8
from tests.graph.strategies import Case, int16, make_case
from tests.kernels.checking import CORTEX_M0, CORTEX_M3, CORTEX_M4
from tests.kernels.mve.cases import CORTEX_M55

Q = Quantization.per_tensor(0.5, 3)


def conv(channels: int = 8) -> Graph:
    """A 1x1 convolution over 6x6 positions."""
    weights = np.ones((channels, 1, 1, channels), np.int8)
    tensors = [
        Tensor("input", (1, 6, 6, channels), "int8", Q),
        Tensor("weights", weights.shape, "int8", Quantization.per_tensor(0.01, 0), weights),
        Tensor("output", (1, 6, 6, channels), "int8", Q),
    ]
    op = Conv2d(name="conv", inputs=("input", "weights"), outputs=("output",))
    return make_case(op, tensors, np.random.default_rng(0)).graph


def with_int4(graph: Graph) -> Graph:
    """The same with weights of four bits."""
    weights = graph.tensor("weights")
    assert weights.data is not None
    packed = replace(weights, dtype="int4", data=np.clip(weights.data, -8, 7))
    return replace(graph, tensors={**graph.tensors, "weights": packed})


def concatenation(count: int) -> Graph:
    names = tuple(f"input{i}" for i in range(count))
    tensors = [*(Tensor(n, (2, 3), "int8", Q) for n in names), Tensor("output", (2, 3 * count), "int8", Q)]
    origin = Origin(source="net.py:12", module="blocks.0", operator="aten.cat.default")
    op = Concatenation(name="join", inputs=names, outputs=("output",), axis=1, origin=origin)
    return make_case(op, tensors, np.random.default_rng(0)).graph


def names(graph: Graph, policy: str, cpu: object = CORTEX_M4) -> list[str]:
    return [k.name for k in registry.candidates(graph.operators[0], graph, cpu, policy)]  # type: ignore[arg-type]


def test_portable_policy_takes_portable_kernels_only() -> None:
    assert set(names(conv(), "portable")) == {"conv2d_direct_s8.portable", "conv2d_s8.portable"}


@pytest.mark.parametrize("policy", ["auto", "native"])
def test_dsp_kernels_come_first_where_the_core_has_dsp(policy: str) -> None:
    assert names(conv(64), policy)[0].endswith(".dsp")
    assert not any(name.endswith(".dsp") for name in names(conv(64), policy, CORTEX_M3))


@pytest.mark.parametrize("policy", ["auto", "native"])
def test_armv7m_kernels_come_first_where_the_core_has_no_dsp(policy: str) -> None:
    assert names(conv(64), policy, CORTEX_M3)[0] == "conv2d_direct_s8.armv7m"
    assert not any(name.endswith(".armv7m") for name in names(conv(64), policy))
    m33 = Cpu("cortex-m33", False, "none", "none", 64_000_000)
    assert names(conv(64), policy, m33) == names(conv(64), policy, CORTEX_M3)


def test_candidates_are_sorted_by_cost() -> None:
    graph = conv()
    (op,) = graph.operators
    costs = [k.cost(op, graph) for k in registry.candidates(op, graph, CORTEX_M4, "auto")]
    assert costs == sorted(costs) and len(costs) > 2
    assert registry.select(op, graph, CORTEX_M4, "auto").cost(op, graph) == costs[0]


@pytest.mark.parametrize("cpu", [CORTEX_M0, CORTEX_M3, CORTEX_M4, CORTEX_M55], ids=lambda cpu: cpu.core)
def test_int4_weights_have_kernels_that_keep_them_packed(cpu: Cpu) -> None:
    wide, graph = conv(64), with_int4(conv(64))
    kernels = registry.candidates(graph.operators[0], graph, cpu, "auto")
    assert all("_s4" in k.name for k in kernels)
    assert not any("_s4" in name for name in names(wide, "auto", cpu))
    for kernel in kernels:
        constants = kernel.invoke(graph.operators[0], graph).constants
        # Half a byte for each weight; bias, multiplier and shift of a channel beside them.
        assert sum(c.data.nbytes for c in constants) <= 64 * 64 // 2 + 64 * 12


def test_every_library_says_its_own_name() -> None:
    for name, kernels in registry.LIBRARIES.items():
        assert {k.library for k in kernels} == {name}
        assert all(k.name.endswith(f".{name}") for k in kernels)


def test_unknown_policy() -> None:
    with pytest.raises(InputError) as error:
        names(conv(), "fastest")
    assert "fastest" in str(error.value) and "native" in str(error.value)


def test_too_many_inputs_names_operator_source_core_and_limit() -> None:
    assert names(concatenation(8), "auto") == ["concatenation_s8.portable"]
    with pytest.raises(UnsupportedOperatorError) as error:
        names(concatenation(9), "auto", CORTEX_M3)
    message = str(error.value)
    for part in ("join", "concatenation", "cortex-m3", "net.py:12", "blocks.0", "at most 8"):
        assert part in message


def test_operator_without_any_kernel() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Strange(Clamp):
        kind: ClassVar[str] = "strange"

    class Foreign(Operator):
        kind: ClassVar[str] = "foreign"
        validate = Clamp.validate  # type: ignore[assignment]
        reference = Clamp.reference  # type: ignore[assignment]

    tensors = [Tensor(n, (4,), "int8", Q) for n in ("input", "output")]
    graph = make_case(
        Clamp(name="c", inputs=("input",), outputs=("output",), clamp=(0, 9)), tensors, np.random.default_rng(0)
    ).graph
    # A subclass is still a clamp; an operator of another kind is not.
    strange = Strange(name="s", inputs=("input",), outputs=("output",), clamp=(0, 9))
    assert registry.select(strange, graph, CORTEX_M3).name == "clamp_s8.portable"
    foreign = Foreign(name="f", inputs=("input",), outputs=("output",))
    with pytest.raises(UnsupportedOperatorError) as error:
        registry.select(foreign, graph, CORTEX_M3)
    assert "foreign" in str(error.value) and "`mcugen docs extending`" in str(error.value)


@pytest.mark.parametrize("core", ["microbit", "mps2_an385", "mps2_an386", "mps3_an547"])
def test_every_operator_has_a_kernel_in_every_form(core: str) -> None:
    """Of int8 and of int16, with states of 16 bits; and the files of all of them are there."""
    cpu, sources = load_board(core).cpu, data_folder("kernels_cmsis")

    def has_one(case: Case) -> None:
        (op,) = case.graph.operators
        found = registry.candidates(op, case.graph, cpu)
        assert found
        for kernel in found:
            source = kernel.invoke(op, case.graph).source
            assert not source or (sources / source).is_file(), f"{kernel.name}: no {source}"

    few = settings(max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    for graphs in (*int8.ALL.values(), *int16.ALL.values()):
        few(given(graphs())(has_one))()
