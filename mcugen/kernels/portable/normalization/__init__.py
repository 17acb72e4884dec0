"""Softmax and normalizations, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.normalization.log_softmax import LogSoftmaxPortable
from mcugen.kernels.portable.normalization.log_softmax_s16 import LogSoftmaxInt16Portable
from mcugen.kernels.portable.normalization.masked_softmax import MaskedSoftmaxPortable
from mcugen.kernels.portable.normalization.masked_softmax_s16 import MaskedSoftmaxInt16Portable
from mcugen.kernels.portable.normalization.normalize import NormalizeInt16Portable, NormalizePortable
from mcugen.kernels.portable.normalization.softmax import SoftmaxPortable, SoftmaxTablePortable
from mcugen.kernels.portable.normalization.softmax_s16 import SoftmaxInt16Portable

KERNELS: tuple[Kernel, ...] = (
    SoftmaxInt16Portable(),
    LogSoftmaxInt16Portable(),
    MaskedSoftmaxInt16Portable(),
    NormalizeInt16Portable(),
    LogSoftmaxPortable(),
    MaskedSoftmaxPortable(),
    NormalizePortable(),
    SoftmaxPortable(),
    SoftmaxTablePortable(),
)
