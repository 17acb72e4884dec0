"""Which cores the kernels of this library run on."""

from __future__ import annotations

from mcugen.boards.board import Cpu


def has_vectors(cpu: Cpu) -> bool:
    """Helium, with floating point or without."""
    return cpu.mve != "none"
