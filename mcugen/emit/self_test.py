"""`emit --self-test`: C that a module brings along to test itself on the user's own board, layer by layer.

It holds one input and, for every result of every layer, the CRC-32 (IEEE 802.3, as zlib has it) of what the integer
reference computes; and that of every constant array, so that wrong flash is told from a wrong kernel.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from mcugen import __version__
from mcugen.emit.constants import ConstantArray
from mcugen.emit.module import Call, port_parameters
from mcugen.emit.names import plain_text
from mcugen.emit.vectors import Vectors
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import C_TYPES
from mcugen.plan.plan import Plan
from mcugen.templates import render_template

FOLDER = "self_test"
_TEMPLATES = {
    "{name}_self_test.h": "self_test.h.j2",
    "{name}_self_test.c": "self_test.c.j2",
    "main.c": "self_test_main.c.j2",
}


def self_test_files(plan: Plan, calls: Sequence[Call], name: str, vectors: Vectors) -> dict[PurePosixPath, bytes]:
    """The files by path inside the module's folder.

    Args:
        calls: the layers.
        name: the module's.
        vectors: the first sample is the one that is tested.
    """
    inputs = [
        ConstantArray(f"sample_{c_name}", np.ascontiguousarray(array[0]).reshape(-1), max(array.itemsize, 4))
        for c_name, array in zip(port_parameters(plan.graph.inputs, "input"), vectors.inputs.values(), strict=True)
    ]
    context: dict[str, Any] = {
        "version": __version__,
        "name": name,
        "NAME": name.upper(),
        "inputs": inputs,
        "outputs": [plan.graph.tensors[port.tensor] for port in plan.graph.outputs],
        "state": bool(plan.graph.states),
        "results": [_result(call, tensor, vectors) for call in calls for tensor in call.step.invocation.outputs],
        "constants": _constants(calls),
        "c_types": C_TYPES,
        "fallible": any(call.instance.fallible for call in calls),
    }
    return {
        PurePosixPath(FOLDER) / path.format(name=name): render_template("mcugen.emit", template, **context).encode()
        for path, template in _TEMPLATES.items()
    }


def _result(call: Call, tensor: str, vectors: Vectors) -> dict[str, Any]:
    return {
        "layer": plain_text(call.step.operator.name),
        "kernel": plain_text(call.step.invocation.kernel),
        "crc": digest(vectors.layers[tensor]),
    }


def _constants(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Each array once, with the first layer that reads it."""
    found: dict[str, dict[str, Any]] = {}
    for call in calls:
        for array in call.arrays:
            layer = plain_text(call.step.operator.name)
            found.setdefault(array.symbol, {"array": array, "layer": layer, "crc": digest(array.data)})
    return list(found.values())


def digest(array: IntArray) -> int:
    """CRC-32 of the bytes as a little-endian device has them."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return zlib.crc32(np.ascontiguousarray(little).tobytes())
