"""A command stream as text, a command a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcugen.ethosu.model.stream import Command


def disassemble(commands: Iterable[Command]) -> Iterator[str]:
    """Offset in bytes, payload, parameter, code, name and fields of each command; an empty line behind operations."""
    for command in commands:
        payload = "" if command.payload is None else f"{command.payload:08x}"
        code = command.definition.code | (command.definition.has_payload << 14)
        fields = ", ".join(
            f"{field.name} = {field.text(field.of(command.parameter, command.payload))}"
            for field in command.definition.fields
        )
        if unknown := command.undefined_bits():
            fields += f"{', ' * bool(fields)}undefined bits = {unknown:#x}"
        line = f"0x{command.offset:06x}: {payload:8} {command.parameter:04x} {code:04x}  {command.name:26} {fields}"
        yield line.rstrip()
        if command.definition.is_operation and "WAIT" not in command.name and command.name != "NPU_OP_STOP":
            yield ""
