"""The cross compiler: where it is, and its flags for a core."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards.board import Cpu
from mcugen.borders.programs import run_program
from mcugen.errors import CheckFailedError, DoesNotFitError, MissingToolError

_INSTALL = "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"
_TIMEOUT_SECONDS = 600

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
SECTIONS = ("-ffunction-sections", "-fdata-sections")

# GCC's -mcpu means the core with all its options; these suffixes take away what a board's core lacks.
_WITHOUT_DSP = {"cortex-m33": "+nodsp"}
_FPU_SUFFIX = {
    ("cortex-m4", "none"): "+nofp",
    ("cortex-m7", "none"): "+nofp",
    ("cortex-m7", "single"): "+nofp.dp",
    ("cortex-m33", "none"): "+nofp",
    ("cortex-m55", "none"): "+nofp",
}
_MVE_SUFFIX = {("cortex-m55", "none"): "+nomve", ("cortex-m55", "integer"): "+nomve.fp"}

# GCC knows these from releases 13 and 14 on, their architecture before. No pointer authentication: no emulator has it.
_BY_ARCHITECTURE = ("cortex-m52", "cortex-m85")
_V81_ARCHITECTURE = "-march=armv8.1-m.main+dsp"
_V81_FPU = {"none": "", "single": "+fp", "double": "+fp.dp"}
_V81_MVE = {"none": "", "integer": "+mve", "float": "+mve.fp"}


def cpu_flags(cpu: Cpu) -> tuple[str, ...]:
    """Compiler and linker flags that choose the core, its instructions and its calling convention."""
    if cpu.core in _BY_ARCHITECTURE:
        chosen = f"{_V81_ARCHITECTURE}{_V81_MVE[cpu.mve]}{_V81_FPU[cpu.fpu]}"
    else:
        dsp = "" if cpu.dsp else _WITHOUT_DSP.get(cpu.core, "")
        fpu = _FPU_SUFFIX.get((cpu.core, cpu.fpu), "")
        chosen = f"-mcpu={cpu.core}{_MVE_SUFFIX.get((cpu.core, cpu.mve), '')}{fpu}{dsp}"
    # Helium without floating point still passes arguments in vector registers.
    hard = cpu.fpu != "none" or cpu.mve != "none"
    return (chosen, "-mthumb", f"-mfloat-abi={'hard' if hard else 'soft'}")


@dataclass(frozen=True)
class Toolchain:
    """A GNU cross toolchain for Cortex-M."""

    gcc: Path

    def compile(self, source: Path, target: Path, flags: Sequence[str], *, cwd: Path) -> None:
        """One C file to one object.

        Raises:
            CheckFailedError: the file does not compile; the message has the compiler's words.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        result = self._run([*flags, "-c", str(source), "-o", str(target)], cwd)
        if result.returncode:
            _explain_missing_library(result.stderr)
            raise CheckFailedError(
                f"{source.name} does not compile:\n{_first_errors(result.stderr)}", where=str(source)
            )

    def archive(self, objects: Sequence[str], target: str, *, cwd: Path) -> None:
        """Objects to a static library.

        Raises:
            CheckFailedError: the archiver fails.
        """
        program = self.gcc.with_name(re.sub(r"gcc$", "ar", self.gcc.name))
        result = self._run(["rcsD", target, *objects], cwd, program)
        if result.returncode:
            raise CheckFailedError(f"{target} cannot be made:\n{_first_errors(result.stderr)}")

    def link(self, arguments: Sequence[str], *, cwd: Path) -> None:
        """Links; `arguments` as gcc takes them.

        Raises:
            DoesNotFitError: a memory overflows.
            CheckFailedError: any other fault.
        """
        result = self._run(arguments, cwd)
        if result.returncode:
            _explain_missing_library(result.stderr)
            overflow = re.findall(r"region [`']?(\w+)'? overflowed by (\d+) bytes", result.stderr)
            if overflow:
                raise MemoryOverflowError({name: int(excess) for name, excess in overflow})
            raise CheckFailedError(f"the firmware does not link:\n{_first_errors(result.stderr)}")

    def header_folders(self) -> list[Path]:
        """Where it looks for headers by itself."""
        words = self._run(["-E", "-v", "-x", "c", os.devnull], self.gcc.parent).stderr
        found = re.search(r"#include <\.\.\.> search starts here:\n(.*?)End of search list", words, re.DOTALL)
        return [Path(line.strip()) for line in found[1].splitlines()] if found else []

    def version(self) -> str:
        """Such as "arm-none-eabi-gcc 12.2.1"."""
        result = self._run(["-dumpfullversion"], self.gcc.parent)
        return f"{self.gcc.name} {result.stdout.strip()}"

    def _run(
        self, arguments: Sequence[str], cwd: Path, program: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        # LC_ALL: link errors are read above.
        command = [str(program or self.gcc), *arguments]
        return run_program(command, cwd, seconds=_TIMEOUT_SECONDS, environment={"LC_ALL": "C"})


class MemoryOverflowError(DoesNotFitError):
    """The linked firmware is larger than a memory. `excess`: bytes too many by linker region, CODE or DATA."""

    def __init__(self, excess: dict[str, int], *, where: str | None = None) -> None:
        names = {"CODE": "flash", "DATA": "RAM"}
        words = [f"{excess_bytes} bytes of {names.get(name, name)}" for name, excess_bytes in sorted(excess.items())]
        super().__init__(
            f"the module with its harness needs {' and '.join(words)} more than there are",
            where=where,
            hint="RAM holds the arena, the input and output buffers and at least 1 KB of stack; "
            "use a smaller model or a larger board",
        )
        self.excess = excess


def find_toolchain() -> Toolchain:
    """The arm-none-eabi-gcc on PATH.

    Raises:
        MissingToolError: there is none.
    """
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None:
        raise MissingToolError("arm-none-eabi-gcc, the cross compiler, is not installed", hint=_INSTALL)
    return Toolchain(Path(gcc))


def _explain_missing_library(stderr: str) -> None:
    if re.search(r"string\.h: No such file|cannot find -lc\b", stderr):
        raise MissingToolError("the C library of the cross compiler is not installed", hint=_INSTALL)


def _first_errors(stderr: str, limit: int = 12) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line or "undefined reference" in line] or lines
    return "\n".join(list(dict.fromkeys(errors))[:limit])
