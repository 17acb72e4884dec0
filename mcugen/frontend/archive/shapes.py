"""Computes every shape of a loaded program anew, without values, before anything of it is run.

A file states the shapes of its tensors beside the operators that make them; only the operators decide. What they decide
is also where memory is asked for, so it is bounded here.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    UnsupportedOperatorException,
)
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Interpreter, Node
from torch.utils._pytree import tree_leaves

from mcugen.errors import InputError
from mcugen.frontend.archive.records import damaged
from mcugen.frontend.provenance import origin

TENSOR_LIMIT = 2**28
"""Bytes of the largest tensor of a program; the largest microcontrollers have a fraction of that."""

# What has no shape without values has no integer form either: the list of unsupported operators names it.
_UNKNOWN = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedOperatorException,
    NotImplementedError,
)


def check_shapes(path: Path, program: ExportedProgram) -> None:
    """Compares the shapes and types that the file states with those that its operators give.

    Raises:
        InputError: they differ, an operator cannot have such operands, or a tensor is beyond all measure.
    """
    with FakeTensorMode() as mode:
        inputs = _inputs(path, program, mode)
        try:
            _Checker(path, program.graph_module).run(*inputs)
        except _UNKNOWN:
            return


class _Checker(Interpreter):
    """Runs the operators on tensors without values."""

    def __init__(self, path: Path, module: torch.fx.GraphModule) -> None:
        super().__init__(module, garbage_collect_values=True)
        self._path = path

    def run_node(self, n: Node) -> Any:
        stated = [value for value in tree_leaves(n.meta.get("val")) if isinstance(value, torch.Tensor)]
        for value in stated:
            _require_size(self._path, n, value)
        try:
            result = super().run_node(n)
        except (InputError, *_UNKNOWN):
            raise
        except Exception as error:  # each operator refuses its operands in its own way
            words = str(error).strip().splitlines()
            detail = words[0] if words else type(error).__name__
            raise damaged(self._path, f"{origin(n)}: {detail}"[:300]) from error
        if n.op == "call_function":
            made = [value for value in tree_leaves(result) if isinstance(value, torch.Tensor)]
            # Results that nobody uses may be stated as nothing.
            if any(a.shape != b.shape or a.dtype != b.dtype for a, b in zip(made, stated, strict=False)):
                raise damaged(self._path, f"{origin(n)}: its result has another shape or type than the file states")
        return result


def _require_size(path: Path, node: Node, value: torch.Tensor) -> None:
    size = math.prod(value.shape) * value.dtype.itemsize
    if size > TENSOR_LIMIT:
        raise InputError(
            f"a tensor of the model, {node.name}, has {size:,} bytes, more than any microcontroller can hold",
            where=f"{path}, {origin(node)}",
            hint="export the model for smaller inputs",
        )


def _inputs(path: Path, program: ExportedProgram, mode: FakeTensorMode) -> list[Any]:
    """Parameters and buffers as they are, the user's inputs as stated."""
    found: list[Any] = []
    nodes = [node for node in program.graph.nodes if node.op == "placeholder"]
    for node, spec in zip(nodes, program.graph_signature.input_specs, strict=True):
        stated = node.meta.get("val")
        tensor = _constant(program, spec.target) if spec.kind is not InputKind.USER_INPUT and spec.target else None
        if tensor is not None:
            found.append(mode.from_tensor(tensor))
        elif isinstance(stated, torch.Tensor):
            _require_size(path, node, stated)
            found.append(torch.empty(stated.shape, dtype=stated.dtype))
        else:
            found.append(stated)
        if isinstance(stated, FakeTensor) and stated.shape != found[-1].shape:
            raise damaged(path, f"{node.name} has another shape than the file states")
    return found


def _constant(program: ExportedProgram, name: str) -> torch.Tensor | None:
    found = program.state_dict.get(name, program.constants.get(name))
    return found if isinstance(found, torch.Tensor) else None
