"""The firmware file that a suite runs: its symbols, and whether it is the module's firmware at all.

It needs nothing but Python's standard library.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any, NamedTuple

_ARM = 40
_LOAD, _SYMBOL_TABLE, _FUNCTION = 1, 2, 2


class _Symbol(NamedTuple):
    address: int
    size: int
    is_function: bool


class Image:
    """An ELF file for a 32-bit Arm core (System V ABI, 4: object files).

    Raises:
        ValueError: it is none, or one without symbols.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._data = path.read_bytes()
        except OSError as error:
            raise ValueError(f"cannot read the firmware {path}: {error.strerror}") from error
        if self._data[:4] != b"\x7fELF":
            raise ValueError(f"{path} is no ELF file, so it is no firmware")
        if self._data[4:6] != b"\x01\x01" or self._numbers("H", 18)[0] != _ARM:
            raise ValueError(f"{path} is a program for another processor, not for a 32-bit Arm core")
        try:
            self.segments = list(self._read_segments())
            # A local name may stand for several things: the first one counts, as where the module was built.
            self.symbols = dict(reversed(list(self._read_symbols())))
        except (struct.error, IndexError, ValueError) as error:
            raise ValueError(f"{path} is a damaged ELF file") from error
        self.sha256 = hashlib.sha256(self._data).hexdigest()

    def check(self, module: dict[str, Any]) -> None:
        """Raises ValueError when this is not firmware of the module for its board."""
        name = module["name"]
        ports = [*module["inputs"], *module["outputs"]]
        needed = [*module["labels"], "vectors", "harness_request", *(port["symbol"] for port in ports)]
        needed += ["harness_first"] if module.get("state") else []
        missing = [symbol for symbol in needed if symbol not in self.symbols]
        if missing:
            raise ValueError(
                f"{self.path} is not the self-test firmware of module {name}: it has no symbol {missing[0]}; "
                "leave ELF out, or give such firmware built from the module's own sources"
            )
        for port in ports:
            size = self.symbols[port["symbol"]].size
            if size != port["bytes"]:
                raise ValueError(
                    f"{self.path} is firmware of another module {name}: its {port['symbol']} has {size} bytes, "
                    f"this module's {port['name']} has {port['bytes']}"
                )
        for address, size in self.segments:
            if not any(m["start"] <= address and address + size <= m["start"] + m["size"] for m in module["memories"]):
                raise ValueError(
                    f"{self.path} is linked for another board than {module['board']}, "
                    f"which has no memory at {address:#010x}"
                )

    def address(self, symbol: str) -> int:
        return self.symbols[symbol].address

    def describe(self, address: int) -> str:
        """Such as "0x00000124 (kws_run + 0x8)"."""
        for name, symbol in self.symbols.items():
            if symbol.is_function and symbol.address <= address & ~1 < symbol.address + symbol.size:
                return f"{address:#010x} ({name} + {(address & ~1) - symbol.address:#x})"
        return f"{address:#010x} (in no function)"

    def _numbers(self, form: str, at: int) -> tuple[Any, ...]:
        return struct.unpack_from(f"<{form}", self._data, at)

    def _read_segments(self) -> Any:
        """(address, bytes) of what is loaded."""
        start, (size, count) = self._numbers("I", 28)[0], self._numbers("HH", 42)
        for i in range(count):
            kind, _, _, physical, in_file = self._numbers("5I", start + i * size)
            if kind == _LOAD and in_file:
                yield physical, in_file

    def _read_symbols(self) -> Any:
        start, (size, count) = self._numbers("I", 32)[0], self._numbers("HH", 46)
        sections = [self._numbers("10I", start + i * size) for i in range(count)]
        for section in sections:
            if section[1] != _SYMBOL_TABLE:
                continue
            names = sections[section[6]][4]
            for at in range(section[4], section[4] + section[5], 16):
                name, address, extent, info = self._numbers("IIIB", at)
                first = names + name
                text = self._data[first : self._data.index(0, first)].decode()
                is_function = info & 15 == _FUNCTION
                if text and not text.startswith("$"):
                    yield text, _Symbol(address & ~1 if is_function else address, extent, is_function)
