"""Every portable kernel against the integer reference, over random graphs, under sanitizers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.graph.ops import OPERATORS
from mcugen.kernels import portable
from mcugen.kernels.base import Kernel
from tests.graph.strategies import ALL
from tests.kernels.checking import check

_QUICK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _ids(kernels: tuple[Kernel, ...]) -> list[str]:
    return [k.name for k in kernels]


@pytest.mark.parametrize("kernel", portable.KERNELS, ids=_ids(portable.KERNELS))
def test_kernel_gives_the_reference_bits(kernel: Kernel) -> None:
    @_QUICK
    @given(st.data())
    def property_(data: st.DataObject) -> None:
        check(kernel, data.draw(ALL[kernel.operator.kind]()))

    property_()


def test_every_operator_has_a_portable_kernel() -> None:
    assert {k.operator for k in portable.KERNELS} == set(OPERATORS.values())
