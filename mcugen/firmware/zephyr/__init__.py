"""Firmware of the second kind: a module in a real Zephyr application image, built by west in the user's workspace."""

from mcugen.firmware.zephyr.build import build_zephyr_firmware
from mcugen.firmware.zephyr.workspace import Workspace, find_workspace

__all__ = ["Workspace", "build_zephyr_firmware", "find_workspace"]
