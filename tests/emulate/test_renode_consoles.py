"""The boards' consoles in Renode: the harness's UART drivers speak and listen."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mcugen import api
from mcugen.boards import Board, list_boards
from mcugen.emulate import RenodeRunner
from mcugen.emulate.process import child_process
from mcugen.emulate.renode import console_commands, find_platform, open_terminal
from mcugen.emulate.renode_install import find_renode
from mcugen.firmware import Firmware, build_firmware
from mcugen.firmware.applications import SELF_TEST, Application
from mcugen.firmware.elf import Elf
from tests.emit.test_golden import tiny

pytestmark = [
    pytest.mark.renode,
    pytest.mark.emulator,
    pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH"),
]

# A start of Renode takes seconds: by default the UART with DMA, and one without.
BOARDS = [
    pytest.param(b, id=b.name, marks=[] if b.name in ("nrf5340dk", "nucleo_l4r5zi") else pytest.mark.slow)
    for b in list_boards()
    if find_platform(b) and b.console
]
_SECONDS = 60.0

# Gives each line back, once it is complete.
_ECHO = """
#include "console.h"
#include "harness.h"
#include "uart/uart.h"

_Noreturn void harness_main(void)
{
    static char line[512];
    uint32_t length = 0;

    uart_open();
    console_text("ready\\n");
    for (;;) {
        uint8_t byte;

        if (!uart_get(&byte)) {
            continue;
        }
        line[length++] = (char)byte;
        if (byte == '\\n') {
            line[length] = '\\0';
            console_text(line);
            length = 0;
        }
    }
}
"""


def build(folder: Path, board: Board, application: Application) -> Firmware:
    module = api.compile(tiny(), api.Options(board=board.name))
    module.write(folder / "module")
    return build_firmware(
        folder / "module",
        module.manifest,
        board,
        build_dir=folder / "build",
        machine=RenodeRunner().machine(board),
        application=application,
    )


@contextlib.contextmanager
def running(firmware: Firmware, folder: Path) -> Iterator[int]:
    """A file descriptor of the console of a board that has just been started."""
    program, platform = find_renode(), find_platform(firmware.board)
    assert program is not None and platform is not None
    (folder / "board.repl").write_text(platform)
    commands = [
        f'mach create "{firmware.board.name}"',
        f"machine LoadPlatformDescription @{folder}/board.repl",
        "emulation SetGlobalAdvanceImmediately true",
        f"sysbus LoadELF @{firmware.elf}",
        f"cpu VectorTableOffset {Elf(firmware.elf).address('vectors'):#x}",
        *console_commands(folder, firmware.board),
    ]
    (folder / "run.resc").write_text("\n".join(commands) + "\n")
    command = ["env", f"TMPDIR={folder}", program, "--console", "--disable-gui", "--plain"]
    command += ["--config", str(folder / "renode.config"), str(folder / "run.resc")]
    log = folder / "renode.log"
    with (
        log.open("wb") as output,
        child_process(command, folder, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT) as child,
        open_terminal(folder, child, log) as terminal,
    ):
        assert child.stdin is not None
        child.stdin.write(b"start\n")
        yield terminal


def read_line(terminal: int) -> bytes:
    deadline, line = time.monotonic() + _SECONDS, b""
    while not line.endswith(b"\n"):
        assert select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0], f"silence after {line!r}"
        line += os.read(terminal, 1)
    return line


@pytest.mark.parametrize("board", BOARDS)
def test_the_self_test_passes(tmp_path: Path, board: Board) -> None:
    firmware = build(tmp_path, board, SELF_TEST)
    with running(firmware, tmp_path) as terminal:
        words = b""
        while b"self-test" not in words:
            words = read_line(terminal)
    assert words == b"self-test passed: 2 of 2 vectors match\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
def test_characters_arrive_in_order_and_none_is_lost(tmp_path: Path, board: Board) -> None:
    source = tmp_path / "echo.c"
    source.write_text(_ECHO)
    firmware = build(tmp_path, board, Application("echo", (str(source), "console.c"), console=True))
    generator = np.random.default_rng(1)
    with running(firmware, tmp_path) as terminal:
        assert read_line(terminal) == b"ready\n"
        for length in generator.integers(0, 300, 40):
            line = bytes(generator.integers(ord(" "), 127, length).astype(np.uint8)) + b"\n"
            os.write(terminal, line)
            assert read_line(terminal) == line
