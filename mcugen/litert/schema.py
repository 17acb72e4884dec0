"""Access to the LiteRT flatbuffer schema, which the `ai-edge-litert` package carries as generated Python."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType

from mcugen.errors import MissingToolError


@cache
def schema() -> ModuleType:
    """The generated schema module.

    Raises:
        MissingToolError: `ai-edge-litert` or `flatbuffers` is not installed.
    """
    try:
        return importlib.import_module("ai_edge_litert.schema_py_generated")
    except ImportError as error:
        raise MissingToolError(
            "LiteRT model files need the packages ai-edge-litert and flatbuffers",
            where=str(error),
            hint="pip install 'mcugen[litert]'",
        ) from error
