"""What only moves values, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.movement.concatenation import ConcatenationPortable
from mcugen.kernels.portable.movement.copy import CopyPortable, ReshapePortable
from mcugen.kernels.portable.movement.embedding import EmbeddingPortable
from mcugen.kernels.portable.movement.gather import GatherElementsPortable, GatherPortable
from mcugen.kernels.portable.movement.pad import PadPortable
from mcugen.kernels.portable.movement.take import TakePortable
from mcugen.kernels.portable.movement.take_sum import TakeSumInt16Portable, TakeSumPortable
from mcugen.kernels.portable.movement.transpose import TransposePortable

KERNELS: tuple[Kernel, ...] = (
    ConcatenationPortable(),
    CopyPortable(),
    EmbeddingPortable(),
    GatherElementsPortable(),
    GatherPortable(),
    PadPortable(),
    ReshapePortable(),
    TakePortable(),
    TakeSumInt16Portable(),
    TakeSumPortable(),
    TransposePortable(),
)
