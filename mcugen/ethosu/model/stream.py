"""Words of a command stream → commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcugen.errors import InputError
from mcugen.ethosu.model.isa import Definition, InstructionSet

_CODE = 0x3FF
_HINT = "the file is damaged, or is for another NPU"


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        offset: of its word from the stream's start, in bytes.
        parameter: 16 bits.
        payload: 32 bits, None without one.
    """

    definition: Definition
    offset: int
    parameter: int
    payload: int | None = None

    @property
    def name(self) -> str:
        """The command's name, with NPU_."""
        return f"NPU_{self.definition.name}"

    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.name} at byte 0x{self.offset:06x} of the command stream"

    def fields(self) -> dict[str, int]:
        """Values of its fields, unsigned."""
        return {f.name: f.of(self.parameter, self.payload) for f in self.definition.fields}

    def undefined_bits(self) -> int:
        """Bits that are set though they mean nothing."""
        return (self.parameter | (self.payload or 0) << 16) & ~self.definition.defined_bits()


def decode(words: Sequence[int], isa: InstructionSet) -> list[Command]:
    """The commands of a stream up to NPU_OP_STOP, which is the last of them.

    Raises:
        InputError: a command is unknown, a payload is missing, or the stream does not stop.
    """
    commands, at = [], 0
    while at < len(words):
        word = words[at]
        code, mode = word & _CODE, word >> 14 & 3
        where = f"byte 0x{4 * at:06x} of the command stream: word {word:08x}"
        definition = isa.commands.get((mode == 1, code)) if mode < 2 else None
        if definition is None:
            raise InputError(f"{isa.name} has no such command", where=where, hint=_HINT)
        payload = None
        if definition.has_payload:
            if at + 1 == len(words):
                what = f"the command stream ends before the payload of NPU_{definition.name}"
                raise InputError(what, where=where, hint=_HINT)
            payload = words[at + 1]
        commands.append(Command(definition, 4 * at, word >> 16, payload))
        at += 1 + definition.has_payload
        if definition.name == "OP_STOP":
            return commands
    raise InputError(
        "the command stream is cut short: it does not end with NPU_OP_STOP",
        where=f"byte 0x{4 * at:06x} of the command stream",
        hint=_HINT,
    )
