"""The payload for the driver: command stream and configuration in one of two formats, COP1 and COP2.

COP1 is a list of words: "COP1", then actions with their number in bits 7:0, 8 bits for the action and a parameter in
bits 31:16. COP2 has a header of 16 bytes ("COP2", two 16-bit versions, a 64-bit length), then an entry: type, length,
and metadata whose own header ends in "VEUM", versions and length, padded so that the stream starts at a multiple of
16.

Sources: `driver_actions.py` of Arm's Vela 5.2 for COP1; streams that it writes with --cop-format COP2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcugen.errors import InputError
from mcugen.ethosu.model.configuration import read_configuration
from mcugen.ethosu.model.network import Payload

_CONFIGURATION, _STREAM, _READ_REGISTERS, _DUMP, _NOTHING = 1, 2, 3, 4, 5
_HEADER = struct.Struct("<4sHHQ")
_ENTRY = struct.Struct("<II")
_METADATA = struct.Struct("<I4sHHI")
_FACTS = struct.Struct("<IIIQ")
_NETWORK_WIDE, _LOCAL = 1, 2


def read_payload(data: bytes) -> Payload:
    """The stream and the NPU that a driver payload names.

    Raises:
        InputError: it is damaged, or of an unknown format.
    """
    reader = _READERS.get(data[:4])
    if reader is None:
        raise InputError(
            f"the NPU's payload starts with {data[:4]!r}, which is no known format",
            hint="known are COP1 and COP2, as Vela writes them",
        )
    return reader(data)


@dataclass(frozen=True)
class _Words:
    """Little-endian words; reading behind the end is an error."""

    values: tuple[int, ...]

    def take(self, at: int, count: int) -> tuple[int, ...]:
        if at + count > len(self.values):
            raise _damaged(f"is cut short: {4 * len(self.values)} bytes, {4 * (at + count)} are announced", 4 * at)
        return self.values[at : at + count]


def _damaged(fault: str, offset: int) -> InputError:
    return InputError(f"the NPU's payload {fault}", where=f"byte {offset} of the payload", hint="compile it again")


def _read_first(data: bytes) -> Payload:
    if len(data) % 4:
        raise _damaged("is no whole number of words", len(data))
    words = _Words(struct.unpack(f"<{len(data) // 4}I", data))
    configuration, at = None, 1
    while at < len(words.values):
        tag = words.values[at]
        action, at = tag & 0xFF, at + 1
        if action == _CONFIGURATION:
            configuration = read_configuration(*words.take(at, 2))
            at += 2
        elif action == _STREAM:
            length = tag >> 16 | (tag >> 8 & 0xFF) << 16
            stream = words.take(at, length)
            if configuration is None:
                raise _damaged("names no NPU before its command stream", 4 * at)
            if at + length != len(words.values):
                raise _damaged(
                    f"has {4 * (len(words.values) - at - length)} bytes behind its stream", 4 * (at + length)
                )
            return Payload(configuration, stream)
        elif action not in (_READ_REGISTERS, _DUMP, _NOTHING):
            raise _damaged(f"holds the unknown action {action}", 4 * (at - 1))
    raise _damaged("holds no command stream", len(data))


def _read_second(data: bytes) -> Payload:
    def unpack(form: struct.Struct, at: int) -> tuple[Any, ...]:
        if at + form.size > len(data):
            raise _damaged("is cut short", at)
        return form.unpack_from(data, at)

    _, major, minor, length = unpack(_HEADER, 0)
    if major != 1:
        raise _damaged(f"has the unknown version {major}.{minor}", 4)
    if length != len(data) - _HEADER.size:
        raise _damaged(f"announces {length} bytes and has {len(data) - _HEADER.size}", 8)
    kind, size = unpack(_ENTRY, _HEADER.size)
    start = _HEADER.size + _ENTRY.size
    if kind != _STREAM - 1 or start + size != len(data):
        raise _damaged(f"has an entry of type {kind} with {size} bytes, not one command stream", _HEADER.size)
    behind, magic, _, _, facts = unpack(_METADATA, start)
    if magic != b"VEUM" or facts < _FACTS.size:
        raise _damaged("does not say which NPU it is for", start)
    config, identity, features, _ = unpack(_FACTS, start + _METADATA.size)
    if features not in (_NETWORK_WIDE, _LOCAL):
        raise _damaged(f"asks for the unknown addressing {features}", start + _METADATA.size + 8)
    first = start + 4 + behind
    if first > len(data) or (len(data) - first) % 4:
        raise _damaged("is cut short in its command stream", first)
    words = struct.unpack(f"<{(len(data) - first) // 4}I", data[first:])
    return Payload(read_configuration(config, identity), words, features == _LOCAL)


_READERS: dict[bytes, Callable[[bytes], Payload]] = {b"COP1": _read_first, b"COP2": _read_second}
