"""What is in a linked Zephyr image: the module's part of it, all of it, and no heap."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from mcugen.firmware.elf import Elf

# What hands out memory at run time: of the C library, of the kernel, and below them.
ALLOCATORS = (
    "malloc",
    "calloc",
    "realloc",
    "aligned_alloc",
    "_malloc_r",
    "k_malloc",
    "k_calloc",
    "k_heap_alloc",
    "sys_heap_alloc",
    "z_thread_malloc",
    "z_thread_aligned_alloc",
)

_OF_NPU_DRIVER = ("k_malloc", "sys_heap_alloc")

# GNU ld's map: " .text.name  0xaddress  0xsize archive(member)", broken after a long name.
_INPUT = re.compile(r"^ (\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
_OUTPUT = re.compile(r"^([^\s*/]\S*)(?:\s|$)")
_MEMBER = re.compile(r"([^()]+)\([^()]+\)$")


@dataclass(frozen=True)
class LibrarySize:
    """Bytes of one or several static libraries in an image, without padding.

    Attributes:
        flash_bytes: code, constants, and initial values of variables.
        ram_bytes: variables.
    """

    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class _Section:
    writable: bool
    stored: bool


def library_size(elf: Path, link_map: Path, archives: Collection[str]) -> LibrarySize:
    """Sums the input sections that the linker took from some archives.

    Args:
        link_map: the linker's map of that very image.
        archives: file names, such as {"libmcugen_kws.a"}.
    """
    sections = _loaded_sections(elf)
    flash = ram = 0
    output: _Section | None = None
    text = link_map.read_text(errors="replace")
    # Discarded sections are listed before this line.
    body = re.sub(r"\n (\S+)\n +0x", r"\n \1 0x", text[text.index("Linker script and memory map") :])
    for line in body.splitlines():
        named = _OUTPUT.match(line)
        if named:
            output = sections.get(named[1])
            continue
        found = _INPUT.match(line)
        member = _MEMBER.search(found[4]) if found and output else None
        if found is None or member is None or output is None or PurePosixPath(member[1]).name not in archives:
            continue
        size = int(found[3], 16)
        flash += size if output.stored else 0
        ram += size if output.writable else 0
    return LibrarySize(flash, ram)


def _loaded_sections(elf: Path) -> Mapping[str, _Section]:
    with elf.open("rb") as file:
        return {
            section.name: _Section(bool(section["sh_flags"] & SH_FLAGS.SHF_WRITE), section["sh_type"] != "SHT_NOBITS")
            for section in ELFFile(file).iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC
        }


def allocators(elf: Elf, *, npu: bool = False) -> list[str]:
    """The functions in the image that hand out memory at run time; none of them: the heap is unused.

    Args:
        npu: leave out those that Zephyr's driver of an NPU makes its semaphores and mutex with, when it starts.
    """
    expected = _OF_NPU_DRIVER if npu else ()
    return [n for n in ALLOCATORS if n in elf.symbols and elf.symbols[n].is_function and n not in expected]


def heap_size(elf: Elf) -> int:
    """Bytes of the kernel's heap (CONFIG_HEAP_MEM_POOL_SIZE and what is added to it), 0 without one."""
    found = elf.symbols.get("kheap__system_heap")
    return found.size if found is not None else 0
