"""The interfaces that CMSIS-NN has had, as far as the wrappers are written and tested for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Interface:
    """One major revision of arm_nnfunctions.h.

    Attributes:
        major, minor: of its `$Revision$`; later minors have it too.
        releases: where it is found.
        grouped: arm_convolve_s8 has groups (and a version of it with an `upscale_dims` argument exists).
        helium_sums: arm_fully_connected_s8 wants the weights' sums from its caller on Helium.
        absent: functions, without "arm_", that it does not have.
    """

    major: int
    minor: int
    releases: str
    grouped: bool = True
    helium_sums: bool = True
    absent: frozenset[str] = frozenset()


INTERFACES: Mapping[int, Interface] = MappingProxyType(
    {
        i.major: i
        for i in (
            Interface(
                11,
                3,
                "CMSIS-NN 4.1.0 (Zephyr 3.7)",
                grouped=False,
                helium_sums=False,
                absent=frozenset({"fully_connected_per_channel_s8", "pad_s8", "transpose_s8"}),
            ),
            Interface(18, 0, "CMSIS-NN 7.0.0 (Zephyr 4)"),
            Interface(19, 0, "CMSIS-NN after 7.0.0 (2026)"),
        )
    }
)
"""Supported major revisions."""
