"""Every C function of the recurrent layers: each set of results, from zeros, values and constants."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from mcugen.kernels.base import Kernel
from mcugen.kernels.dsp.recurrent import GruDsp, LstmDsp, LstmS16Dsp
from mcugen.kernels.portable.recurrent.layer import GruPortable, GruS16Portable, LstmPortable
from tests.graph.strategies.draws import Case
from tests.graph.strategies.recurrent import EVERY_FORM, layers
from tests.kernels.checking import CORTEX_M4, check


@pytest.mark.slow
@pytest.mark.parametrize("form", EVERY_FORM, ids=lambda form: "-".join((form[0], *form[1])))
@pytest.mark.parametrize(
    "kernel",
    [LstmPortable(), LstmDsp(), LstmS16Dsp(), GruPortable(), GruDsp(), GruS16Portable()],
    ids=lambda kernel: kernel.name,
)
def test_gives_the_reference_bits(kernel: Kernel, form: tuple[str, tuple[str, ...]]) -> None:
    if form[1] == ("cell",) and not kernel.operator.has_cell:  # type: ignore[attr-defined]
        pytest.skip("it has no cell")

    @settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(layers(kernel.operator, (form,), 16 if "_s16" in kernel.name else 8))  # type: ignore[arg-type]
    def property_(case: Case) -> None:
        assert check(kernel, case, cpu=CORTEX_M4)

    property_()
