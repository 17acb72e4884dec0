"""The user's Zephyr workspace: where it is, and running west in it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcugen.errors import MissingToolError

_QUERY_SECONDS = 60
_BUILD_SECONDS = 3600
_GUIDE = "https://docs.zephyrproject.org/latest/develop/getting_started"
_STEP = re.compile(r"\[(\d+)/(\d+)\] ")
"""What ninja puts before a step of a build."""
_PROGRAMS = {"cmake": "apt-get install cmake", "ninja": "apt-get install ninja-build"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Workspace:
    """A Zephyr workspace.

    Attributes:
        west: the program.
        base: Zephyr's own folder, as in ZEPHYR_BASE.
        version: such as "4.1.99".
    """

    west: Path
    base: Path
    version: str

    def run_west(
        self, arguments: Sequence[str], *, seconds: float = _BUILD_SECONDS, progress: Progress | None = None
    ) -> tuple[int, str]:
        """Runs west in the workspace; its exit code, and what it and its children printed.

        Args:
            progress: called with the steps of a build that are done, and all of them, as ninja tells them.

        Raises:
            MissingToolError: it does not run, or not in time.
        """
        environment = {**os.environ, "ZEPHYR_BASE": str(self.base), "LC_ALL": "C"}
        try:
            group = _group([str(self.west), *arguments], self.base.parent, environment)
            with group as child, _ended_after(child, seconds) as late:
                output = _read(child, progress)
                child.wait()
            if late.is_set():
                raise MissingToolError(f"west {arguments[0]} did not end within {seconds:g} s")
        except OSError as error:
            raise MissingToolError(f"{self.west} does not run: {error}", hint="pip install 'mcugen[zephyr]'") from error
        return child.returncode, output


def find_workspace(environment: Mapping[str, str] = os.environ) -> Workspace:
    """The workspace of ZEPHYR_BASE, else the one that the current folder is in (`west topdir`).

    Raises:
        MissingToolError: no workspace, west, cmake or ninja; says how to get it.
    """
    west = _find_program("west", "pip install 'mcugen[zephyr]'", environment)
    for name, install in _PROGRAMS.items():
        _find_program(name, install, environment)
    base = environment.get("ZEPHYR_BASE")
    if base:
        return Workspace(west, Path(base).resolve(), _read_version(Path(base)))
    topdir = _ask(west, "topdir")
    if topdir is None:
        raise MissingToolError(
            "no Zephyr workspace: ZEPHYR_BASE is not set, and the current folder is in no workspace",
            hint=f"make one as in {_GUIDE}, or source the zephyr-env.sh of the one there is",
        )
    found = Path(topdir) / (_ask(west, "config", "zephyr.base") or "zephyr")
    return Workspace(west, found, _read_version(found))


def _find_program(name: str, install: str, environment: Mapping[str, str]) -> Path:
    path = shutil.which(name, path=environment.get("PATH"))
    if path is None:
        raise MissingToolError(f"{name}, which builds Zephyr images, is not installed", hint=install)
    return Path(path)


def _read_version(base: Path) -> str:
    """Zephyr's VERSION file: lines of "KEY = number"."""
    try:
        text = (base / "VERSION").read_text()
    except OSError as error:
        raise MissingToolError(
            f"{base} is not Zephyr: it has no VERSION file",
            where="ZEPHYR_BASE",
            hint=f"set ZEPHYR_BASE to the zephyr folder of a workspace; {_GUIDE} tells how to make one",
        ) from error
    fields = dict(re.findall(r"^(\w+) *= *(\d+)", text, re.MULTILINE))
    return ".".join(fields.get(key, "0") for key in ("VERSION_MAJOR", "VERSION_MINOR", "PATCHLEVEL"))


def _ask(west: Path, *arguments: str) -> str | None:
    """One line of west's output; None when it fails."""
    try:
        result = subprocess.run(
            [str(west), *arguments], capture_output=True, text=True, timeout=_QUERY_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None if result.returncode == 0 else None


@contextlib.contextmanager
def _group(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A child with a process group of its own, so that an interrupt also ends its compilers."""
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            _kill(child)
            child.wait()


def _kill(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


@contextlib.contextmanager
def _ended_after(child: subprocess.Popen[str], seconds: float) -> Iterator[threading.Event]:
    """Kills a child that runs longer than the block may; gives whether it came to that."""
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(child)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _read(child: subprocess.Popen[str], progress: Progress | None) -> str:
    """All that a child prints, to its end."""
    lines = []
    assert child.stdout is not None
    for line in child.stdout:
        lines.append(line)
        step = _STEP.match(line)
        if step is not None and progress is not None:
            progress(int(step[1]), int(step[2]))
    return "".join(lines)
