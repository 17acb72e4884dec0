"""How a table of commands is written down and read.

A command is one 32-bit word: code in bits 9:0, payload flag in bits 15:14, parameter in bits 31:16. With a payload, one
more word follows. A table has a line for each command: code in hexadecimal, name without NPU_, then the fields; what is
indented continues the line before. A field is `name=bit:width`, bits counted from the parameter's lowest, the payload's
from 16; `/values` names a line of the table of values. `addr` alone is an address of 40 bits: the payload, and above it
8 bits of the parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PAYLOAD_BIT = 16
ADDRESS_BITS = 40


@dataclass(frozen=True)
class Field:
    """Some bits of a command.

    Attributes:
        bit: the lowest; the parameter has 0 to 15, the payload the rest.
        values: names by value, where the bits are no number.
    """

    name: str
    bit: int
    width: int
    values: Mapping[int, str] | None = None

    def of(self, parameter: int, payload: int | None) -> int:
        """The field's value, unsigned."""
        if self.name == "addr":
            return (payload or 0) | (parameter & 0xFF) << 32
        return (parameter | (payload or 0) << PAYLOAD_BIT) >> self.bit & ((1 << self.width) - 1)

    def text(self, value: int) -> str:
        """The value as a disassembly shows it."""
        if self.name == "addr":
            return hex(value)
        return str(value) if self.values is None else self.values.get(value, f"{value} (undefined)")


@dataclass(frozen=True)
class Definition:
    """A command: `name` without NPU_, its fields, and whether a payload follows."""

    code: int
    name: str
    fields: tuple[Field, ...]
    has_payload: bool

    @property
    def is_operation(self) -> bool:
        return self.name.startswith("OP_")

    def defined_bits(self) -> int:
        """The bits that mean something, as a mask over parameter and payload."""
        mask = 0
        for field in self.fields:
            bits = (1 << field.width) - 1
            mask |= 0xFFFFFFFF << PAYLOAD_BIT | 0xFF if field.name == "addr" else bits << field.bit
        return mask


@dataclass(frozen=True)
class InstructionSet:
    """All commands of a product by (has payload, code)."""

    name: str
    commands: Mapping[tuple[bool, int], Definition]


def read_table(name: str, short: str, long: str, values: str) -> InstructionSet:
    """An instruction set from its tables: commands without payload, with payload, and the names of values."""
    named: dict[str, dict[int, str]] = {}
    for line in _lines(values):
        key, *pairs = line.split()
        named[key] = {int(value): text for value, text in (pair.split("=") for pair in pairs)}
    commands = {}
    for has_payload, table in ((False, short), (True, long)):
        for line in _lines(table):
            code, command, *fields = line.split()
            definition = Definition(int(code, 16), command, tuple(_field(f, named) for f in fields), has_payload)
            commands[has_payload, definition.code] = definition
    return InstructionSet(name, commands)


def _lines(table: str) -> list[str]:
    return table.strip().replace("\n    ", " ").splitlines()


def _field(text: str, named: Mapping[str, Mapping[int, str]]) -> Field:
    if text == "addr":
        return Field("addr", 0, ADDRESS_BITS)
    name, _, rest = text.partition("=")
    place, _, values = rest.partition("/")
    bit, width = map(int, place.split(":"))
    return Field(name, bit, width, named[values] if values else None)
