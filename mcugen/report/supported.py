"""What mcugen supports, read from its tables: operators of the front end, kernels by core and data type.

`mcugen ops` prints it, and the generated part of docs/operators.md is made from it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from mcugen.graph.ops import OPERATORS
from mcugen.graph.tensor import ACTIVATION_DTYPES
from mcugen.kernels import cmsis_nn
from mcugen.kernels.base import Kernel
from mcugen.kernels.registry import LIBRARIES

BEGIN, END = "<!-- made by `mcugen ops --markdown` -->", "<!-- end -->"

CORES = {
    "portable": "any core",
    "armv6m": "cores with the 16-bit instruction set (M0, M0+, M23)",
    "armv7m": "Cortex-M3, M33 without DSP instructions",
    "dsp": "cores with DSP instructions (M4, M7, M33, M55, ...)",
    "mve": "cores with Helium (M52, M55, M85)",
    "cmsis_nn": "with --cmsis-nn PATH",
}
"""By kernel library."""

_REAL = ("int8",)
_PLAIN = tuple(name for name in ACTIVATION_DTYPES if name != "int8")


@dataclass(frozen=True)
class FrontEndOperator:
    """An operator of torch.export.

    Attributes:
        name: with its namespace, without the overload: "aten.conv2d".
        overloads: "default", "Tensor", ...
        family: where the lowering table has it, "function" for what becomes a table, or "rewritten".
        types: of the elements that it may work on: int8 for quantized values.
    """

    name: str
    overloads: tuple[str, ...]
    family: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class IntegerOperator:
    """An operator of the integer graph.

    Attributes:
        kernels: names by library.
        types: of the elements that at least one kernel takes.
    """

    kind: str
    kernels: dict[str, tuple[str, ...]]
    types: tuple[str, ...]


@dataclass(frozen=True)
class LitertOperator:
    """An operator of LiteRT files.

    Attributes:
        name: of the builtin or custom operator.
        family: where the reader's table has it.
        types: of the elements that it may work on.
    """

    name: str
    family: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Supported:
    front_end: tuple[FrontEndOperator, ...]
    litert: tuple[LitertOperator, ...]
    integer: tuple[IntegerOperator, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "front_ends": {
                "torch.export": [asdict(op) for op in self.front_end],
                "LiteRT": [asdict(op) for op in self.litert],
            },
            "cores": CORES,
            "operators": [asdict(op) for op in self.integer],
        }


def supported() -> Supported:
    """Reads the tables."""
    return Supported(tuple(_front_end()), tuple(_litert()), tuple(_integer()))


def _front_end() -> Iterator[FrontEndOperator]:
    from mcugen.frontend.definitions import defined, integers
    from mcugen.frontend.lowering import FAMILIES, ROWS
    from mcugen.frontend.rewrites.canonical import REWRITES
    from mcugen.frontend.rewrites.composites import EXPANSIONS
    from mcugen.frontend.rewrites.folding import BATCH_NORMS
    from mcugen.frontend.rewrites.splits import SPLITS

    found: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for module in FAMILIES:
        for key, row in module.ROWS.items():
            name, _, overload = key.rpartition(".") if key.count(".") > 1 else (key, "", "")
            types = (*_REAL, *_PLAIN) if row.integers is not None else _REAL
            found[name, module.__name__.rpartition(".")[2], types].append(overload)
    real, both = {*EXPANSIONS, *BATCH_NORMS}, {*SPLITS, *REWRITES, *defined()}
    plain = {*defined(integers.DEFINITIONS)}
    for keys, types in ((real, _REAL), (both - real - plain, (*_REAL, *_PLAIN)), (plain, _PLAIN)):
        for key in sorted(keys - ROWS.keys()):
            name, _, overload = key.rpartition(".")
            found[name, "rewritten", types].append(overload)
    for key in _functions():
        if key not in ROWS and key not in (real | both) - plain:
            name, _, overload = key.rpartition(".")
            found[name, "function", _REAL].append(overload)
    for (name, family, types), overloads in sorted(found.items()):
        if not name.startswith("mcugen."):
            yield FrontEndOperator(name, tuple(sorted(o for o in overloads if o)), family, types)


def _litert() -> Iterator[LitertOperator]:
    from mcugen.frontend.litert.operators import FAMILIES
    from mcugen.frontend.litert.operators.types import TYPES

    rows = {name: module.__name__.rpartition(".")[2] for module in FAMILIES for name in module.ROWS}
    for name, family in sorted(rows.items()):
        yield LitertOperator(name, family, TYPES[name])


def _functions() -> Iterator[str]:
    """Element-wise operators of aten that read a tensor."""
    import torch

    from mcugen.frontend.lowering.functions import is_element_wise

    # What has been used so far is all that `dir(torch.ops.aten)` would list.
    for name in sorted(torch._C._dispatch_get_all_op_names()):
        namespace, _, rest = name.partition("::")
        packet, _, overload = rest.partition(".")
        if namespace != "aten" or overload.endswith("out"):
            continue
        target = getattr(getattr(torch.ops.aten, packet), overload or "default")
        if is_element_wise(target):
            yield str(target)


def _integer() -> Iterator[IntegerOperator]:
    libraries: dict[str, Iterable[Kernel | type[Kernel]]] = {**LIBRARIES, "cmsis_nn": cmsis_nn.KERNELS}
    for kind, operator in sorted(OPERATORS.items()):
        kernels = {
            name: found
            for name, members in libraries.items()
            if (found := tuple(sorted({k.name for k in members if k.operator is operator})))
        }
        portable = [k for k in LIBRARIES["portable"] if k.operator is operator]
        moves, wide = (any(getattr(k, what, False) for k in portable) for what in ("any_type", "wide"))
        yield IntegerOperator(kind, kernels, (*_REAL, *_PLAIN) if moves else (*_REAL, "int16") if wide else _REAL)


def tables(found: Supported) -> list[RenderableType]:
    """For a terminal."""
    front = Table("operator", "overloads", "becomes", "types", box=None, pad_edge=False, title="torch.export")
    for op in found.front_end:
        front.add_row(op.name, ", ".join(op.overloads), op.family, _types(op.types))
    litert = Table("operator", "family", "types", box=None, pad_edge=False, title="LiteRT files")
    for row in found.litert:
        litert.add_row(row.name, row.family, _types(row.types))
    integer = Table("operator", *CORES.values(), "types", box=None, pad_edge=False, title="integer kernels")
    for entry in found.integer:
        integer.add_row(entry.kind, *(", ".join(entry.kernels.get(lib, ())) for lib in CORES), _types(entry.types))
    return [front, litert, integer]


def _types(types: tuple[str, ...]) -> str:
    return "all" if set(types) >= set(ACTIVATION_DTYPES) else ", ".join(types)


def markdown(found: Supported) -> str:
    """The generated part of docs/operators.md, its marks included."""
    families: dict[tuple[str, str], list[str]] = defaultdict(list)
    for op in found.front_end:
        families[op.family, _types(op.types)].append(op.name.removeprefix("aten."))
    lines = [BEGIN, "", "### Spellings of torch.export", ""]
    for (family, types), names in sorted(families.items()):
        lines += [f"* **{family}** ({types}): " + ", ".join(f"`{name}`" for name in sorted(set(names)))]
    lines += ["", "### Operators of LiteRT files", ""]
    taken: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in found.litert:
        taken[row.family, _types(row.types)].append(row.name)
    lines += [
        f"* **{family}** ({types}): " + ", ".join(f"`{n}`" for n in names)
        for (family, types), names in sorted(taken.items())
    ]
    lines += ["", "### Integer kernels", "", f"| kernels of | {' | '.join(CORES.values())} | types |"]
    lines += ["| --- " * (len(CORES) + 2) + "|"]
    for entry in found.integer:
        cells = (", ".join(entry.kernels.get(library, ())) or "-" for library in CORES)
        lines.append(f"| {entry.kind} | {' | '.join(cells)} | {_types(entry.types)} |")
    return "\n".join([*lines, "", END]) + "\n"


def updated(text: str, found: Supported) -> str:
    """A page with its generated part made anew.

    Raises:
        ValueError: it has none.
    """
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}\n", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page has no part between {BEGIN} and {END}")
    return pattern.sub(lambda _: markdown(found), text)
