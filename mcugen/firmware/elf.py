"""Reading linked firmware: sections, symbols, code bytes."""

from __future__ import annotations

import bisect
import functools
import operator
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from elftools.dwarf.lineprogram import LineProgram
from elftools.elf.constants import SH_FLAGS
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
            entries = _read_entries(image)
            self.symbols = _read_symbols(entries)
            self._mapping = _read_mapping(image, entries)
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

    def code_at(self, address: int) -> range | None:
        """The addresses of the Thumb code around an address, up to data or the next section."""
        index = bisect.bisect_right(self._mapping, address, key=operator.itemgetter(0)) - 1
        if index < 0 or not self._mapping[index][1]:
            return None
        return range(self._mapping[index][0], self._mapping[index + 1][0])

    def code(self) -> Iterator[range]:
        """The addresses of all Thumb code that is loaded, in pieces as in `code_at`."""
        return (code for at, is_code in self._mapping if is_code and self.read(at, 2) and (code := self.code_at(at)))

    def describe(self, address: int) -> str:
        """Such as "0x00000124 (kws_run + 0x8, src/kws.c:98)"; the line where the image has debug information."""
        function = self.function_at(address & ~1)
        if function is None:
            return f"{address:#010x} (in no function)"
        line = self.source_line(address & ~1)
        place = f", {line}" if line else ""
        return f"{address:#010x} ({function.name} + {(address & ~1) - function.address:#x}{place})"

    def source_line(self, address: int) -> str | None:
        """Such as "src/kws.c:98", by the image's DWARF line table; None where it says nothing."""
        index = bisect.bisect_right(self._lines, address, key=operator.itemgetter(0)) - 1
        return self._lines[index][1] or None if index >= 0 else None

    @functools.cached_property
    def _lines(self) -> list[tuple[int, str]]:
        """(address from which on, "file:line"), ascending; "" after the end of a sequence."""
        with self.path.open("rb") as file:
            image = ELFFile(file)
            if not image.has_dwarf_info():
                return []
            dwarf = image.get_dwarf_info()
            programs = [dwarf.line_program_for_CU(unit) for unit in dwarf.iter_CUs()]
            rows = (row for program in programs if program is not None for row in _line_rows(program))
            # Of several rows for one address the last one counts.
            return sorted(rows, key=operator.itemgetter(0))

    def read(self, address: int, size: int) -> bytes:
        """Bytes of a loaded segment; fewer at its end, none outside."""
        for start, data in self._segments:
            if start <= address < start + len(data):
                offset = address - start
                return bytes(data[offset : offset + size])
        return b""


def _line_rows(program: LineProgram) -> Iterator[tuple[int, str]]:
    """DWARF 5 specification, section 6.2: from that version on file 0 and directory 0 are the unit's own."""
    first = 0 if program.header.version >= 5 else 1
    files, folders = program.header.file_entry, program.header.include_directory
    rows: list[tuple[int, str]] = []
    for state in (entry.state for entry in program.get_entries()):
        if state is None:
            continue
        if state.end_sequence:
            # The linker puts what it dropped at address 0, where no code can be.
            if rows and rows[0][0] != 0:
                yield from [*rows, (state.address, "")]
            rows = []
            continue
        file = files[state.file - first]
        index = file.dir_index - first
        folder = folders[index].decode(errors="replace") if 0 <= index < len(folders) else ""
        rows.append((state.address, f"{PurePosixPath(folder, file.name.decode(errors='replace'))}:{state.line}"))


@dataclass(frozen=True)
class _Entry:
    """A row of the symbol table (ELF specification, "Symbol Table"): `kind` is one of STT_..."""

    name: str
    value: int
    size: int
    kind: int


_NO_NAMES = (3, 4)
"""STT_SECTION and STT_FILE."""
_FUNCTION = 2


def _read_entries(image: ELFFile) -> list[_Entry]:
    """The whole table at once: row by row is most of the time that a small image takes."""
    table = image.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return []
    names = table.stringtable.data()
    order = "<" if image.little_endian else ">"
    return [
        _Entry(names[at : names.index(b"\0", at)].decode(errors="replace"), value, size, info & 0xF)
        for at, value, size, info, _, _ in struct.iter_unpack(f"{order}IIIBBH", table.data())
    ]


def _read_mapping(image: ELFFile, entries: Sequence[_Entry]) -> list[tuple[int, bool]]:
    """(address, whether Thumb code begins there), ascending: the mapping symbols $t, $d and $a, which also ends of
    sections with code stand for (ELF for the Arm architecture, 5.5.5)."""
    rows: dict[int, bool] = {}
    for section in image.iter_sections():
        if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR:
            rows[int(section["sh_addr"] + section["sh_size"])] = False
    for entry in entries:
        if entry.name.partition(".")[0] in ("$t", "$d", "$a"):
            # Of two symbols at one address one covers nothing.
            rows[entry.value] = rows.get(entry.value, False) or entry.name.startswith("$t")
    return sorted(rows.items())


def _read_symbols(entries: Sequence[_Entry]) -> dict[str, Symbol]:
    symbols: dict[str, Symbol] = {}
    for entry in entries:
        # "$t", "$d": mapping symbols of the ELF for the Arm architecture, not names of anything.
        if not entry.name or entry.name.startswith("$") or entry.kind in _NO_NAMES:
            continue
        is_function = entry.kind == _FUNCTION
        address = entry.value & (~1 if is_function else ~0)
        symbols.setdefault(entry.name, Symbol(entry.name, address, entry.size, is_function))
    return symbols
