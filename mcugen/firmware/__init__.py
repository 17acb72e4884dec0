"""Firmware: the cross compiler, the bare-metal harness, and what is in the linked image."""

from mcugen.firmware.build import Firmware, Mode, build_firmware
from mcugen.firmware.elf import Elf, Symbol
from mcugen.firmware.toolchain import Toolchain, cpu_flags, find_toolchain

__all__ = ["Elf", "Firmware", "Mode", "Symbol", "Toolchain", "build_firmware", "cpu_flags", "find_toolchain"]
