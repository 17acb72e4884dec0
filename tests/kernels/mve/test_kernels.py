"""Every Helium kernel against the integer reference, over random graphs, under sanitizers and over its input.

Instructions are emulated there (`kernels_cmsis/host/mve.h`); `test_counts.py` has the real ones.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mcugen.kernels import mve
from mcugen.kernels.base import Kernel
from tests.graph.strategies import Case
from tests.kernels.checking import CORTEX_M4, check
from tests.kernels.mve.cases import CASES, CORTEX_M55_INTEGER, CORTEX_M55_PLAIN


def _property(kernel: Kernel, strategy: st.SearchStrategy[Case], examples: int) -> None:
    checked = 0

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def property_(case: Case) -> None:
        nonlocal checked
        (op,) = case.graph.operators
        assert not kernel.supports(op, case.graph, CORTEX_M4)
        assert not kernel.supports(op, case.graph, CORTEX_M55_PLAIN)
        checked += check(kernel, case, cpu=CORTEX_M55_INTEGER)

    property_()
    assert checked, kernel.name


# Where outputs lie over inputs in blocks of their own, or loads could reach beyond what there is. The emulated core
# runs all kernels in every test run.
ALWAYS = (
    *("conv2d", "conv2d, int4", "conv2d, int16", "conv2d_1x1", "transposed_conv2d"),
    *("depthwise", "depthwise, int16", "average_pool2d"),
)


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", [n if n in ALWAYS else pytest.param(n, marks=pytest.mark.slow) for n in CASES])
def test_kernel_gives_the_reference_bits(name: str) -> None:
    _property(*CASES[name], examples=20)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_kernel_gives_the_reference_bits_in_a_long_sweep(name: str) -> None:
    _property(*CASES[name], examples=1500)


def test_every_kernel_is_tested() -> None:
    assert {k.name for k in mve.KERNELS} == {kernel.name for kernel, _ in CASES.values()}
