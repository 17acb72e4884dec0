"""What a LiteRT file holds, checked: tensors and operators of its subgraphs; each index inside what it points to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.frontend.litert.flatbuffer import DamagedError, Flatbuffer, Table
from mcugen.litert.format.enums import BUILTINS, OPTIONS, TENSOR_TYPES
from mcugen.litert.format.tables import TABLES

MAX_RANK = 6
"""As the integer graph has it, which takes longer to import than a file to read."""

MAX_ELEMENTS = 1 << 24
"""Of a tensor: more than any microcontroller can address in its memory."""

MAX_OPERATORS = 10_000
_PLACEHOLDER = 127
"""Builtin codes above stand in a field that older files do not have."""
_EMPTY_NAME = "unnamed"
_LONGEST_NAME = 200
_SMALLER = "take a smaller model; this one fits no microcontroller"


class UnreadError(Exception):
    """What the file says is in order, but mcugen does not read it; `hint`: what to do about it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, eq=False)
class FileQuantization:
    """A tensor's scales, with as many zero points; `axis` tells apart more than one."""

    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int


@dataclass(frozen=True, eq=False)
class FileTensor:
    """A tensor of a subgraph.

    Attributes:
        type: a name of `TENSOR_TYPES`.
        quantization: None where there is none.
        data: the bytes of its buffer; empty where it has none.
        is_variable: it keeps its value from one inference to the next.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    quantization: FileQuantization | None
    data: memoryview
    is_variable: bool

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.name!r})"


@dataclass(frozen=True, eq=False)
class FileOperator:
    """An operator of a subgraph; its operands are tensors of the subgraph by index, -1 for one that is absent.

    Attributes:
        builtin: a name of `BUILTINS`; of a custom operator its own, with `custom` set.
        options_table: the name of the table of options in the file, "NONE" where there is none.
    """

    index: int
    builtin: str
    custom: bool
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_table: str
    table: Table

    def options(self, name: str) -> Table:
        """Its options, which are of this table; an empty one where the file has none.

        Raises:
            DamagedError: they are of another table.
        """
        found = None
        if self.options_table != "NONE":
            if self.options_table != name:
                raise DamagedError(f"has {self.options_table}, must have {name}")
            found = self.table.table("builtin_options", name)
        return found or Table(self.table.file, None, name)

    def __str__(self) -> str:
        return f"operator {self.index} ({self.builtin})"


@dataclass(frozen=True, eq=False)
class Subgraph:
    """Tensors and operators in order of execution; `inputs` and `outputs` are indices of tensors."""

    index: int
    name: str
    tensors: tuple[FileTensor, ...]
    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Signature:
    """Names for a subgraph's inputs and outputs: (name, index of the tensor)."""

    key: str
    subgraph: int
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Model:
    """A file: its subgraphs, of which the first is the network, signatures, and metadata by name."""

    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    metadata: dict[str, memoryview]


def read_model(data: bytes) -> Model:
    """The content of a LiteRT file.

    Raises:
        DamagedError: something in it is wrong; the text says what, and where in the file's own terms.
        UnreadError: a tensor is dynamic, sparse, in another file, or larger than what is read; or too many operators.
    """
    root = Flatbuffer(data).root("Model")
    if root.number("version") != 3:
        raise DamagedError(f"has version {root.number('version')} of the format, must be 3")
    buffers = [_buffer(table, data) for table in root.tables("buffers")]
    codes = [_builtin(table) for table in root.tables("operator_codes")]
    subgraphs = tuple(_subgraph(k, t, codes, buffers) for k, t in enumerate(root.tables("subgraphs")))
    if not subgraphs:
        raise DamagedError("has no subgraph")
    signatures = tuple(_signature(table, subgraphs) for table in root.tables("signature_defs"))
    metadata = {}
    for entry in root.tables("metadata"):
        metadata[_name(entry)] = _at(buffers, entry.number("buffer"), "metadata's buffer")
    return Model(subgraphs, signatures, metadata)


def _buffer(table: Table, data: bytes) -> memoryview:
    """Inside the flatbuffer, or behind it at an offset of the file; what is inside counts where a buffer has both."""
    inside = table.bytes("data")
    offset, size = table.number("offset"), table.number("size")
    if len(inside) or offset <= 1:
        return inside
    if offset + size > len(data):
        raise DamagedError(f"a buffer of {size} bytes at {offset} is outside of the file")
    return memoryview(data)[offset : offset + size]


def _builtin(table: Table) -> tuple[str, bool]:
    """(name, whether it is a custom operator's)."""
    code, old = table.number("builtin_code"), table.number("deprecated_builtin_code")
    number = max(code, old) if old < _PLACEHOLDER or code == 0 else code
    if number < 0:
        raise DamagedError(f"has an operator with the code {number}")
    name = BUILTINS[number] if number < len(BUILTINS) else f"operator code {number}"
    if name == "CUSTOM":
        return _printable(table.text("custom_code")), True
    return name, False


