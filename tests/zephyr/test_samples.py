"""The samples on every board, and twister over samples and test suites: long, for CI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate.renode_install import find_renode
from tests.zephyr.workspace import (
    MODULE,
    OTHER_BOARDS,
    QEMU_MACHINES,
    RISCV_BOARD,
    Workspace,
    run_image,
    run_image_in_renode,
)

pytestmark = [pytest.mark.zephyr, pytest.mark.slow]

SAMPLES = {"hello_model": "hello_model: PASS", "two_models": "2 models, PASS", "kws_stream": "frames dropped, PASS"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("board", [*QEMU_MACHINES, *OTHER_BOARDS])
@pytest.mark.parametrize("sample", SAMPLES)
def test_sample(workspace: Workspace, tmp_path: Path, sample: str, board: str) -> None:
    result = workspace.build(MODULE / "samples" / sample, board, tmp_path / "build")
    assert result.returncode == 0, result.stdout
    # Not the devicetree compiler's "Warning (...)" about nodes of the board itself.
    assert not re.search(r"warning:|CMake Warning", result.stdout)
    if board in QEMU_MACHINES:
        run_image(tmp_path / "build", board, SAMPLES[sample])
    elif load_board(board).renode_zephyr and find_renode():
        run_image_in_renode(tmp_path / "build", load_board(board), SAMPLES[sample])


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("board", ["native_sim", "native_sim/native/64"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_sample_on_the_workstation(workspace: Workspace, tmp_path: Path, sample: str, board: str) -> None:
    if board == "native_sim" and not has_32_bit_libraries(tmp_path):
        pytest.skip("needs gcc-multilib for a program of 32 bit")
    result = workspace.build(MODULE / "samples" / sample, board, tmp_path / "build")
    assert result.returncode == 0, result.stdout
    assert not re.search(r"warning:|CMake Warning", result.stdout)
    program = [tmp_path / "build" / "zephyr" / "zephyr.exe", "-stop_at=20"]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)
    assert SAMPLES[sample] in done.stdout


def has_32_bit_libraries(folder: Path) -> bool:
    (folder / "main.c").write_text("#include <stdio.h>\nint main(void)\n{\n    return 0;\n}\n")
    return subprocess.run(["gcc", "-m32", "main.c"], cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("board", ["mps2/an385", "mps2/an521/cpu0", "mps3/corstone300/an547"])
def test_a_thread_in_user_mode(workspace: Workspace, tmp_path: Path, board: str) -> None:
    result = workspace.build(MODULE / "samples" / "userspace", board, tmp_path / "build")
    assert result.returncode == 0, result.stdout
    assert not re.search(r"warning:|CMake Warning", result.stdout)
    run_image(tmp_path / "build", board, r"userspace: [1-9]\d* inferences, PASS")


def test_a_thread_in_user_mode_without_the_partition_faults(workspace: Workspace, tmp_path: Path) -> None:
    shutil.copytree(MODULE / "samples" / "userspace", tmp_path / "application")
    listing, source = tmp_path / "application" / "CMakeLists.txt", tmp_path / "application" / "src" / "main.c"
    listing.write_text(listing.read_text().replace("../models", f"{MODULE}/samples/models"))
    source.write_text(source.read_text().replace("&mcugen_partition, ", ""))
    extra = f"-DZEPHYR_EXTRA_MODULES={MODULE}"
    # The fault is told through the log.
    options = (extra, "-DCONFIG_LOG=y")
    result = workspace.build(tmp_path / "application", "mps2/an385", tmp_path / "build", *options)
    assert result.returncode == 0, result.stdout
    run_image(tmp_path / "build", "mps2/an385", "MPU FAULT|Data Access Violation")


def test_link_time_optimization_and_sysbuild(workspace: Workspace, tmp_path: Path) -> None:
    """The table of sizes tells models apart, and `west mcugen` finds the image of the application."""
    sample, board = MODULE / "samples" / "hello_model", "mps2/an385"
    sizes = {}
    for name, prefix, sysbuild in (("plain", "", ()), ("lto", "hello_model_", ("--sysbuild",))):
        build_dir = tmp_path / name
        wanted = [f"-D{prefix}CONFIG_LTO=y", f"-D{prefix}CONFIG_ISR_TABLES_LOCAL_DECLARATION=y"] if prefix else []
        minimal = f"-D{prefix}CONFIG_MINIMAL_LIBC=y"
        result = workspace.west("build", *sysbuild, "-b", board, "-d", build_dir, sample, "--", minimal, *wanted)
        assert result.returncode == 0, result.stdout
        (found,) = re.findall(r"^gesture +(\d+) B +(\d+) B +(\d+) B", result.stdout, re.MULTILINE)
        sizes[name] = found
    assert sizes["lto"] == sizes["plain"] and int(sizes["lto"][0]) > 1000
    run_image(tmp_path / "lto" / "hello_model", board, "hello_model: PASS")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("sample", SAMPLES)
def test_sample_on_riscv(workspace: Workspace, tmp_path: Path, sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("qemu-system-riscv32") is None:
        pytest.skip("needs qemu-system-riscv32")
    monkeypatch.setattr(workspace, "environment", workspace.environment | riscv_toolchain())
    options = [f"-DEXTRA_LDFLAGS=-L{riscv_libgcc()}"] if "CROSS_COMPILE" in riscv_toolchain() else []
    result = workspace.build(MODULE / "samples" / sample, RISCV_BOARD, tmp_path / "build", *options)
    assert result.returncode == 0, result.stdout
    assert "mcugen: portable kernels for riscv" in result.stdout
    run_image(tmp_path / "build", RISCV_BOARD, SAMPLES[sample])


def riscv_toolchain() -> dict[str, str]:
    """The environment for RISC-V; the Zephyr SDK needs none."""
    if os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT", "zephyr").startswith("zephyr"):
        return {}
    compiler = shutil.which("riscv64-unknown-elf-gcc")
    if compiler is None:
        pytest.skip("needs a toolchain for RISC-V: riscv64-unknown-elf-gcc is not on the PATH")
    return {"ZEPHYR_TOOLCHAIN_VARIANT": "cross-compile", "CROSS_COMPILE": compiler.removesuffix("gcc")}


def riscv_libgcc() -> Path:
    """Zephyr asks for rv32imac_zicsr_zifencei, for which GCC 12 does not find its library for rv32imac."""
    command = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "-print-libgcc-file-name"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()).parent


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("board", ["mps2/an385", "mps2/an521/cpu0", "mps3/corstone300/an547"])
def test_twister(workspace: Workspace, tmp_path: Path, board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests of the shell are run by the first `pytest` of the PATH: that of west's environment has what twister needs.
    path = f"{Path(shutil.which('west') or '').parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setattr(workspace, "environment", workspace.environment | {"PATH": path})
    options = ["-T", MODULE, "-p", board, "-j", "1", "-O", tmp_path / "twister", "-x=CONFIG_MINIMAL_LIBC=y"]
    result = workspace.west("twister", *options, timeout=7000)
    assert result.returncode == 0, result.stdout
    suites = json.loads((tmp_path / "twister" / "twister.json").read_text())["testsuites"]
    cases = [case for suite in suites for case in suite.get("testcases", [])]
    assert sum(case["status"] == "passed" for case in cases) >= 20
