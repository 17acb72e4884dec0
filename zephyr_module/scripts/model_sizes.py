"""Flash and RAM of each model in a linked image, from the linker's map and the ELF file.

Run by the build after linking, and by `west mcugen report`. Needs nothing but what Zephyr's own scripts need.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

_MEMBER = re.compile(r"lib(?:mcugen[-_]([\w-]+)|modules__cmsis-nn)\.a\((\w+)\.c")
_CMSIS_NN = "CMSIS-NN"
# A hyphen: no model is called so.
_SHARED_ARENA = "shared-arena"
# " .text.f  0x00001000  0x20 lib.a(x.o)"; a long section name has the rest on the next line.
_CONTRIBUTION = re.compile(r"^(?: \S+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")


@dataclass(frozen=True)
class Section:
    """A loaded section: where it runs, and what it takes of which memory."""

    name: str
    start: int
    size: int
    in_flash: bool
    in_ram: bool


@dataclass(frozen=True)
class Size:
    """Bytes of a model in the image: code and constants, static memory, and the descriptor with its test vectors."""

    flash: int = 0
    ram: int = 0
    descriptor: int = 0


def read_sections(elf_path: Path) -> list[Section]:
    """Sections with an address: without contents they take RAM only, with contents that are copied at boot both."""
    with elf_path.open("rb") as stream:
        elf = ELFFile(stream)
        segments = [s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        found = []
        for section in elf.iter_sections():
            if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC or not section["sh_size"]:
                continue
            empty = section["sh_type"] == "SHT_NOBITS"
            copied = any(s.section_in_segment(section) and s["p_vaddr"] != s["p_paddr"] for s in segments)
            found.append(Section(section.name, section["sh_addr"], section["sh_size"], not empty, empty or copied))
    return found


def contributions(map_path: Path, output_sections: Collection[str]) -> Iterator[tuple[str, str, int, int]]:
    """(library, source file's stem, address, bytes) of what the linker took into some output sections.

    Libraries are those of models, by name, and CMSIS-NN, whose functions all models share.
    """
    current = ""
    text = map_path.read_text(encoding="utf-8", errors="replace")
    # What was thrown away is listed before this line.
    for line in text.partition("Linker script and memory map")[2].splitlines():
        if line[:1].strip():
            current = line.split()[0]
            continue
        found = _CONTRIBUTION.match(line) if current in output_sections else None
        member = _MEMBER.search(found[3]) if found else None
        if found and member:
            yield member[1] or _CMSIS_NN, member[2], int(found[1], 16), int(found[2], 16)


def model_sizes(map_path: Path, elf_path: Path) -> dict[str, Size]:
    """By library name without `libmcugen_` or `libmcugen-`: the models, the shared arena, and CMSIS-NN."""
    sections = read_sections(elf_path)
    sizes: dict[str, Size] = {}
    for name, source, address, size in contributions(map_path, {s.name for s in sections}):
        section = next((s for s in sections if s.start <= address < s.start + s.size), None)
        if section is not None:
            known = sizes.get(name, Size())
            flash, ram = size * section.in_flash, size * section.in_ram
            if source == f"{name}_model":
                sizes[name] = replace(known, descriptor=known.descriptor + flash)
            else:
                sizes[name] = replace(known, flash=known.flash + flash, ram=known.ram + ram)
    return sizes


def read_manifests(models: Path) -> dict[str, dict[str, Any]]:
    """The manifests of the image's models by name; `models` is the list that the CMake functions write."""
    folders = [Path(line) for line in models.read_text().splitlines() if line] if models.is_file() else []
    return {m["name"]: m for m in (json.loads((f / "mcugen.json").read_text()) for f in folders)}


def report(models: Path, map_path: Path, elf_path: Path) -> list[dict[str, Any]]:
    """A row for each model: bytes as linked, and what its manifest says."""
    manifests, sizes = read_manifests(models), model_sizes(map_path, elf_path)
    rows = []
    for name, manifest in manifests.items():
        size, memory = sizes.get(name, Size()), manifest["memory"]
        rows.append(
            {
                "model": name,
                "flash_bytes": size.flash,
                "constant_bytes": memory["constant_bytes"],
                "ram_bytes": size.ram,
                "descriptor_bytes": size.descriptor,
                "arena_bytes": memory["arena_bytes"],
                "macs": manifest["macs"],
                "kernels": manifest["options"]["kernels"],
            }
        )
    if _SHARED_ARENA in sizes:
        rows.append({"model": "shared arena", "flash_bytes": 0, "ram_bytes": sizes[_SHARED_ARENA].ram})
    if _CMSIS_NN in sizes:
        rows.append({"model": _CMSIS_NN, "flash_bytes": sizes[_CMSIS_NN].flash, "ram_bytes": sizes[_CMSIS_NN].ram})
    return rows


_COLUMNS = {
    "flash_bytes": "flash",
    "constant_bytes": "constants",
    "ram_bytes": "RAM",
    "arena_bytes": "arena",
    "descriptor_bytes": "descriptor",
}


def table(rows: list[dict[str, Any]]) -> str:
    """The rows for people, in the style of the linker's table of memories.

    Flash is code and constants; the descriptor, with its test vectors if it has any, comes on top.
    """
    lines = ["mcugen model        " + "".join(f"{title:>12}" for title in _COLUMNS.values())]
    for row in rows:
        cells = [f"{row[key]} B" if key in row else "" for key in _COLUMNS]
        lines.append((f"{row['model']:<20}" + "".join(f"{cell:>12}" for cell in cells)).rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--models", type=Path, required=True, help="list of the models' folders, one a line")
    parser.add_argument("--map", type=Path, required=True, help="the linker's map of the image")
    parser.add_argument("--elf", type=Path, help="the image; default: beside the map")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    rows = report(arguments.models, arguments.map, arguments.elf or arguments.map.with_suffix(".elf"))
    if arguments.json:
        json.dump({"models": rows}, sys.stdout)
    elif rows:
        print(table(rows))


if __name__ == "__main__":
    main()
