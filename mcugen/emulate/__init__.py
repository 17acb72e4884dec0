"""Emulators: one runner each, instruction counts, and the cycle model."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcugen.emulate.qemu import QemuRunner
    from mcugen.emulate.renode import RenodeRunner
    from mcugen.emulate.runner import FunctionCount, LayerCount, Runner, RunResult, ThreadStack
    from mcugen.emulate.selection import RUNNERS, select_runner

# Found when asked for: whoever only looks for an emulator's program need not wait for NumPy and what reads ELF files.
_LATER = {
    "RUNNERS": "selection",
    "FunctionCount": "runner",
    "LayerCount": "runner",
    "QemuRunner": "qemu",
    "RenodeRunner": "renode",
    "RunResult": "runner",
    "Runner": "runner",
    "ThreadStack": "runner",
    "select_runner": "selection",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"mcugen.emulate.{_LATER[name]}"), name)
    raise AttributeError(f"module 'mcugen.emulate' has no attribute {name!r}")


__all__ = [
    "RUNNERS",
    "FunctionCount",
    "LayerCount",
    "QemuRunner",
    "RenodeRunner",
    "RunResult",
    "Runner",
    "ThreadStack",
    "select_runner",
]
