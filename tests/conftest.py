"""What the tests found on this machine, at the head of every run."""

from __future__ import annotations

from mcugen.verify.doctor import check_tools

_TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "Zephyr workspace", "CMSIS-NN", "Renode", "renode-test")


def pytest_report_header() -> list[str]:
    return [f"{check.name}: {check.detail}" for check in check_tools() if check.name in _TOOLS]
