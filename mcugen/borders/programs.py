"""Compilers and the like as child processes: never left behind, and without files in the system's temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mcugen.errors import CheckFailedError


def run_program(
    command: Sequence[str], folder: Path, *, seconds: float, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end.

    Args:
        folder: its working directory, which also takes its temporary files: they go with the folder, also when the
            program is killed in the middle of its work.
        seconds: the longest that it may take.
        environment: variables to set besides.

    Raises:
        CheckFailedError: it took longer.
    """
    child = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # A group of its own: a compiler driver's children end with it.
        start_new_session=True,
    )
    try:
        out, err = child.communicate(timeout=seconds)
        return subprocess.CompletedProcess(command, child.returncode, out, err)
    except subprocess.TimeoutExpired as error:
        raise CheckFailedError(f"{Path(command[0]).name} did not end within {seconds:.0f} seconds") from error
    finally:
        if child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
