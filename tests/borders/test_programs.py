"""An interrupted compiler leaves neither files nor processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcugen import api
from mcugen.borders.programs import run_program
from mcugen.errors import CheckFailedError
from tests.emit.test_golden import tiny
from tests.emulate.test_process import wait_until

# A compiler as gcc is one: a driver whose child works in a file below $TMPDIR.
_COMPILER = """#!/bin/sh
touch "${TMPDIR:-/tmp}/cc$$.s"
sh -c 'echo $$ > "$STARTED"; while :; do echo x >> "${TMPDIR:-/tmp}/cc-child.o"; sleep 0.05; done' &
wait
"""


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_nothing_is_left_when_the_compiler_is_interrupted(number: signal.Signals, tmp_path: Path) -> None:
    """By the command, in a process of its own, with a temporary folder of its own."""
    module, temporary, tools, started = (tmp_path / name for name in ("module", "tmp", "bin", "started"))
    api.compile(tiny(), api.Options(board="nrf5340dk")).write(module)
    for folder in (temporary, tools):
        folder.mkdir()
    compiler = tools / "arm-none-eabi-gcc"
    compiler.write_text(_COMPILER)
    compiler.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "TMPDIR": str(temporary),
        "STARTED": str(started),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "mcugen", "verify", str(module)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the tests in the background has SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as child:
        wait_until(lambda: started.exists() and started.read_text().strip() != "", 60)
        compiling = int(started.read_text())
        assert any(temporary.rglob("*"))
        child.send_signal(number)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 128 + number, errors
    assert "Traceback" not in errors
    wait_until(lambda: not _is_running(compiling))
    wait_until(lambda: not any(temporary.iterdir()))


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    before = time.monotonic()
    with pytest.raises(CheckFailedError, match="did not end within 1 seconds"):
        run_program(["sh", "-c", "sleep 60"], tmp_path, seconds=1)
    assert time.monotonic() - before < 30


def test_output_and_temporary_files(tmp_path: Path) -> None:
    result = run_program(["sh", "-c", "pwd; mktemp; echo no >&2; exit 3"], tmp_path, seconds=60)
    folder, file = result.stdout.split()
    assert Path(folder) == tmp_path and Path(file).parent == tmp_path
    assert (result.returncode, result.stderr) == (3, "no\n")
