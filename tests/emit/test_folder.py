"""What lies beside a module's sources works as its README says: `make test`, the example, CTest, a C++ application."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import mcugen
from mcugen import api
from tests.emit.program import SANITIZERS
from tests.emit.test_golden import tiny

STRICT = "-Wconversion -Wpedantic -Werror"
BOARDS = ("nrf5340dk", "mps2_an385", "nucleo_h743zi", "mps3_an547")


def emitted(folder: Path, board: str) -> Path:
    path = folder / "my modules" / "tiny"
    api.compile(tiny(), api.Options(board=board)).write(path)
    return path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", folder, *arguments], capture_output=True, text=True, timeout=600, check=False)


def check_vectors_and_example(folder: Path, compiler: str, flags: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    done = make(folder, "test", "example", f"CC={compiler}", f"CFLAGS={STRICT} {flags}")
    assert done.returncode == 0, done.stderr
    assert "tiny: 2 of 2 vectors match\n" in done.stdout
    assert "scores:\n  [1] 0.832031\n" in done.stdout


def test_gcc(tmp_path: Path) -> None:
    flags = " ".join(("-O1", *SANITIZERS["gcc"]))
    folder = emitted(tmp_path, "nrf5340dk")
    check_vectors_and_example(folder, "gcc", flags)
    again = make(folder, "test", "CC=gcc", f"CFLAGS={STRICT} {flags}")
    assert again.returncode == 0 and " -c " not in again.stdout, "built again"
    # A folder that was used can be emitted to.
    emitted(tmp_path, "mps2_an385")


def test_clang(tmp_path: Path) -> None:
    """Kernels for Helium, in the C beside them."""
    check_vectors_and_example(emitted(tmp_path, "mps3_an547"), "clang", "-O0")


@pytest.mark.parametrize(
    "board", ["mps3_an547", *(pytest.param(board, marks=pytest.mark.slow) for board in BOARDS if board != "mps3_an547")]
)
def test_the_page_means_what_it_says(tmp_path: Path, board: str) -> None:
    """Its C compiles, and its line for the cross compiler works as it stands."""
    folder = emitted(tmp_path, board)
    page = (folder / "README.md").read_text()
    (snippet,) = re.findall(r"```c\n(.*?)```", page, re.DOTALL)
    (tmp_path / "snippet.c").write_text(snippet)
    strict = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Iinclude"]
    subprocess.run(["gcc", *strict, "-c", tmp_path / "snippet.c", "-o", tmp_path / "a.o"], cwd=folder, check=True)
    (line,) = re.findall(r"^ {4}(arm-none-eabi-gcc .*)$", page, re.MULTILINE)
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    subprocess.run(line, shell=True, cwd=folder, check=True)
    assert len(list(folder.glob("*.o"))) == 4


@pytest.mark.parametrize("compiler", [pytest.param("gcc", marks=pytest.mark.slow), "clang"])
def test_sanitizers(tmp_path: Path, compiler: str) -> None:
    """As the folder's README says it; without the compiler's libraries the Makefile says what is missing."""
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    command = [compiler, "-fsanitize=undefined", "-x", "c", "-", "-o", "/dev/null"]
    probe = subprocess.run(command, input=b"int main(void) { return 0; }", capture_output=True, check=False)
    done = make(emitted(tmp_path, "mps2_an385"), "test", f"CC={compiler}", "SANITIZE=undefined", "CFLAGS=-O0")
    if probe.returncode == 0:
        assert done.returncode == 0 and "tiny: 2 of 2 vectors match\n" in done.stdout, done.stderr
    else:
        assert done.returncode == 2 and f"{compiler} has no libraries for -fsanitize=undefined" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_every_kind_of_core(tmp_path: Path, compiler: str, board: str) -> None:
    flags = " ".join(("-O2", *SANITIZERS[compiler]))
    check_vectors_and_example(emitted(tmp_path, board), compiler, flags)


@pytest.mark.slow
@pytest.mark.parametrize("level", ["-O1", "-O2", "-Os", "-O3"])
def test_windows_in_pieces_under_gccs_sanitizers(tmp_path: Path, level: str) -> None:
    """Rows of 15 bytes: words that begin in one row of a window and end in the next. GCC took their copies, unrolled,
    for writes into variables that were gone."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Conv1d(3, 12, 5, stride=2, padding=2), torch.nn.ReLU())
    samples = np.random.default_rng(1).normal(size=(4, 3, 64)).astype(np.float32)
    folder = tmp_path / "windows"
    mcugen.compile(model.eval(), board="nrf5340dk", calibration=samples).write(folder)
    done = make(folder, "test", "CC=gcc", "SANITIZE=address,undefined", f"CFLAGS={level}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_another_constant_fails(tmp_path: Path) -> None:
    folder = emitted(tmp_path, "mps2_an385")
    weights = folder / "src" / "tiny_weights.c"
    lines = weights.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if "_classifier_bias[" in line) + 1
    lines[start] = "    90000," + lines[start].split(",", 1)[1]
    weights.write_text("\n".join(lines))
    done = make(folder, "test", "CFLAGS=-O0")
    assert done.returncode == 2
    assert "tiny: vector 0, output scores differs at byte" in done.stdout and "0 of 2 vectors match" in done.stdout


@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs CMake")
@pytest.mark.slow
def test_ctest(tmp_path: Path) -> None:
    folder = emitted(tmp_path, "nrf5340dk")
    for command in (
        ["cmake", "-S", folder, "-B", tmp_path / "build"],
        ["cmake", "--build", tmp_path / "build"],
        ["ctest", "--test-dir", tmp_path / "build"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "100% tests passed, 0 tests failed out of 2" in done.stdout


@pytest.mark.parametrize("compiler", ["g++", pytest.param("clang++", marks=pytest.mark.slow)])
def test_part_of_a_cpp_application(tmp_path: Path, compiler: str) -> None:
    """With link-time optimization where GCC has it, and without."""
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    folder = emitted(tmp_path, "nrf5340dk")
    (tmp_path / "main.cpp").write_text(
        """#include "tiny.h"
#include <vector>
int main()
{
    std::vector<float> values(TINY_INPUT_0_ELEMENTS, 1.0f);
    std::vector<int8_t> input(values.size()), output(TINY_OUTPUT_0_ELEMENTS);
    tiny_quantize_input(values.data(), input.data());
    static_assert(TINY_INPUT_0_SCALE > 0, "a number");
    return tiny_run(input.data(), output.data()) != MCUGEN_OK || tiny_argmax_output(output.data()) > 2;
}
"""
    )
    link_time = ["-flto"] if compiler == "g++" else []
    done = make(folder, "lib", f"CC={'gcc' if compiler == 'g++' else 'clang'}", f"CFLAGS=-O0 {' '.join(link_time)}")
    assert done.returncode == 0, done.stderr
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *link_time, f"-I{folder / 'include'}"]
    library = folder / "build" / "libtiny.a"
    subprocess.run([compiler, *flags, tmp_path / "main.cpp", library, "-o", tmp_path / "app"], check=True)
    subprocess.run([tmp_path / "app"], check=True)
