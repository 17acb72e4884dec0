"""The interfaces that CMSIS-NN has had, as far as the wrappers are written and tested for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class HeliumSums(Enum):
    """Where arm_fully_connected_s8 takes the sums of the weights from on Helium.

    KERNEL: it computes them. WEIGHTS: its context holds the bare sums, which it multiplies by the input offset and adds
    to the bias. ACCUMULATORS: its context holds the start of the accumulators, bias included.
    """

    KERNEL = "kernel"
    WEIGHTS = "weights"
    ACCUMULATORS = "accumulators"


# Functions that went with V12.
_EARLY = frozenset({"convolve_fast_s16"})


@dataclass(frozen=True)
class Interface:
    """One major revision of arm_nnfunctions.h.

    Attributes:
        major, minor: of its `$Revision$`; later minors have it too.
        releases: where it is found.
        grouped: arm_convolve_s8 has groups.
        upscale: arm_convolve_s8 has an `upscale_dims` argument.
        helium_sums: what arm_fully_connected_s8 wants of its caller on Helium.
        typed_bias: arm_convolve_s16 takes 32-bit biases too, and arm_nn_activation_s16 right shifts.
        absent: functions, without "arm_", that it does not have.
    """

    major: int
    minor: int
    releases: str
    grouped: bool = True
    upscale: bool = True
    helium_sums: HeliumSums = HeliumSums.ACCUMULATORS
    typed_bias: bool = True
    absent: frozenset[str] = _EARLY


# Functions for int4 weights, which came with V12.
_INT4 = frozenset(
    {
        "convolve_1x1_s4",
        "convolve_1x1_s4_fast",
        "convolve_s4",
        "depthwise_conv_s4",
        "depthwise_conv_s4_opt",
        "fully_connected_s4",
    }
)
# Functions that came with V16.3 and V17.
_LATE = frozenset({"fully_connected_per_channel_s8", "pad_s8", "transpose_s8"})

INTERFACES: Mapping[int, Interface] = MappingProxyType(
    {
        i.major: i
        for i in (
            Interface(
                11,
                3,
                "CMSIS-NN 4.1.0 (Zephyr 3.4 to 3.6)",
                grouped=False,
                upscale=False,
                helium_sums=HeliumSums.KERNEL,
                typed_bias=False,
                absent=_LATE | _INT4,
            ),
            Interface(
                16,
                0,
                "CMSIS-NN 6.0.0 (Zephyr 3.7 LTS and 4.0)",
                upscale=False,
                helium_sums=HeliumSums.WEIGHTS,
                absent=_LATE | _EARLY,
            ),
            Interface(18, 0, "CMSIS-NN 7.0.0 (Zephyr 4.1 and newer)"),
            Interface(19, 0, "CMSIS-NN after 7.0.0 (2026)"),
        )
    }
)
"""Supported major revisions."""
