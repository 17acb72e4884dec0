"""Layers with a loop over time, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.recurrent.kept_state import SequenceLstmPortable, SvdfPortable
from mcugen.kernels.portable.recurrent.layer import GruPortable, LstmPortable, RnnPortable

KERNELS: tuple[Kernel, ...] = (
    LstmPortable(),
    GruPortable(),
    RnnPortable(),
    SequenceLstmPortable(),
    SvdfPortable(),
)
