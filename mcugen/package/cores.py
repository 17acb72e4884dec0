"""The cores that a module's kernels may run on, in the words of Open-CMSIS-Pack: values of Dcore, Ddsp and Dmve.

Source: https://open-cmsis-pack.github.io/Open-CMSIS-Pack-Spec/main/html/pdsc_family_pg.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mcugen.boards.board import Cpu
from mcugen.kernels.cmsis_nn.core import CoreClass, core_class

Filter = Mapping[str, str]
"""Attributes of an `<accept>`."""

_WITHOUT_DSP = ("Cortex-M0", "Cortex-M0+", "Cortex-M1", "Cortex-M3", "Cortex-M23", "SC000", "SC300", "ARMV8MBL")
_WITH_DSP = ("Cortex-M4", "Cortex-M7")
# The DSP extension is an option of these, and Helium is of those; which have the DSP extension in any case.
_MAYBE_DSP = ("Cortex-M33", "Cortex-M35P", "Star-MC1", "Star-MC3", "ARMV8MML")
_MAYBE_MVE = ("Cortex-M52", "Cortex-M55", "Cortex-M85", "ARMV81MML")


def accepted_cores(kernel_sources: Iterable[str], cpu: Cpu) -> list[Filter]:
    """Cores, any of which will do; none: every core will.

    Args:
        kernel_sources: paths below `kernels_cmsis/`.
        cpu: what the module was made for; CMSIS-NN has constants packed for its class.
    """
    folders = {source.partition("/")[0] for source in kernel_sources}
    if "mve" in folders:
        return _with_mve()
    if "cmsis_nn" in folders:
        return {CoreClass.SCALAR: _scalar, CoreClass.DSP: _dsp_alone, CoreClass.MVE: _with_mve}[core_class(cpu)]()
    if "dsp" in folders:
        return [*_cores(_WITH_DSP), *_cores(_MAYBE_DSP, Ddsp="DSP"), *_cores(_MAYBE_MVE)]
    return []


def _cores(names: Iterable[str], **attributes: str) -> list[Filter]:
    return [{"Dcore": name, **attributes} for name in names]


def _with_mve() -> list[Filter]:
    return [f for name in _MAYBE_MVE for kind in ("MVE", "FP_MVE") for f in _cores((name,), Dmve=kind)]


def _dsp_alone() -> list[Filter]:
    return [*_cores(_WITH_DSP), *_cores(_MAYBE_DSP, Ddsp="DSP"), *_cores(_MAYBE_MVE, Dmve="NO_MVE")]


def _scalar() -> list[Filter]:
    return [*_cores(_WITHOUT_DSP), *_cores(_MAYBE_DSP, Ddsp="NO_DSP")]
