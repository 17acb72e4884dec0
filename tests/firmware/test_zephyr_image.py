"""Sizes of libraries in a linked image, against binutils; functions that allocate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcugen.firmware import Elf
from mcugen.firmware.zephyr.image import LibrarySize, allocators, library_size

pytestmark = pytest.mark.emulator

GCC = "arm-none-eabi-gcc"
FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-O1", "-ffreestanding", "-ffunction-sections", "-fdata-sections"]
LONG = "a_function_whose_section_name_is_too_long_for_one_line_of_the_map"

MODEL = f"""
#include <stdint.h>
extern int other(int);
int32_t counter = 7;
static int8_t arena[1003];
const int32_t weights[25] = {{1, 2, 3}};
int unused(int x) {{ return x * 12345 + weights[x & 7]; }}
__attribute__((noinline)) int {LONG}(int x) {{ arena[x & 511]++; return weights[x % 25] + arena[x & 511]; }}
int run(int x) {{ counter++; return {LONG}(x) + other(x) + counter; }}
"""
OTHER = (
    "int other_table[11] = {1}; int other_zero[9]; int other(int x) { return other_table[x % 11] + other_zero[x % 9]; }"
)
START = "int run(int); int buffer[77]; void start(void) { buffer[3] = run(buffer[4]); for (;;) { } }"
SCRIPT = """
ENTRY(start)
SECTIONS {
    text 0x100 : { *(.text .text.*) }
    rodata : { *(.rodata .rodata.*) }
    datas 0x20000000 : AT(0x8000) { *(.data .data.*) }
    bss (NOLOAD) : { *(.bss .bss.* COMMON) }
    /DISCARD/ : { *(.ARM.exidx*) }
}
"""


def link(folder: Path, *, start: str = START) -> Path:
    """start.o with libmodel.a and libother.a; also writes image.map."""
    folder.mkdir(exist_ok=True)
    sources = {"model": MODEL, "other": OTHER, "start": start}
    for name, source in sources.items():
        (folder / f"{name}.c").write_text(source)
        subprocess.run([GCC, *FLAGS, "-c", f"{name}.c", "-o", f"{name}.o"], cwd=folder, check=True)
    for name in ("model", "other"):
        subprocess.run(["arm-none-eabi-ar", "rcs", f"lib{name}.a", f"{name}.o"], cwd=folder, check=True)
    (folder / "image.ld").write_text(SCRIPT)
    command = [GCC, *FLAGS, "-nostdlib", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", "-Timage.ld"]
    libraries = ["start.o", "libmodel.a", "libother.a", "-lgcc"]
    subprocess.run([*command, "-Wl,-Map=image.map", *libraries, "-o", "image.elf"], cwd=folder, check=True)
    return folder / "image.elf"


def symbol_sizes(elf: Path, names: list[str]) -> int:
    text = subprocess.run(["arm-none-eabi-nm", "-S", str(elf)], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    sizes = {row[3]: int(row[1], 16) for row in rows if len(row) == 4}
    return sum(sizes[name] for name in names)


def test_sizes_are_those_of_the_symbols(tmp_path: Path) -> None:
    elf = link(tmp_path)
    model = library_size(elf, tmp_path / "image.map", {"libmodel.a"})
    stored, kept = symbol_sizes(elf, ["run", LONG, "weights"]), symbol_sizes(elf, ["counter"])
    # The code of a function and its section are of one size, but for padding to its alignment.
    assert stored + kept <= model.flash_bytes <= stored + kept + 8
    assert model.ram_bytes == 4 + 1003
    other = library_size(elf, tmp_path / "image.map", {"libother.a"})
    assert other.ram_bytes == (11 + 9) * 4
    assert other.flash_bytes >= symbol_sizes(elf, ["other", "other_table"])
    both = library_size(elf, tmp_path / "image.map", {"libmodel.a", "libother.a"})
    assert both == LibrarySize(model.flash_bytes + other.flash_bytes, model.ram_bytes + other.ram_bytes)
    assert library_size(elf, tmp_path / "image.map", {"libabsent.a"}) == LibrarySize(0, 0)


def test_discarded_code_does_not_count(tmp_path: Path) -> None:
    elf = link(tmp_path)
    assert "unused" not in Elf(elf).symbols
    assert ".text.unused" in (tmp_path / "image.map").read_text()


def test_allocators_are_found(tmp_path: Path) -> None:
    heap = "__attribute__((noinline)) void *malloc(unsigned n) { return (char *)buffer + n; }\nint k_malloc = 3;\n"
    unused, used = tmp_path / "unused", tmp_path / "used"
    # Kept only where something calls it; a variable of such a name is none.
    assert allocators(Elf(link(unused, start=f"int buffer[77];{heap}{START}"))) == []
    calling = START.replace("for (;;)", "buffer[k_malloc] = *(int *)malloc(3); for (;;)")
    elf = Elf(link(used, start=f"int buffer[77];{heap}{calling}"))
    assert "k_malloc" in elf.symbols
    assert allocators(elf) == allocators(elf, npu=True) == ["malloc"]
    # Zephyr's driver of an NPU takes its semaphores from the kernel's heap.
    heap = "__attribute__((noipa)) void *k_malloc(unsigned n) { return (char *)buffer + n; }\n"
    calling = START.replace("for (;;)", "buffer[3] = *(int *)k_malloc(3); for (;;)")
    elf = Elf(link(tmp_path / "driver", start=f"int buffer[77];{heap}{calling}"))
    assert (allocators(elf), allocators(elf, npu=True)) == (["k_malloc"], [])
