"""Every portable kernel against the integer reference, over random graphs, under sanitizers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.graph.ops import OPERATORS
from mcugen.kernels import portable
from mcugen.kernels.base import Kernel
from tests.kernels.checking import CORTEX_M3, cases_for, check

_KERNELS = pytest.mark.parametrize("kernel", portable.KERNELS, ids=[k.name for k in portable.KERNELS])
_WEIGHTED = [k for k in portable.KERNELS if k.operator.kind in ("conv2d", "depthwise_conv2d", "fully_connected")]
_SMALL_CORE = ("MCUGEN_SMALL_CORE=1",)


def _of_int16(kernel: Kernel) -> bool:
    """Its random graphs have the shapes of int8's."""
    return "_s16." in kernel.name


def _check_random_graphs(kernel: Kernel, examples: int, defines: tuple[str, ...] = ()) -> None:
    checked = 0

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def property_(data: st.DataObject) -> None:
        nonlocal checked
        checked += check(kernel, data.draw(cases_for(kernel)), defines=defines)

    property_()
    # Of all random graphs a kernel for special cases takes a part.
    assert checked >= examples // 12


@pytest.mark.sampled(30)
@_KERNELS
def test_kernel_gives_the_reference_bits(kernel: Kernel) -> None:
    _check_random_graphs(kernel, 12 if _of_int16(kernel) else 60 if kernel in _WEIGHTED else 30)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("kernel", _WEIGHTED, ids=[k.name for k in _WEIGHTED])
def test_small_cores_give_the_same_bits(kernel: Kernel) -> None:
    _check_random_graphs(kernel, 8 if _of_int16(kernel) else 40, _SMALL_CORE)


@pytest.mark.slow
@_KERNELS
def test_many_random_graphs(kernel: Kernel) -> None:
    _check_random_graphs(kernel, 600)


@pytest.mark.slow
@_KERNELS
def test_many_random_graphs_on_small_cores(kernel: Kernel) -> None:
    _check_random_graphs(kernel, 300, _SMALL_CORE)


def test_every_operator_has_a_portable_kernel() -> None:
    assert {k.operator for k in portable.KERNELS} == set(OPERATORS.values())


def test_kernels_have_unique_names() -> None:
    assert len({k.name for k in portable.KERNELS}) == len(portable.KERNELS)


@_KERNELS
def test_cost_is_a_finite_number(kernel: Kernel) -> None:
    @settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(cases_for(kernel))
    def property_(case) -> None:  # type: ignore[no-untyped-def]
        (op,) = case.graph.operators
        if kernel.supports(op, case.graph, CORTEX_M3):
            assert 0 <= kernel.cost(op, case.graph) < 1e9

    property_()
