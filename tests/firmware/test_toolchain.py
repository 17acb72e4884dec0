"""Compiler flags against what the compiler itself says it will generate."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from mcugen.boards import Cpu, list_boards
from mcugen.errors import CheckFailedError, MissingToolError
from mcugen.firmware import cpu_flags, find_toolchain


def predefined(cpu: Cpu) -> dict[str, str]:
    gcc = find_toolchain().gcc
    text = subprocess.run(
        [str(gcc), *cpu_flags(cpu), "-dM", "-E", "-x", "c", "/dev/null"], capture_output=True, text=True, check=True
    ).stdout
    return dict(line.split(maxsplit=2)[1:] for line in text.splitlines() if len(line.split(maxsplit=2)) == 3)


ARCHITECTURES = {
    "cortex-m0": "6",
    "cortex-m0plus": "6",
    "cortex-m3": "7",
    "cortex-m4": "7",
    "cortex-m7": "7",
    "cortex-m33": "8",
    "cortex-m52": "8",
    "cortex-m55": "8",
    "cortex-m85": "8",
}

CPUS = [
    *dict.fromkeys(dataclasses.replace(b.cpu, clock_hz=1) for b in list_boards()),
    Cpu("cortex-m4", True, "none", "none", 1),
    Cpu("cortex-m7", True, "none", "none", 1),
    Cpu("cortex-m33", False, "single", "none", 1),
    Cpu("cortex-m33", True, "none", "none", 1),
    Cpu("cortex-m52", True, "double", "float", 1),
    Cpu("cortex-m52", True, "none", "integer", 1),
    Cpu("cortex-m55", True, "none", "none", 1),
    Cpu("cortex-m55", True, "double", "none", 1),
    Cpu("cortex-m55", True, "double", "integer", 1),
    Cpu("cortex-m55", True, "none", "integer", 1),
    Cpu("cortex-m85", True, "none", "none", 1),
    Cpu("cortex-m85", True, "double", "integer", 1),
]


@pytest.mark.emulator
@pytest.mark.parametrize("cpu", CPUS, ids=lambda c: f"{c.core}-{c.dsp}-{c.fpu}-{c.mve}")
def test_flags_give_exactly_the_cores_instructions(cpu: Cpu) -> None:
    macros = predefined(cpu)
    assert macros["__ARM_ARCH"] == ARCHITECTURES[cpu.core]
    assert "__thumb__" in macros
    assert ("__ARM_FEATURE_DSP" in macros) == cpu.dsp
    # Bits of __ARM_FP: 1 half, 2 single, 3 double precision. __ARM_FEATURE_MVE: 1 integer, 2 float.
    precision = int(macros.get("__ARM_FP", "0"), 0)
    assert (precision >> 2 & 1, precision >> 3 & 1) == (cpu.fpu != "none", cpu.fpu == "double")
    assert int(macros.get("__ARM_FEATURE_MVE", "0")) == {"none": 0, "integer": 1, "float": 3}[cpu.mve]
    assert ("__ARM_PCS_VFP" in macros) == (cpu.fpu != "none" or cpu.mve != "none")


def test_missing_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="apt-get install gcc-arm-none-eabi") as caught:
        find_toolchain()
    assert caught.value.exit_code == 3


@pytest.mark.emulator
def test_missing_library_says_what_to_install(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("#include <string.h>\n")
    with pytest.raises(MissingToolError, match="libnewlib-arm-none-eabi"):
        find_toolchain().compile(
            source, tmp_path / "a.o", ["-mcpu=cortex-m4", "-nostdinc", f"-I{tmp_path}"], cwd=tmp_path
        )


@pytest.mark.emulator
def test_code_that_does_not_compile_is_shown(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int f(void) { return nonsense; }\n")
    with pytest.raises(CheckFailedError, match=r"a.c does not compile:\n.*'nonsense' undeclared"):
        find_toolchain().compile(source, tmp_path / "a.o", ["-mcpu=cortex-m4"], cwd=tmp_path)
