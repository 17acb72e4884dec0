"""Reading linked firmware: sections, symbols, code bytes."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection


@dataclass(frozen=True)
class Symbol:
    """A symbol; Thumb functions have their address without the low bit. `size` is 0 for plain labels."""

    name: str
    address: int
    size: int
    is_function: bool


class Elf:
    """A firmware image, read once.

    Attributes:
        sections: bytes in memory by section name.
        symbols: by name; of two local symbols with one name the first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            image = ELFFile(file)
            self.sections: dict[str, int] = {s.name: int(s["sh_size"]) for s in image.iter_sections() if s.name}
            self._segments = [(int(s["p_vaddr"]), s.data()) for s in image.iter_segments() if s["p_type"] == "PT_LOAD"]
            self.symbols = _read_symbols(image)
        self._functions = sorted((s for s in self.symbols.values() if s.is_function), key=lambda s: s.address)
        self._starts = [s.address for s in self._functions]

    def address(self, name: str) -> int:
        """Raises KeyError when the symbol is missing."""
        return self.symbols[name].address

    def function_at(self, address: int) -> Symbol | None:
        """The function whose code covers the address."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        found = self._functions[index]
        return found if address < found.address + max(found.size, 1) else None

    def describe(self, address: int) -> str:
        """Such as "0x00000124 (kws_run + 0x8)"."""
        function = self.function_at(address & ~1)
        if function is None:
            return f"{address:#010x} (in no function)"
        return f"{address:#010x} ({function.name} + {(address & ~1) - function.address:#x})"

    def read(self, address: int, size: int) -> bytes:
        """Bytes of a loaded segment; fewer at its end, none outside."""
        for start, data in self._segments:
            if start <= address < start + len(data):
                offset = address - start
                return bytes(data[offset : offset + size])
        return b""


def _read_symbols(image: ELFFile) -> dict[str, Symbol]:
    symbols: dict[str, Symbol] = {}
    table = image.get_section_by_name(".symtab")
    for entry in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
        kind = entry["st_info"]["type"]
        # "$t", "$d": mapping symbols of the ELF for the Arm architecture, not names of anything.
        if not entry.name or entry.name.startswith("$") or kind in ("STT_FILE", "STT_SECTION"):
            continue
        is_function = kind == "STT_FUNC"
        address = int(entry["st_value"]) & (~1 if is_function else ~0)
        symbols.setdefault(entry.name, Symbol(entry.name, address, int(entry["st_size"]), is_function))
    return symbols
