"""No emulator and no temporary folder is left behind, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate.process import StalledError, run_watched
from mcugen.firmware import build_firmware
from tests.firmware.fake_module import write_fake_module


def run(tmp_path: Path, script: str, stall_seconds: float = 30) -> int:
    return run_watched(
        ["sh", "-c", script],
        tmp_path,
        tmp_path / "log",
        stall_seconds=stall_seconds,
        work_done=lambda: len(list(tmp_path.glob("work*"))),
        on_stall=lambda: "stuck here",
    )


def test_exit_code_folder_and_log(tmp_path: Path) -> None:
    assert run(tmp_path, "pwd; echo problem >&2; exit 7") == 7
    assert (tmp_path / "log").read_text() == f"{tmp_path}\nproblem\n"
    assert run(tmp_path, "kill -9 $$") == -9


def test_no_progress_ends_the_group_of_processes(tmp_path: Path) -> None:
    with pytest.raises(StalledError, match="stuck here"):
        run(tmp_path, "sleep 1000 & echo $! > child; wait", stall_seconds=0.3)
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not alive(child))


def test_progress_keeps_it_alive(tmp_path: Path) -> None:
    """Twelve steps of 0.2 s, each far below the limit, all together above it."""
    script = "for i in 1 2 3 4 5 6 7 8 9 a b c; do sleep 0.2; touch work$i; done"
    assert run(tmp_path, script, stall_seconds=2.0) == 0


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends between opening and reading
        return False
    return state != "Z"


def wait_until(condition: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


def emulators(elf: Path) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if command[0].endswith(b"qemu-system-arm") and str(elf).encode() in command:
                found.append(int(folder.name))
    return [process for process in found if alive(process)]


_SCRIPT = """
import pickle, sys
import numpy as np
from mcugen.emulate import QemuRunner
with open(sys.argv[1], "rb") as file:
    firmware = pickle.load(file)
QemuRunner().run(firmware, [np.zeros((1, 1, 37), np.int8)])
"""


@pytest.mark.emulator
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    import pickle

    board = load_board("nrf5340dk")
    body = "volatile int32_t forever = 1; while (forever) { }"
    manifest = write_fake_module(tmp_path / "module", board, body=body)
    firmware = build_firmware(tmp_path / "module", manifest, board, build_dir=tmp_path / "build")
    (tmp_path / "firmware.pickle").write_bytes(pickle.dumps(firmware))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(tmp_path / "firmware.pickle")],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: emulators(firmware.elf))
        parent.send_signal(number)
        assert parent.wait(20) != 0
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not emulators(firmware.elf))
    wait_until(lambda: not list(temporary.iterdir()))
