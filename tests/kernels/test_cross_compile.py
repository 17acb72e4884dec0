"""The kernel library under GCC and clang: no warning on any core, no name twice, no calls but memcpy, memset."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mcugen.graph.graph import Graph
from mcugen.kernels import portable
from mcugen.kernels.base import C_TYPES, Invocation, Kernel, ParamValue
from mcugen.resources import data_folder
from tests.graph.strategies import Case
from tests.kernels.checking import CORTEX_M3, cases_for

GCC, NM, CLANG = "arm-none-eabi-gcc", "arm-none-eabi-nm", "clang"
pytestmark = pytest.mark.skipif(shutil.which(GCC) is None, reason=f"{GCC} is not installed")

CORES = ["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"]
FLAGS = ["-mthumb", "-O2", "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wundef", "-Wshadow", "-Werror"]


needs_clang = pytest.mark.skipif(shutil.which(CLANG) is None, reason=f"{CLANG} is not installed")
COMPILERS = [GCC, pytest.param(CLANG, marks=needs_clang)]


def c_library() -> str:
    """Headers of the cross compiler's C library."""
    words = subprocess.run([GCC, "-E", "-v", "-xc", "/dev/null"], capture_output=True, text=True).stderr
    folders = words.partition("search starts here:\n")[2].partition("End of search")[0].replace("#include <...> ", "")
    return next(f.strip() for f in folders.splitlines() if (Path(f.strip()) / "string.h").is_file())


def compile_c(core: str, text: str, folder: Path, compiler: str = GCC) -> Path:
    library = data_folder("kernels_cmsis")
    source, target = folder / "kernels.c", folder / "kernels.o"
    source.write_text(text)
    program = [GCC] if compiler == GCC else [CLANG, "--target=arm-none-eabi", f"-isystem{c_library()}"]
    command = [*program, f"-mcpu={core}", *FLAGS, f"-I{library}", f"-I{library}/include", "-c", source, "-o", target]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return target


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("core", CORES)
def test_all_kernels_compile_together_without_warnings(core: str, compiler: str, tmp_path: Path) -> None:
    """A schedule includes its kernels into one file, whichever libraries they are from."""
    library = data_folder("kernels_cmsis")
    names = ("portable", "armv6m", "armv7m", "dsp", *(["mve"] if core == "cortex-m55" else []))
    sources = [p.relative_to(library) for name in names for p in sorted((library / name).rglob("*.c"))]
    assert len(sources) > 20
    compile_c(core, "".join(f'#include "{p}"\n' for p in sources), tmp_path, compiler)


def c_value(value: ParamValue) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(map(c_value, value)) + "}"
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


class Typed(NamedTuple):
    """An invocation, and the C types of its inputs and outputs."""

    invocation: Invocation
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def typed(invocation: Invocation, graph: Graph) -> Typed:
    def c_type(name: str) -> str:
        return "int8_t" if invocation.as_bytes else C_TYPES[graph.tensor(name).dtype]

    return Typed(invocation, tuple(map(c_type, invocation.inputs)), tuple(map(c_type, invocation.outputs)))


def instance(number: int, case: Typed) -> str:
    """A function with constant parameters, as a schedule has it."""
    invocation = case.invocation
    inputs = [f"input{i}" for i in range(len(invocation.inputs))]
    constants = [f"constant{i}" for i in range(len(invocation.constants))]
    outputs = [f"output{i}" for i in range(len(invocation.outputs))]
    parameters = [f"const {t} *{n}" for t, n in zip(case.inputs, inputs, strict=True)]
    types = ["int8_t" if invocation.as_bytes else f"{c.data.dtype}_t" for c in invocation.constants]
    parameters += [f"const {t} *{n}" for t, n in zip(types, constants, strict=True)]
    parameters += [f"{t} *{n}" for t, n in zip(case.outputs, outputs, strict=True)]
    parameters += ["void *scratch"] * bool(invocation.scratch_bytes)
    arguments = ["&params", *inputs, *constants, *outputs] + ["scratch"] * bool(invocation.scratch_bytes)
    fields = ", ".join(f".{name} = {c_value(value)}" for name, value in invocation.params.items())
    return f"""
void instance{number}({", ".join(parameters)});
void instance{number}({", ".join(parameters)})
{{
    static const struct {invocation.params_type} params = {{{fields}}};
    {invocation.function}({", ".join(arguments)});
}}
"""


def some_of(kernel: Kernel, count: int, examples: int) -> list[Typed]:
    """What the kernel makes of the graphs that it takes among so many random ones, at most `count`."""
    found: list[Typed] = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases_for(kernel))
    def property_(case: Case) -> None:
        (op,) = case.graph.operators
        if len(found) < count and kernel.takes(op, case.graph, CORTEX_M3):
            found.append(typed(kernel.invoke(op, case.graph), case.graph))

    property_()
    return found


@cache
def invocations(count: int) -> list[Typed]:
    """Of each portable kernel, at most `count`."""
    found = []
    for kernel in portable.KERNELS:
        # Kernels for special cases take one in many.
        some = some_of(kernel, count, 2 * count) or some_of(kernel, count, 20 * count)
        assert some, kernel.name
        found += some
    return found


def instances(count: int) -> str:
    """A translation unit with all of them."""
    found = invocations(count)
    text = "".join(f'#include "{s}"\n' for s in sorted({i.invocation.source for i in found}))
    return text + "".join(instance(n, i) for n, i in enumerate(found))


COUNTS = pytest.mark.parametrize("count", [1, pytest.param(4, marks=pytest.mark.slow)])


@COUNTS
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3"])
def test_kernels_call_only_memcpy_and_memset(core: str, count: int, tmp_path: Path) -> None:
    binary = compile_c(core, instances(count), tmp_path)
    result = subprocess.run([NM, "--undefined-only", "--format=just-symbols", binary], capture_output=True, text=True)
    symbols = set(result.stdout.split())
    # __aeabi_ and __gnu_ functions are the compiler's own arithmetic.
    called = {s for s in symbols if not s.startswith(("__aeabi_", "__gnu_"))}
    assert called <= {"memcpy", "memset"}, called
    assert "memmove" not in symbols and not {s for s in symbols if s.startswith("__aeabi_mem")}


@needs_clang
@COUNTS
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3", "cortex-m55"])
def test_kernels_with_constant_parameters_compile_with_clang(core: str, count: int, tmp_path: Path) -> None:
    compile_c(core, instances(count), tmp_path, CLANG)
