"""Requantization in lanes: any accumulator, multiplier, shift, zero point and clamp, against the reference.

`test_counts.py` runs some of these layers on the emulated core.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.kernels import mve
from mcugen.kernels.base import Kernel
from tests.graph.strategies import Case
from tests.kernels.checking import check
from tests.kernels.dsp.test_requantization import _channels, _clamps, _general, _layer, _zero_points
from tests.kernels.mve.cases import CORTEX_M55

FORMS = (((2, 18), 2**29), ((-6, 34), 2**31 - 1 - 256))
"""Exponents of the scales, largest accumulators: of the short form, and of the general one."""
KERNELS: dict[bool, Kernel] = {False: mve.FullyConnectedMve(), True: mve.DepthwiseConv2dMve()}


@st.composite
def extreme_layers(draw: st.DrawFn, depthwise: bool, exponents: tuple[int, int], reach: int) -> Case:
    channels, zero_point, clamp = draw(_channels(exponents, reach)), draw(_zero_points), draw(_clamps)
    return _layer(depthwise, *channels, zero_point, clamp, draw(st.integers(0, 1)))


@pytest.mark.slow
@pytest.mark.parametrize("depthwise", KERNELS)
@pytest.mark.parametrize(("exponents", "reach"), FORMS)
def test_any_accumulator_on_the_workstation(depthwise: bool, exponents: tuple[int, int], reach: int) -> None:
    forms = set()

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(extreme_layers(depthwise, exponents, reach))
    def property_(case: Case) -> None:
        forms.add(_general(KERNELS[depthwise], case))
        check(KERNELS[depthwise], case, cpu=CORTEX_M55)

    property_()
    assert (True in forms) == (exponents[0] < 0)


def test_a_multiplier_of_zero_keeps_the_short_form() -> None:
    """It gives the zero point with any shift: it must not slow down its layer."""
    scales = np.array([0.25, 2.0**-40] * 32, np.float32)
    case = _layer(False, np.full(64, 100), scales, 3, (-128, 127), 1)
    assert not _general(KERNELS[False], case)
    assert check(KERNELS[False], case, cpu=CORTEX_M55)
