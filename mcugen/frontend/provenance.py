"""Where a node of an exported program comes from: the user's Python line and module path, from the node's metadata."""

from __future__ import annotations

import re
from pathlib import PurePath

from torch.fx import Node

from mcugen.graph.tensor import Origin

_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
_TORCH = re.compile(
    r"(^|/)(torch|torchao)/"
    r"(_\w+|ao|autograd|export|functional|fx|library|nn|overrides|quantization|testing|utils)(/|\.py)"
    r"|<eval_with_key>|<frozen"
)
_INSTALLED = re.compile(r"(^|/)(site-packages|dist-packages|lib/python3\.\d+)/")


def source_line(stack_trace: str | None) -> str:
    """ "file.py:12" of the innermost frame in the user's own code, outside PyTorch and installed packages.

    A model that is installed itself has its line in that package; one of PyTorch's modules alone has none, "".

    Args:
        stack_trace: a traceback's text as `torch.export` records it, outermost frame first; None gives "".
    """
    frames = [(file.replace("\\", "/"), line) for file, line in _FRAME.findall(stack_trace or "")]
    outside = [frame for frame in frames if not _TORCH.search(frame[0])]
    own = [frame for frame in outside if not _INSTALLED.search(frame[0])]
    if not outside:
        return ""
    file, line = (own or outside)[-1]
    return f"{PurePath(file).name}:{line}"


def module_path(nn_module_stack: object) -> str:
    """The dotted path of the innermost module, such as "blocks.0.conv"; "" for the root or when unknown."""
    if not isinstance(nn_module_stack, dict) or not nn_module_stack:
        return ""
    return _clean(str(list(nn_module_stack.values())[-1][0]))


def module_path_of_text(nn_module_stack: str | None) -> str:
    """As `module_path`, from the serialized form "key,path,type;key,path,type"."""
    parts = (nn_module_stack or "").split(";")[-1].split(",")
    return _clean(parts[1]) if len(parts) >= 3 else ""


SEQUENCE_MODULES = tuple(f"torch.nn.modules.rnn.{name}" for name in ("LSTM", "GRU", "RNN"))
"""Modules whose type is kept when a program is read; of others nothing depends on it."""


def sequence_module(nn_module_stack: object) -> str:
    """The type of the innermost module where it is one of `SEQUENCE_MODULES`, else ""."""
    if not isinstance(nn_module_stack, dict) or not nn_module_stack:
        return ""
    kind = list(nn_module_stack.values())[-1][1]
    name = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
    return name if name in SEQUENCE_MODULES else ""


def sequence_module_of_text(nn_module_stack: str | None) -> str:
    """As `sequence_module`, from the serialized form."""
    kind = (nn_module_stack or "").split(";")[-1].split(",")[-1]
    return kind if kind in SEQUENCE_MODULES else ""


def _clean(path: str) -> str:
    # Programs that were exported twice carry the name of the first export's root.
    return re.sub(r"^L?__self__\.?|^L\['self'\]\.?", "", path).removeprefix("._modules.").strip(".")


def origin(node: Node) -> Origin:
    """The `Origin` of an operator of the exported program."""
    operator = str(node.target) if node.op == "call_function" else node.op
    return Origin(source_line(node.meta.get("stack_trace")), module_path(node.meta.get("nn_module_stack")), operator)
