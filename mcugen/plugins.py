"""Operators of the user's own: a Python file with reference, C source and packing, added to mcugen's tables.

A plugin is code that the user asks to run, by its path or by the name of an installed entry point (group
`mcugen.plugins`). Nothing in a model file ever names one. docs/plugins.md walks through an example.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mcugen.borders.files import is_file
from mcugen.emit.sources import PLUGIN_FOLDER, PLUGIN_SOURCES
from mcugen.errors import InputError
from mcugen.kernels.base import Kernel
from mcugen.kernels.registry import PLUGIN_KERNELS

GROUP = "mcugen.plugins"
"""Of entry points, each of which gives a `Plugin`."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OPERATOR = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*\.\w+")
_SOURCE = re.compile(r"[A-Za-z0-9_]+\.[ch]")
_RESERVED = ("aten.", "mcugen.", "quantized_decomposed.", "prim.")


@dataclass(frozen=True)
class Plugin:
    """What a plugin adds.

    Attributes:
        name: of lower-case letters, digits and underscores; its C files lie in `kernels/plugins/<name>/` of a module.
        rows: lowering rows (`mcugen.frontend.lowering.row.Row`) by operator, such as "demo.smooth.default" for the
            torch.library operator `demo::smooth`.
        kernels: for the operators that these rows emit; `Invocation.source` is "plugins/<name>/<file>".
        sources: C text by file name. mcugen's own headers (`kernels_cmsis/include`) may be included.
    """

    name: str
    rows: Mapping[str, Any]
    kernels: Sequence[Kernel]
    sources: Mapping[str, str] = field(default_factory=dict)


_loaded: dict[str, Plugin] = {}


def load_plugin(what: str) -> Plugin:
    """Runs a plugin's file, or loads an entry point, and adds it to the tables; once in a process.

    Args:
        what: the path of a Python file that defines `PLUGIN`, or the name of an entry point.

    Raises:
        InputError: there is no such plugin, it cannot be run, or what it adds cannot be added.
    """
    path = Path(what)
    key = str(path.resolve()) if is_file(path) else what
    if key not in _loaded:
        plugin = _run_file(path.resolve()) if is_file(path) else _entry_point(what)
        if not isinstance(plugin, Plugin):
            raise InputError(
                f"the plugin {what} has no PLUGIN", where=what, hint="define PLUGIN = mcugen.plugins.Plugin(...) in it"
            )
        _check(plugin, what)
        _register(plugin)
        _loaded[key] = plugin
    return _loaded[key]


def _run_file(path: Path) -> Any:
    name = f"mcugen_plugin_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"the plugin {path} is no Python file", hint="its name ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _failed(str(path), error) from error
    return getattr(module, "PLUGIN", None)


def _entry_point(name: str) -> Any:
    found = [entry for entry in importlib.metadata.entry_points(group=GROUP) if entry.name == name]
    if not found:
        raise InputError(
            f"there is no plugin {name!r}", where="--plugin", hint=f"give a Python file, or an entry point of {GROUP}"
        )
    try:
        return found[0].load()
    except Exception as error:
        raise _failed(name, error) from error


def _failed(what: str, error: Exception) -> InputError:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    where = f"{what}:{line}" if line else "".join(f"{frame.filename}:{frame.lineno}" for frame in last)
    return InputError(f"the plugin {what} cannot be run: {type(error).__name__}: {error}", where=where)


def _check(plugin: Plugin, what: str) -> None:
    from mcugen.frontend.lowering import ROWS
    from mcugen.frontend.lowering.row import Row

    faults = []
    if not _NAME.fullmatch(plugin.name) or plugin.name in {p.name for p in _loaded.values()}:
        faults.append(f"its name {plugin.name!r} is taken, or not of lower-case letters, digits and underscores")
    for operator, row in plugin.rows.items():
        if not _OPERATOR.fullmatch(operator) or operator.startswith(_RESERVED) or operator in ROWS:
            faults.append(f"{operator!r} is no operator of a namespace of its own, such as 'demo.smooth.default'")
        if not isinstance(row, Row):
            faults.append(f"what it has for {operator!r} is no Row")
    faults += [f"{kernel!r} is no Kernel" for kernel in plugin.kernels if not isinstance(kernel, Kernel)]
    faults += [f"{name!r} is no name of a C file" for name in plugin.sources if not _SOURCE.fullmatch(name)]
    if faults:
        raise InputError(f"the plugin {what} cannot be added: {'; '.join(faults)}", where=what)


def _register(plugin: Plugin) -> None:
    from mcugen.frontend.lowering import ROWS

    ROWS.update(plugin.rows)
    PLUGIN_KERNELS.extend(plugin.kernels)
    folder = PurePosixPath(PLUGIN_FOLDER) / plugin.name
    PLUGIN_SOURCES.update({folder / name: text.encode() for name, text in plugin.sources.items()})
