"""Every kernel, in every form that it has, by GCC and clang, for this machine and for cores: C11 without a warning."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcugen.resources import data_folder

WARNINGS = "-std=c11 -fsyntax-only -Wall -Wextra -Wconversion -Wpedantic -Werror".split()
COMPILERS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "arm-none-eabi-gcc": ["arm-none-eabi-gcc"],
    "clang for Arm": ["clang", "--target=arm-none-eabi", "-isystem", "/usr/include/newlib"],
}
HOST = ("portable", "dsp", "mve")
CASES = [
    *((name, (), HOST) for name in ("gcc", "clang")),
    *(
        (name, flags, folders)
        for name in ("arm-none-eabi-gcc", "clang for Arm")
        for flags, folders in (
            (("-mcpu=cortex-m0plus",), ("portable",)),
            (("-mcpu=cortex-m3",), ("portable",)),
            (("-mcpu=cortex-m4", "-mfloat-abi=hard"), ("portable", "dsp")),
            (("-mcpu=cortex-m7", "-mfloat-abi=hard", "-DMCUGEN_WIDE_BUS=1"), ("portable", "dsp")),
            (("-mcpu=cortex-m55", "-mfloat-abi=hard"), HOST),
        )
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("compiler", "target", "folders"), CASES)
def test_every_kernel(compiler: str, target: Sequence[str], folders: Sequence[str]) -> None:
    command, library = COMPILERS[compiler], data_folder("kernels_cmsis")
    if shutil.which(command[0]) is None or not all(Path(p).exists() for p in command[1:] if p.startswith("/")):
        pytest.skip(f"needs {' '.join(command)}")
    sources = sorted(str(path.relative_to(library)) for folder in folders for path in (library / folder).rglob("*.c"))
    assert len(sources) > 40
    thumb = ["-mthumb"] if target else []
    done = subprocess.run(
        [*command, *thumb, *target, *WARNINGS, "-I.", "-Iinclude", *sources],
        cwd=library,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr[:3000]
