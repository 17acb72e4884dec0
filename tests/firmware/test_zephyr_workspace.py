"""Finding the workspace, and what a failed build is told as. `west` is a shell script here."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate import select_runner
from mcugen.errors import CheckFailedError, DoesNotFitError, InputError, McugenError, MissingToolError
from mcugen.firmware.zephyr import Workspace, build_zephyr_firmware, find_workspace
from tests.firmware.fake_module import write_fake_module

BOARD = load_board("mps2_an385")
VERSION = "VERSION_MAJOR = 4\nVERSION_MINOR = 1\nPATCHLEVEL = 99\nVERSION_TWEAK = 0\nEXTRAVERSION = rc1\n"


def script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def make_workspace(folder: Path, west: str) -> dict[str, str]:
    """An environment with a workspace and tools."""
    base = folder / "workspace" / "zephyr"
    base.mkdir(parents=True)
    (base / "VERSION").write_text(VERSION)
    for name, body in (("west", west), ("cmake", "exit 1"), ("ninja", "exit 1")):
        script(folder / "bin" / name, body)
    return {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "ZEPHYR_BASE": str(base)}


def test_zephyr_base_leads_to_the_workspace(tmp_path: Path) -> None:
    environment = make_workspace(tmp_path, "exit 1")
    base = (tmp_path / "workspace" / "zephyr").resolve()
    assert find_workspace(environment) == Workspace(tmp_path / "bin" / "west", base, "4.1.99")


def test_without_zephyr_base_west_is_asked(tmp_path: Path) -> None:
    topdir = tmp_path / "workspace"
    answers = f'case "$1" in topdir) echo {topdir};; config) echo os/kernel;; esac'
    environment = make_workspace(tmp_path, answers)
    del environment["ZEPHYR_BASE"]
    (topdir / "os").mkdir()
    (topdir / "zephyr").rename(topdir / "os" / "kernel")
    assert find_workspace(environment).base == topdir / "os" / "kernel"
    script(tmp_path / "bin" / "west", f'test "$1" = topdir && echo {topdir}')
    with pytest.raises(MissingToolError, match="is not Zephyr: it has no VERSION"):
        find_workspace(environment)


@pytest.mark.parametrize(("program", "hint"), [("west", "pip install 'mcugen[zephyr]'"), ("ninja", "ninja-build")])
def test_missing_programs(tmp_path: Path, program: str, hint: str) -> None:
    environment = make_workspace(tmp_path, "exit 1")
    environment["PATH"] = str(tmp_path / "bin")
    (tmp_path / "bin" / program).unlink()
    with pytest.raises(MissingToolError, match=re.escape(hint)) as caught:
        find_workspace(environment)
    assert caught.value.exit_code == 3


def test_no_workspace(tmp_path: Path) -> None:
    environment = make_workspace(tmp_path, "exit 1")
    del environment["ZEPHYR_BASE"]
    with pytest.raises(MissingToolError, match="ZEPHYR_BASE is not set") as caught:
        find_workspace(environment)
    assert caught.value.exit_code == 3
    with pytest.raises(MissingToolError, match="is not Zephyr"):
        find_workspace({**environment, "ZEPHYR_BASE": str(tmp_path / "nowhere")})


# What the tools print, shortened.
FAILURES: dict[str, tuple[str, type[McugenError], str]] = {
    "flash": (
        "ld.bfd: zephyr/zephyr_pre0.elf section `rodata' will not fit in region `FLASH'\n"
        "ld.bfd: region `FLASH' overflowed by 1234 bytes\ncollect2: error: ld returned 1 exit status",
        DoesNotFitError,
        "needs 1234 bytes of FLASH more than there are",
    ),
    "board": (
        "No board named 'mps2' found.\n\nPlease choose one of the following boards:\n",
        InputError,
        "Zephyr 4.1.99 has no board mps2/an385",
    ),
    "qualifiers": (
        "CMake Error at zephyr/cmake/modules/boards.cmake:283 (message):\n  Board qualifiers `/an385` for board `mps2` "
        "not found.  Please specify a valid board target.",
        InputError,
        "Zephyr 4.1.99 has no board mps2/an385",
    ),
    "no SDK": (
        "-- ZEPHYR_TOOLCHAIN_VARIANT not set, trying to locate Zephyr SDK\n"
        "CMake Error at zephyr/cmake/modules/FindZephyr-sdk.cmake:159 (find_package):\n"
        '  Could not find a package configuration file provided by "Zephyr-sdk"\n  (requested version 0.16)\n'
        "Call Stack (most recent call first):\n  zephyr/cmake/modules/dts.cmake:9 (find_package)",
        MissingToolError,
        'package configuration file provided by "Zephyr-sdk"\n  (requested version 0.16)\n  fix: install',
    ),
    "toolchain": (
        "CMake Error at /o/zephyr/cmake/toolchain/gnuarmemb/generic.cmake:7 (message):\n"
        "  Nothing found at GNUARMEMB_TOOLCHAIN_PATH: '/opt/nothing'\nCall Stack (most recent call first):\n",
        MissingToolError,
        "Nothing found at GNUARMEMB_TOOLCHAIN_PATH: '/opt/nothing'",
    ),
    "another fault of CMake": (
        "-- ZEPHYR_TOOLCHAIN_VARIANT not set, trying to locate Zephyr SDK\n"
        "CMake Error at CMakeLists.txt:15 (target_sources):\n  Cannot find it\n\n\n-- Configuring incomplete",
        CheckFailedError,
        "does not build:\nCMake Error at CMakeLists.txt:15 (target_sources):\n  Cannot find it\n",
    ),
    "no workspace": (
        'west: unknown command "build"; do you need to run this inside a workspace?',
        MissingToolError,
        "i",
    ),
    "compiler": (
        "[1/9] Building C object\n/tmp/fake.c:12:5: error: 'x' undeclared\nninja: build stopped",
        CheckFailedError,
        "fake.c:12:5: error: 'x' undeclared",
    ),
    "unknown": ("one\ntwo\nthree", CheckFailedError, "one\ntwo\nthree"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_build_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    output, kind, words = FAILURES[name]
    (tmp_path / "output").write_text(output)
    for key, value in make_workspace(tmp_path, f"cat {tmp_path / 'output'}; exit 1").items():
        monkeypatch.setenv(key, value)
    manifest = write_fake_module(tmp_path / "module", BOARD)
    with pytest.raises(kind) as caught:
        build_zephyr_firmware(tmp_path / "module", manifest, BOARD, build_dir=tmp_path / "build")
    assert type(caught.value) is kind
    assert words in str(caught.value)


def test_the_workspaces_cmsis_nn_is_the_one_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "cmsis-nn"
    (library / "Include").mkdir(parents=True)
    (library / "Include" / "arm_nnfunctions.h").write_text(" * $Revision:    V.18.0.0\n")
    manifest = write_fake_module(tmp_path / "module", BOARD)
    calling = manifest.model_copy(update={"options": {"cmsis_nn": {"path": "/elsewhere", "version": "V19.1.0"}}})
    for key, value in make_workspace(tmp_path, f'test "$1" = list && echo {library}').items():
        monkeypatch.setenv(key, value)
    with pytest.raises(InputError, match=r"emitted for CMSIS-NN V19\.1\.0, the Zephyr workspace has V18\.0\.0"):
        build_zephyr_firmware(tmp_path / "module", calling, BOARD, build_dir=tmp_path / "build")
    script(tmp_path / "bin" / "west", "echo no such project; exit 1")
    with pytest.raises(MissingToolError, match="west update cmsis-nn"):
        build_zephyr_firmware(tmp_path / "module", calling, BOARD, build_dir=tmp_path / "build")


@pytest.mark.parametrize("name", ["nucleo_l4r5zi", "rpi_pico", "microbit"])
def test_boards_without_an_emulator_are_refused_before_the_build(name: str) -> None:
    with pytest.raises(InputError, match=f"no emulator of this version can run a Zephyr image of {name}") as caught:
        select_runner("auto", load_board(name), "zephyr")
    assert "mps2_an386" in str(caught.value.hint) and "nrf5340dk" in str(caught.value.hint)
    with pytest.raises(InputError, match="runner qemu can run"):
        select_runner("qemu", load_board(name), "zephyr")


@pytest.mark.parametrize("name", ["mps2_an385", "mps2_an386", "mps2_an500", "mps2_an521", "mps3_an547"])
@pytest.mark.emulator
def test_boards_that_are_machines(name: str) -> None:
    assert select_runner("auto", load_board(name), "zephyr").name == "qemu"


@pytest.mark.parametrize("name", ["nrf5340dk", "nrf52840dk", "nucleo_h743zi"])
def test_boards_that_renode_alone_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RENODE_ROOT", raising=False)
    with pytest.raises(MissingToolError, match="Renode, the emulator, is not installed"):
        select_runner("auto", load_board(name), "zephyr")
    with pytest.raises(InputError, match="runner qemu can run") as caught:
        select_runner("qemu", load_board(name), "zephyr")
    assert "nrf5340dk" not in str(caught.value.hint)
    script(tmp_path / "renode", "exit 0")
    assert select_runner("auto", load_board(name), "zephyr").name == "renode"


def test_a_build_tells_its_steps_as_they_come(tmp_path: Path) -> None:
    body = 'echo "-- west build"; echo "[1/3] Building a.c"; echo "note: [9/9]"; echo "[3/3] Linking"; exit 4'
    workspace = find_workspace(make_workspace(tmp_path, body))
    steps: list[tuple[int, int]] = []
    code, text = workspace.run_west(["build"], progress=lambda done, total: steps.append((done, total)))
    assert (code, steps) == (4, [(1, 3), (3, 3)])
    assert text.splitlines()[0] == "-- west build" and text.splitlines()[-1] == "[3/3] Linking"


def test_a_build_without_end_is_ended(tmp_path: Path) -> None:
    workspace = find_workspace(make_workspace(tmp_path, "echo begun; sleep 300"))
    with pytest.raises(MissingToolError, match=r"west build did not end within 0\.2 s"):
        workspace.run_west(["build"], seconds=0.2)


def test_an_interrupted_build_leaves_no_process(tmp_path: Path) -> None:
    environment = make_workspace(tmp_path, f"sleep 300 & echo $! > {tmp_path / 'pid'}; wait")
    code = (
        "import signal, sys\nfrom mcugen.firmware.zephyr import find_workspace\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\nfind_workspace().run_west(['build'])"
    )
    child = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=Path.cwd())
    for _ in range(600):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip():
            break
        time.sleep(0.05)
    grandchild = int((tmp_path / "pid").read_text())
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 9
    for _ in range(200):
        state = Path(f"/proc/{grandchild}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("west's child is still running")
