"""`emit --self-test`: what is right passes, and of what is wrong the first layer or the array is named.

On the workstation under sanitizers, and on an emulated board by the files of docs/debugging.md.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mcugen import api
from mcugen.emit.self_test import digest
from mcugen.emit.vectors import load_vectors
from mcugen.graph.graph import Graph
from tests.docs.pages import read_blocks
from tests.emit.test_golden import tiny
from tests.plan.networks import NetworkBuilder

PAGE = Path(__file__).parents[2] / "docs" / "debugging.md"
STRICT = ("-std=c11", "-O0", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def emit(graph: Graph, folder: Path, board: str = "nrf5340dk") -> Path:
    api.compile(graph, api.Options(board=board, name="net", self_test=True)).write(folder)
    return folder


def run_here(folder: Path, *flags: str) -> tuple[int, str]:
    sources = ("self_test/main.c", "self_test/net_self_test.c", "src/net.c", "src/net_weights.c")
    program = folder / "self_test_program"
    command = ["gcc", *STRICT, *flags, "-Iinclude", "-o", str(program), *sources]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout


def edit(path: Path, pattern: str, by: str) -> None:
    text, count = re.subn(pattern, by, path.read_text(), count=1, flags=re.DOTALL)
    assert count
    path.write_text(text)


def several() -> Graph:
    """Two outputs, a reshape in front of one, a layer with two readers."""
    net = NetworkBuilder("several")
    x = net.conv(net.input(1, 6, 6, 3), 5, (3, 3))
    return net.build(net.softmax(net.flatten(net.depthwise(x))), net.dense(net.mean(x), 4))


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_what_is_right_passes(tmp_path: Path) -> None:
    folder = emit(several(), tmp_path / "m")
    code, text = run_here(folder, "-DMCUGEN_LAYER_HOOK", *SANITIZERS)
    assert code == 0 and text.endswith("net: self-test passed\n"), text
    found = re.search(r"layers: (\d+) of (\d+) results match", text)
    assert found is not None and found[1] == found[2] == str(len(load_vectors(folder).layers))


@pytest.mark.skipif(shutil.which("cmake") is None or shutil.which("gcc") is None, reason="needs cmake and gcc")
def test_an_option_of_the_cmake_library(tmp_path: Path) -> None:
    emit(tiny(), tmp_path / "net")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(app C)\nadd_subdirectory(net)\n"
        "add_executable(app net/self_test/main.c)\ntarget_link_libraries(app PRIVATE net)\n"
    )
    for command in ("-S . -B build -DNET_SELF_TEST=ON", "--build build"):
        done = subprocess.run(["cmake", *command.split()], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([tmp_path / "build" / "app"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith("net: self-test passed\n"), done.stdout


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    # A constant of one kernel: the layers before it are right.
    folder = emit(tiny(), tmp_path / "kernel")
    edit(folder / "src" / "net.c", r"(INSTANCE void fully_connected.*?\.clamp_max = )127", r"\g<1>-90")
    code, text = run_here(folder, "-DMCUGEN_LAYER_HOOK")
    assert code == 1 and "net: layer classifier (fully_connected" in text and "constants: 4 of 4" in text
    assert "is the first that differs" in text and text.endswith("net: self-test FAILED\n")
    first = re.search(r"bytes begin ([0-9a-f ]+)", text)
    wrong = [int(byte, 16) for byte in first[1].split()] if first else []
    right = load_vectors(folder).layers["logits"].reshape(-1).view("uint8").tolist()
    assert len(wrong) == 3 and wrong != right
    # One value in flash.
    folder = emit(tiny(), tmp_path / "flash")
    edit(folder / "src" / "net_weights.c", r"(net_stem_weights\[\d+\][^{]*\{\s*)(-?\d+)", r"\g<1>3")
    code, text = run_here(folder, "-DMCUGEN_LAYER_HOOK")
    assert code == 1 and "constants: net_stem_weights of layer stem differs" in text and "3 of 4 arrays match" in text
    # Built without the hook, nothing was seen: that is no success.
    code, text = run_here(emit(tiny(), tmp_path / "hook"))
    assert code == 1 and "compile src/net.c with MCUGEN_LAYER_HOOK" in text and "passed" not in text


def test_the_digest_is_zlibs_of_little_endian_bytes() -> None:
    import numpy as np

    assert digest(np.frombuffer(b"123456789", np.int8)) == 0xCBF43926, "the check value of CRC-32"
    assert digest(np.array([1, -2], np.int16)) == digest(np.array([1, -2], ">i2"))


def test_only_who_asks_gets_it() -> None:
    module = api.compile(tiny(), api.Options(board="nrf5340dk"))
    assert not [path for path in module.files if path.parts[0] == "self_test"]
    assert b"self-test" not in module.files[next(p for p in module.files if p.name == "Makefile")]


@pytest.mark.emulator
def test_on_a_board_of_ones_own(tmp_path: Path) -> None:
    """The start-up code and the linker script that docs/debugging.md shows."""
    if shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None:
        pytest.skip("needs arm-none-eabi-gcc and qemu-system-arm")
    emit(tiny(), tmp_path / "tested", board="mps2_an385")
    files = {block.name: block.text for block in read_blocks(PAGE) if block.kind == "file"}
    for name in ("board.c", "board.ld", "build.sh"):
        (tmp_path / name).write_text(files[name])

    def printed() -> str:
        done = subprocess.run(["sh", "-e", "build.sh"], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    assert printed().endswith("net: self-test passed\n")
    edit(tmp_path / "tested" / "src" / "net.c", r"(INSTANCE void depthwise.*?\.clamp_min = )-128", r"\g<1>-20")
    text = printed()
    assert "net: layer depthwise (depthwise_conv2d" in text and "net: self-test FAILED" in text
