"""The Helium kernels compile without a warning for every core that has it and with every usual optimization."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mcugen.boards.board import Cpu
from mcugen.firmware.toolchain import cpu_flags, find_toolchain
from mcugen.resources import data_folder
from tests.kernels.dsp.test_counts import _collect
from tests.kernels.mve.cases import CASES, CORTEX_M55, CORTEX_M55_INTEGER, supports
from tests.kernels.test_cross_compile import CLANG, Typed, c_library, instance, typed

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

CORES = {
    "m55": CORTEX_M55,
    "m55 integer": CORTEX_M55_INTEGER,
    "m85": Cpu("cortex-m85", True, "double", "float", 480_000_000),
}


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Typed]]:
    """A few instances of every kernel, with constant parameters as a schedule has them."""
    found = {}
    for name, (kernel, strategy) in CASES.items():
        graphs = [case.graph for case in _collect(strategy, 20)]
        invocations = [typed(kernel.invoke(g.operators[0], g), g) for g in graphs if supports(kernel, g)]
        assert invocations, name
        found[name] = invocations[:2]
    return found


def _program(cases: dict[str, list[Typed]], without: tuple[str, ...] = ()) -> str:
    chosen = [case for name, some in cases.items() if name not in without for case in some]
    sources = sorted({c.invocation.source for c in chosen})
    return "".join(f'#include "{s}"\n' for s in sources) + "".join(instance(n, c) for n, c in enumerate(chosen))


def _compile(command: list[str], text: str, folder: Path) -> None:
    library = data_folder("kernels_cmsis")
    (folder / "kernels.c").write_text(text)
    command = [*command, "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wundef", "-Wshadow", "-Werror"]
    command += [f"-I{library}", f"-I{library / 'include'}", "-c", "kernels.c", "-o", "kernels.o"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("flags", ["-O0", "-Og", "-Os", "-O2", "-O3", "-O2 -fno-omit-frame-pointer"])
def test_compiles_with_every_optimization(core: str, flags: str, cases: dict[str, list[Typed]], tmp_path: Path) -> None:
    gcc = str(find_toolchain().gcc)
    # Recurrent kernels of all libraries hand over a function, which -Og does not follow.
    recurrent = ("lstm", "gru", "rnn")
    without = tuple(name for name in CASES if name.partition(",")[0] in recurrent) if flags == "-Og" else ()
    _compile([gcc, *cpu_flags(CORES[core]), *flags.split()], _program(cases, without), tmp_path)


@pytest.mark.skipif(shutil.which(CLANG) is None, reason=f"{CLANG} is not installed")
def test_compiles_with_clang(cases: dict[str, list[Typed]], tmp_path: Path) -> None:
    flags = ["--target=arm-none-eabi", f"-isystem{c_library()}", "-mcpu=cortex-m55", "-mfloat-abi=hard", "-mthumb"]
    _compile([CLANG, *flags, "-O2"], _program(cases), tmp_path)
