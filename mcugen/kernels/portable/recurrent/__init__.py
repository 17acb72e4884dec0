"""Layers with a loop over time, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.recurrent.kept_state import SequenceLstmPortable, SvdfPortable
from mcugen.kernels.portable.recurrent.layer import (
    GruPortable,
    GruS16Portable,
    LstmPortable,
    LstmS16Portable,
    RnnPortable,
    RnnS16Portable,
)

KERNELS: tuple[Kernel, ...] = (
    LstmPortable(),
    GruPortable(),
    RnnPortable(),
    LstmS16Portable(),
    GruS16Portable(),
    RnnS16Portable(),
    SequenceLstmPortable(),
    SvdfPortable(),
)
