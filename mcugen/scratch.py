"""Temporary folders that go however the process ends, SIGKILL included."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mcugen.errors import InputError

# Reads until its standard input closes, which the kernel does for a process that was killed. An emulator that dies in
# the same moment may still write a file, hence the second look.
_JANITOR = 'cat >/dev/null; for n in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1"; [ -e "$1" ] || exit; sleep 0.2; done'


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """A new folder in the system's place for temporary files, gone after the block.

    A second process waits for the end of this one, so that nothing is left behind by one that is killed in the block.

    Raises:
        InputError: no such place can be written.
    """
    folder = _place() / f"{prefix}{secrets.token_hex(8)}"
    # The janitor comes first: there is no moment in which the folder has none.
    with _janitor(folder):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise InputError(
            "no folder for temporary files can be written", hint="set TMPDIR to a folder with room"
        ) from error


@contextlib.contextmanager
def _janitor(folder: Path) -> Iterator[None]:
    shell = shutil.which("sh")
    if shell is None:
        yield
        return
    command = [shell, "-c", _JANITOR, "sh", str(folder)]
    # A session of its own: what interrupts this process must not reach it.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ):
        yield
