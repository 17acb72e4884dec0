"""Modules by GCC and clang, for this machine and for cores, at every level of optimization, with link-time optimization
and without: no warning of `-Wpedantic`, and the same bits."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcugen import api
from tests.emit import program
from tests.emit.test_golden import tiny

LEVELS = ("-O0", "-Og", "-O1", "-Os", "-O2", "-O3")
BOARDS = ("microbit", "mps2_an385", "nrf5340dk", "nucleo_h743zi", "mps3_an547")
VECTORS = """#include "tiny.h"
#include <string.h>
int program(void)
{
    static int8_t scores[TINY_OUTPUT_0_SIZE];
    int8_t *const outputs[] = {scores};
    for (int32_t i = 0; i < tiny_model.vector_count; i++) {
        const struct mcugen_vector *const known = &tiny_model.vectors[i];
        memset(scores, 0x55, sizeof scores);
        const int status = tiny_model.run(tiny_model.arena, tiny_model.arena_bytes, known->inputs, outputs);
        if (status != MCUGEN_OK || memcmp(scores, known->outputs[0], sizeof scores) != 0) {
            return 1;
        }
    }
    const int8_t count = (int8_t)tiny_model.vector_count;
    give(&count, 1);
    return 0;
}
"""
# The same as part of an application in C++, with headers and calls as strict.
APPLICATION = """#include "tiny.h"
#include <cstring>
#include <vector>
int main()
{
    std::vector<float> values(TINY_INPUT_0_ELEMENTS, 1.0f), scores(TINY_OUTPUT_0_ELEMENTS);
    std::vector<int8_t> input(values.size()), output(scores.size());
    tiny_quantize_input(values.data(), input.data());
    if (tiny_run(input.data(), output.data()) != MCUGEN_OK || tiny_argmax_output(output.data()) > 2) {
        return 1;
    }
    tiny_dequantize_output(output.data(), scores.data());
    for (int32_t i = 0; i < tiny_model.vector_count; i++) {
        int8_t *const outputs[] = {output.data()};
        const mcugen_vector &known = tiny_model.vectors[i];
        if (tiny_model.run(tiny_model.arena, tiny_model.arena_bytes, known.inputs, outputs) != MCUGEN_OK ||
            std::memcmp(output.data(), known.outputs[0], output.size()) != 0) {
            return 1;
        }
    }
    return tiny_model.vector_count == 2 ? 0 : 1;
}
"""
CLANG_FOR_ARM = ("clang", "--target=arm-none-eabi", "-isystem", "/usr/include/newlib")


def slow(*values: object) -> object:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The module by board, emitted when it is first asked for."""

    class Emitted(dict[str, Path]):
        def __missing__(self, board: str) -> Path:
            self[board] = tmp_path_factory.mktemp("compilers") / board
            api.compile(tiny(), api.Options(board=board)).write(self[board])
            return self[board]

    return Emitted()


def need(*programs: str) -> None:
    for name in programs:
        if shutil.which(name) is None:
            pytest.skip(f"needs {name}")


def run(folder: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr[:3000]


CPP = [
    (c, cpp, level, link_time, "nrf5340dk")
    for c, cpp in (("gcc", "g++"), ("clang", "clang++"))
    for level in LEVELS
    for link_time in ((), ("-flto",))
]


@pytest.mark.parametrize(
    ("c", "cpp", "level", "link_time", "board"),
    [
        *(slow(*case) for case in CPP),
        *(
            slow(*compilers, "-O2", (), board)
            for compilers in (("gcc", "g++"), ("clang", "clang++"))
            for board in BOARDS
        ),
    ],
)
def test_in_an_application_of_cpp(
    modules: dict[str, Path], tmp_path: Path, c: str, cpp: str, level: str, link_time: Sequence[str], board: str
) -> None:
    need(c, cpp)
    module = modules[board]
    (tmp_path / "main.cpp").write_text(APPLICATION)
    flags = [level, *link_time, "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", f"-I{module / 'include'}"]
    sources = sorted((module / "src").glob("*.c"))
    run(tmp_path, c, "-std=c11", "-DTINY_VECTORS", *flags, "-c", *sources)
    objects = [f"{source.stem}.o" for source in sources]
    run(tmp_path, cpp, "-std=c++11", *flags, "main.cpp", *objects, "-o", "application")
    run(tmp_path, tmp_path / "application")


CORES = [
    (compiler, level, link_time, board)
    for board in BOARDS
    for compiler in ((), CLANG_FOR_ARM)
    for level in LEVELS
    for link_time in ((), ("-flto",))
    # An object of clang's with link-time optimization is for lld alone.
    if not (compiler and link_time)
]


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("compiler", "level", "link_time", "board"),
    [(CLANG_FOR_ARM, "-Os", (), "nrf5340dk"), *(slow(*case) for case in CORES)],
)
def test_on_the_core(
    modules: dict[str, Path],
    tmp_path: Path,
    compiler: Sequence[str],
    level: str,
    link_time: Sequence[str],
    board: str,
) -> None:
    need(*compiler[:1])
    if compiler and not Path(compiler[-1]).is_dir():
        pytest.skip("needs newlib's headers in /usr/include/newlib")
    flags = (level, *link_time, "-DTINY_VECTORS")
    found = program.on_target(modules[board], VECTORS, b"", tmp_path, board, "*.c", compiler, flags)
    assert found == b"\x02"
