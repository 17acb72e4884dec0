"""The NPU's registers as an operation finds them.

NPU_SET_* commands write registers, which keep their values: a compiler does not send again what has not changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcugen.ethosu.model.configuration import Configuration
from mcugen.ethosu.model.errors import StreamError, UnknownBehaviourError
from mcugen.ethosu.model.isa.definitions import ADDRESS_BITS
from mcugen.ethosu.model.stream import Command

# What a stream for a product without the register does not set.
_ABSENT = {"U55": {"PARALLEL_MODE": 0}}


@dataclass(frozen=True)
class Registers:
    """The registers at one operation.

    Attributes:
        operation: the NPU_OP_* command, which messages name.
        values: the last NPU_SET_* command of each register, by the register's name.
    """

    operation: Command
    values: Mapping[str, Command]
    configuration: Configuration

    def __getitem__(self, name: str) -> int:
        """The only field of a register, or the first: unsigned.

        Raises:
            StreamError: the register was never set.
        """
        command = self.values.get(name)
        if command is None:
            default = _ABSENT.get(self.configuration.product, {}).get(name)
            if default is None:
                raise StreamError(f"needs the register {name}, which was not set", self.operation)
            return default
        return command.definition.fields[0].of(command.parameter, command.payload)

    def field(self, register: str, field: str) -> int:
        """A field of a register, unsigned."""
        self[register]
        return self.values[register].fields()[field]

    def choice(self, register: str, field: str) -> str:
        """A field that chooses, by the name of its value.

        Raises:
            StreamError: the register was never set, or the value means nothing.
        """
        value = self.field(register, field)
        definition = next(f for f in self.values[register].definition.fields if f.name == field)
        assert definition.values is not None, f"{register}.{field} is a number"
        name = definition.values.get(value)
        if name is None:
            raise StreamError(f"the value {value} of {field} in {register} means nothing", self.values[register])
        return name

    def signed_address(self, name: str) -> int:
        """A stride, which may be negative: of 32 bits on U55, of 40 on U65."""
        bits = 32 if self.configuration.product == "U55" else ADDRESS_BITS
        value = self[name] & ((1 << bits) - 1)
        return value - (1 << bits) if value >> (bits - 1) else value

    def signed(self, name: str, is_signed: bool) -> int:
        """A 16-bit parameter with the signedness of what it belongs to."""
        value = self[name]
        return value - 0x10000 if is_signed and value & 0x8000 else value

    def unknown(self, what: str) -> UnknownBehaviourError:
        """The error that the model does not know what comes of it."""
        return UnknownBehaviourError(what, self.operation)

    def wrong(self, what: str, **details: Any) -> StreamError:
        """The error that the operation asks for something wrong."""
        return StreamError(what, self.operation, **details)
