"""CMake packages, found and built by CMake: from sources, installed, fetched, for the workstation and for a core."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("cmake") is None, reason="needs CMake")

MAIN = """#include <kinds.h>
#include <tiny.h>
#include <cstdio>
int main()
{
    static int8_t image[TINY_INPUT_0_ELEMENTS], scores[TINY_OUTPUT_0_ELEMENTS];
    std::printf("%d %d\\n", tiny_run(image, scores), static_cast<int>(kinds_model.input_count));
    return 0;
}
"""
# C++ as strict as it gets, for the headers; the modules' own C likewise.
STRICT = "-Wall -Wextra -Wpedantic -Werror"
FIND = """find_package(tiny 1.0 CONFIG REQUIRED)
find_package(kinds CONFIG REQUIRED)
"""
FETCH = """include(FetchContent)
FetchContent_Declare(tiny URL {tiny})
FetchContent_Declare(kinds URL {kinds})
FetchContent_MakeAvailable(tiny kinds)
"""


def cmake(*arguments: str | Path) -> str:
    done = subprocess.run(["cmake", *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def application(folder: Path, how: str, more: str = "") -> Path:
    """An application of both models, in C++."""
    folder.mkdir()
    (folder / "main.cpp").write_text(MAIN)
    (folder / "CMakeLists.txt").write_text(
        f"""cmake_minimum_required(VERSION 3.20)
project(application CXX)
{how}
add_executable(application main.cpp)
target_compile_features(application PRIVATE cxx_std_17)
target_link_libraries(application PRIVATE tiny::tiny kinds::kinds)
{more}"""
    )
    return folder


def prefix(packages: dict[str, Path]) -> str:
    return "-DCMAKE_PREFIX_PATH=" + ";".join(str(packages[name] / "cmake") for name in ("tiny", "kinds"))


def build_and_run(source: Path, build: Path, *options: str) -> str:
    cmake("-S", source, "-B", build, "-DCMAKE_C_FLAGS=" + STRICT, "-DCMAKE_CXX_FLAGS=" + STRICT, *options)
    cmake("--build", build, "-j", "2")
    return subprocess.run([build / "application"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "compilers", [("clang", "clang++"), pytest.param(("gcc", "g++"), marks=pytest.mark.slow)], ids=lambda c: c[0]
)
def test_two_models_in_one_cpp_application(
    packages: dict[str, Path], tmp_path: Path, compilers: tuple[str, str]
) -> None:
    if any(shutil.which(name) is None for name in compilers):
        pytest.skip(f"needs {' and '.join(compilers)}")
    source = application(tmp_path / "application", FIND)
    chosen = [f"-DCMAKE_C_COMPILER={compilers[0]}", f"-DCMAKE_CXX_COMPILER={compilers[1]}"]
    assert build_and_run(source, tmp_path / "build", prefix(packages), *chosen) == "0 9\n"


@pytest.mark.slow
@pytest.mark.parametrize("link_time", ["ON", "OFF"])
@pytest.mark.parametrize("optimization", ["-O0", "-Os", "-O2", "-O3"])
def test_link_time_optimization(packages: dict[str, Path], tmp_path: Path, optimization: str, link_time: str) -> None:
    source = application(tmp_path / "application", FIND)
    options = [f"-DCMAKE_INTERPROCEDURAL_OPTIMIZATION={link_time}", "-DCMAKE_POLICY_DEFAULT_CMP0069=NEW"]
    kind = [f"-DCMAKE_{language}_FLAGS_RELEASE={optimization}" for language in ("C", "CXX")]
    found = build_and_run(source, tmp_path / "build", prefix(packages), "-DCMAKE_BUILD_TYPE=Release", *options, *kind)
    assert found == "0 9\n"


@pytest.mark.slow
def test_fetched(packages: dict[str, Path], tmp_path: Path) -> None:
    """From an archive of the package; a folder has no address for FetchContent's `URL`."""
    archives = {
        name: shutil.make_archive(str(tmp_path / name), "zip", packages[name] / "cmake", name)
        for name in ("tiny", "kinds")
    }
    source = application(tmp_path / "application", FETCH.format(**archives))
    assert build_and_run(source, tmp_path / "build") == "0 9\n"


@pytest.mark.slow
def test_added_as_folders(packages: dict[str, Path], tmp_path: Path) -> None:
    folders = "\n".join(f'add_subdirectory("{packages[name] / "cmake" / name}" {name})' for name in ("tiny", "kinds"))
    source = application(tmp_path / "application", folders, "install(TARGETS application)\n")
    assert build_and_run(source, tmp_path / "build") == "0 9\n"
    cmake("--install", tmp_path / "build", "--prefix", tmp_path / "installed")
    assert [p.name for p in (tmp_path / "installed").rglob("*") if p.is_file()] == ["application"]


@pytest.mark.slow
def test_installed(packages: dict[str, Path], tmp_path: Path) -> None:
    """Two packages under one prefix, without their sources."""
    for name in ("tiny", "kinds"):
        own = packages[name] / "cmake" / name
        copied = shutil.copytree(own, tmp_path / "copied" / name)
        cmake("-S", copied, "-B", tmp_path / name, "-DCMAKE_BUILD_TYPE=Release")
        cmake("--build", tmp_path / name)
        done = subprocess.run(["ctest", "--test-dir", tmp_path / name], capture_output=True, text=True, check=False)
        assert "100% tests passed, 0 tests failed out of 2" in done.stdout, done.stdout
        cmake("--install", tmp_path / name, "--prefix", tmp_path / "installed")
    shutil.rmtree(tmp_path / "copied")
    texts = [p.read_text() for p in (tmp_path / "installed").rglob("*.cmake")]
    assert texts and not any(str(tmp_path) in text for text in texts)
    source = application(tmp_path / "application", FIND)
    found = build_and_run(source, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'installed'}")
    assert found == "0 9\n"


@pytest.mark.slow
def test_for_a_core(packages: dict[str, Path], tmp_path: Path) -> None:
    """Cross-compiled with the application's toolchain file."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    (tmp_path / "arm.cmake").write_text(
        """set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m33 -mthumb")
set(CMAKE_EXE_LINKER_FLAGS_INIT "--specs=rdimon.specs")
"""
    )
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "main.c").write_text(
        "#include <tiny.h>\nint main(void)\n{\n    static int8_t x[90], y[3];\n    return tiny_run(x, y);\n}\n"
    )
    (folder / "CMakeLists.txt").write_text(
        """cmake_minimum_required(VERSION 3.20)
project(application C)
find_package(tiny CONFIG REQUIRED)
add_executable(application main.c)
target_link_libraries(application PRIVATE tiny::tiny)
"""
    )
    own = f"-DCMAKE_PREFIX_PATH={packages['tiny'] / 'cmake'}"
    # A toolchain file may say that packages are for the target alone.
    cmake("-S", folder, "-B", tmp_path / "build", own, f"-DCMAKE_TOOLCHAIN_FILE={tmp_path / 'arm.cmake'}")
    cmake("--build", tmp_path / "build")
    assert (tmp_path / "build" / "application").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "taken"), [("1", True), ("1.0.0", True), ("1.1", False), ("2", False), ("0.9", False)]
)
def test_versions(packages: dict[str, Path], tmp_path: Path, wanted: str, taken: bool) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.20)\nproject(application C)\nfind_package(tiny {wanted} CONFIG)\n"
        "file(WRITE ${CMAKE_BINARY_DIR}/found ${tiny_FOUND})\n"
    )
    cmake("-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={packages['tiny'] / 'cmake'}")
    assert ((tmp_path / "build" / "found").read_text() == "1") == taken
