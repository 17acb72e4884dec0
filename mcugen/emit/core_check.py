"""The preprocessor check that refuses a module made for another class of core than the one being built."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcugen.boards.board import Board
from mcugen.kernels.cmsis_nn.core import CoreClass, core_class

# Feature macros of the Arm C Language Extensions (ACLE), chapter "Feature test macros".
_DSP = "(defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP)"
_MVE = "(defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE)"

# What the kernels of a folder need of the compiler; `portable` needs nothing.
_LIBRARY_NEEDS = {"dsp": _DSP, "mve": _MVE}

# CMSIS-NN compiles to one of three implementations, and packed constants and scratch sizes fit just one.
_CMSIS_NN_NEEDS = {CoreClass.SCALAR: f"(!{_DSP})", CoreClass.DSP: f"({_DSP} && !{_MVE})", CoreClass.MVE: _MVE}

# What a compiler targets, most specific first: (condition, words).
_TARGETS = (
    ("defined(__ARM_ARCH_6M__)", "Armv6-M (Cortex-M0, M0+)"),
    ("defined(__ARM_ARCH_7M__)", "Armv7-M (Cortex-M3)"),
    ("defined(__ARM_ARCH_7EM__)", "Armv7E-M (Cortex-M4, M7: DSP, no Helium)"),
    ("defined(__ARM_ARCH_8M_BASE__)", "Armv8-M Baseline (Cortex-M23)"),
    (f"defined(__ARM_ARCH_8M_MAIN__) && !{_DSP}", "Armv8-M Mainline without DSP (Cortex-M33)"),
    (f"{_MVE}", "Armv8.1-M with Helium (Cortex-M55, M85)"),
    (
        "defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)",
        "Armv8-M Mainline with DSP, without Helium (Cortex-M33; M55 and M85 without the hard-float ABI)",
    ),
    ("defined(__arm__)", "another Arm core"),
    ("defined(__riscv)", "RISC-V"),
)

_FEATURE_WORDS = {CoreClass.SCALAR: "without DSP", CoreClass.DSP: "with DSP", CoreClass.MVE: "with Helium"}


@dataclass(frozen=True)
class CoreCheck:
    """Preprocessor text of the check.

    Attributes:
        condition: true where the module may be built; in parentheses.
        made_for: the core that the module was generated for, in words.
        targets: (condition, words) for what a compiler may target instead.
    """

    condition: str
    made_for: str
    targets: Sequence[tuple[str, str]]


def core_check(board: Board, kernel_sources: Iterable[str]) -> CoreCheck | None:
    """The check of a module; None when its kernels are portable and may be built for any core.

    Args:
        kernel_sources: paths below `kernels_cmsis/` of the kernels that the schedule calls.
    """
    folders = {source.partition("/")[0] for source in kernel_sources}
    needs = [need for folder, need in _LIBRARY_NEEDS.items() if folder in folders]
    if "cmsis_nn" in folders:
        needs.append(_CMSIS_NN_NEEDS[core_class(board.cpu)])
    if not needs:
        return None
    made_for = f"{board.cpu.core} {_FEATURE_WORDS[core_class(board.cpu)]} ({board.name})"
    condition = needs[0] if len(needs) == 1 else f"({' && '.join(needs)})"
    return CoreCheck(condition, made_for, _TARGETS)