def _subgraph(index: int, table: Table, codes: list[tuple[str, bool]], buffers: list[memoryview]) -> Subgraph:
    tensors = tuple(_tensor(k, t, buffers) for k, t in enumerate(table.tables("tensors")))
    given = table.tables("operators")
    if len(given) > MAX_OPERATORS:
        raise UnreadError(f"it has {len(given)} operators, the most is {MAX_OPERATORS}", _SMALLER)
    operators = tuple(_operator(k, t, codes, len(tensors)) for k, t in enumerate(given))
    inputs = _indices(table, "inputs", len(tensors), 0)
    outputs = _indices(table, "outputs", len(tensors), 0)
    return Subgraph(index, _printable(table.text("name")), tensors, operators, inputs, outputs)


def _indices(table: Table, name: str, count: int, least: int) -> tuple[int, ...]:
    values = tuple(table.numbers(name).tolist())
    if not all(least <= value < count for value in values):
        raise DamagedError(f"{table.name}.{name} {list(values)[:8]} names a tensor that is not one of {count}")
    return values


def _operator(index: int, table: Table, codes: list[tuple[str, bool]], count: int) -> FileOperator:
    builtin, custom = _at(codes, table.number("opcode_index"), "operator's code")
    inputs, outputs = _indices(table, "inputs", count, -1), _indices(table, "outputs", count, 0)
    kind = table.number("builtin_options_type") if table.has("builtin_options") else 0
    options = _at(OPTIONS, kind, "type of options")
    if options not in TABLES:
        options = "NONE"
    return FileOperator(index, builtin, custom, inputs, outputs, options, table)


def _tensor(index: int, table: Table, buffers: list[memoryview]) -> FileTensor:
    name = _name(table)
    what = f"tensor {index} ({name!r})"
    shape = tuple(table.numbers("shape").tolist())
    if any(size < -1 for size in shape):
        raise DamagedError(f"{what} has the shape {list(shape)[:8]}")
    if -1 in shape:
        raise UnreadError(f"{what} has the dynamic shape {list(shape)[:8]}", "convert it with fixed input shapes")
    if len(shape) > MAX_RANK:
        raise UnreadError(f"{what} has {len(shape)} axes, the most is {MAX_RANK}", "reshape it to fewer in the model")
    if math.prod(shape) > MAX_ELEMENTS:
        raise UnreadError(f"{what} of shape {list(shape)} has more than {MAX_ELEMENTS:,} elements", _SMALLER)
    kind = _at(TENSOR_TYPES, table.number("type"), f"type of {what}")
    if table.number("external_buffer"):
        raise UnreadError(f"{what} is in another file", "convert the model to one file")
    if table.table("sparsity") is not None:
        raise UnreadError(f"{what} is sparse", "convert the model without sparse tensors")
    data = _at(buffers, table.number("buffer"), f"buffer of {what}")
    quantization = _quantization(table.table("quantization"), shape, what)
    return FileTensor(index, name, shape, kind, quantization, data, table.number("is_variable"))


def _quantization(table: Table | None, shape: Sequence[int], what: str) -> FileQuantization | None:
    if table is None:
        return None
    scales, zero_points = table.numbers("scale"), table.numbers("zero_point")
    if not len(scales):
        return None
    if len(zero_points) == 0:
        zero_points = np.zeros(len(scales), np.int64)
    # Old converters give a bias the axis of its weights.
    axis = table.number("quantized_dimension") if len(shape) > 1 else 0
    if len(zero_points) != len(scales):
        raise DamagedError(f"{what} has {len(scales)} scales and {len(zero_points)} zero points")
    if len(scales) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
        raise DamagedError(f"{what} of shape {list(shape)} has {len(scales)} scales on axis {axis}")
    return FileQuantization(scales, zero_points, axis)


def _signature(table: Table, subgraphs: Sequence[Subgraph]) -> Signature:
    index = table.number("subgraph_index")
    count = len(_at(subgraphs, index, "signature's subgraph").tensors)
    named: list[tuple[tuple[str, int], ...]] = []
    for side in ("inputs", "outputs"):
        entries = [(_name(t), t.number("tensor_index")) for t in table.tables(side)]
        if not all(tensor < count for _, tensor in entries):
            raise DamagedError(f"a signature's {side} name a tensor that is not one of {count}")
        named.append(tuple(entries))
    return Signature(_printable(table.text("signature_key")), index, named[0], named[1])


def _name(table: Table) -> str:
    return _printable(table.text("name")) or _EMPTY_NAME


def _printable(text: str) -> str:
    """Names reach terminals and reports."""
    return "".join(c if c.isprintable() else "?" for c in text[:_LONGEST_NAME])


def _at(values: Sequence[Any], index: int, what: str) -> Any:
    if not 0 <= index < len(values):
        raise DamagedError(f"the {what} is {index}, must be one of {len(values)}")
    return values[index]
