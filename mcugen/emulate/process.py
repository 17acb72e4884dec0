"""An emulator as a child process: watched for progress, and never left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any

_POLL_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1
_LARGEST_FILE = 2**31


class StalledError(Exception):
    """The child made no progress for too long and was killed. `diagnosis`: what `on_stall` said before that."""

    def __init__(self, diagnosis: str) -> None:
        super().__init__(diagnosis)
        self.diagnosis = diagnosis


def run_watched(
    command: Sequence[str],
    folder: Path,
    log: Path,
    *,
    stall_seconds: float,
    work_done: Callable[[], int],
    on_stall: Callable[[], str],
    stdin: int = subprocess.DEVNULL,
) -> int:
    """Runs a command to its end.

    Args:
        folder: its working directory.
        log: gets its stdout and stderr.
        stall_seconds: longest time without `work_done()` growing.
        on_stall: asked for a diagnosis before a stalled child is killed.
        stdin: a file descriptor.

    Returns:
        The exit code, negative for a signal.

    Raises:
        StalledError: see there.
    """
    with (
        log.open("wb") as output,
        child_process(command, folder, stdin=stdin, stdout=output, stderr=subprocess.STDOUT) as child,
    ):
        return _wait(child, stall_seconds, work_done, on_stall)


@contextlib.contextmanager
def child_process(
    command: Sequence[str], folder: Path, *, stdin: int, stdout: int | IO[bytes], stderr: int | IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """A running child in `folder`; however the block ends, the child and all its children are gone after it."""
    with exit_on_termination():
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            bufsize=0,
            start_new_session=True,
            preexec_fn=_prepare_child if sys.platform == "linux" else None,
        )
        try:
            yield child
        finally:
            # Also after an interrupt: the whole process group, then reap.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


def _wait(
    child: subprocess.Popen[bytes], stall_seconds: float, work_done: Callable[[], int], on_stall: Callable[[], str]
) -> int:
    done, since = work_done(), time.monotonic()
    while True:
        try:
            return child.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            now_done = work_done()
            if now_done != done:
                done, since = now_done, time.monotonic()
            elif time.monotonic() - since > stall_seconds:
                raise StalledError(on_stall()) from None


def _load_prctl() -> Any:
    try:
        return ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None


_PRCTL = _load_prctl() if sys.platform == "linux" else None


def _prepare_child() -> None:
    """In the child: a killed parent takes the emulator along, and an emulator that aborts dumps no core."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whatever the firmware makes the emulator say, it does not fill the disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def exit_on_termination() -> Iterator[None]:
    """SIGTERM unwinds the stack as Ctrl-C does, so that temporary folders go."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
