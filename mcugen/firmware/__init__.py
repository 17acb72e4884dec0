"""Firmware: the cross compiler, the bare-metal harness, and what is in the linked image."""

from mcugen.firmware.build import Firmware, FirmwareKind, Mode, ZephyrImage, build_firmware
from mcugen.firmware.elf import Elf, Symbol
from mcugen.firmware.toolchain import Toolchain, cpu_flags, find_toolchain

__all__ = [
    "Elf",
    "Firmware",
    "FirmwareKind",
    "Mode",
    "Symbol",
    "Toolchain",
    "ZephyrImage",
    "build_firmware",
    "cpu_flags",
    "find_toolchain",
]
