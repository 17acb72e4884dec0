"""mcugen compiles PyTorch models into microcontroller firmware.

`mcugen.compile(model, board=..., calibration=...)` is the way in from Python (docs/python.md); `mcugen --help` has the
commands.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

# Found when asked for: they import much, and a command that needs none of it starts sooner.
_LATER = {
    "CheckFailedError": "mcugen.errors",
    "CompiledModule": "mcugen.compiled",
    "DoesNotFitError": "mcugen.errors",
    "InputError": "mcugen.errors",
    "McugenError": "mcugen.errors",
    "MissingToolError": "mcugen.errors",
    "UnsupportedOperatorError": "mcugen.errors",
    "compile": "mcugen.compiled",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module 'mcugen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])
