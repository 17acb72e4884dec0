"""Runs Vela on many networks at once, in a process of its own with a time limit: a fault of its ends no command."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mcugen.errors import MissingToolError
from mcugen.ethosu.compiler import worker
from mcugen.ethosu.compiler.compiled import Compiled, Refused, read_compiled
from mcugen.scratch import scratch_folder

_PACKAGE = "ethos-u-vela"
_INSTALL = "pip install 'mcugen[npu]'"
_OLDEST, _NEXT = (5, 2), (6,)

NETWORK_SECONDS = 120.0
"""Longest time for one network."""
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Target:
    """What to compile for.

    Attributes:
        accelerator: Vela's name, such as "ethos-u55-128".
        configuration: text of a vela.ini with the two sections below.
        system_config, memory_mode: names of its sections.
        arena_cache_bytes: of fast memory that Vela may use; None: as the memory mode says.
        small: for the least memory, else for speed.
    """

    accelerator: str
    configuration: str
    system_config: str
    memory_mode: str
    arena_cache_bytes: int | None = None
    small: bool = False

    def arguments(self, ini: Path) -> list[str]:
        """For Vela's command line; `ini`: the file that holds `configuration`."""
        arguments = ["--output-format", "raw", "--accelerator-config", self.accelerator, "--config", str(ini)]
        arguments += ["--system-config", self.system_config, "--memory-mode", self.memory_mode]
        arguments += ["--optimise", "Size" if self.small else "Performance"]
        if self.arena_cache_bytes is not None:
            arguments += ["--arena-cache-size", str(self.arena_cache_bytes)]
        return arguments


def require_vela() -> str:
    """Vela's version.

    Raises:
        MissingToolError: it is not installed, or not of a version that mcugen knows.
    """
    try:
        version = metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        raise MissingToolError("Vela, Arm's compiler for Ethos-U, is not installed", hint=_INSTALL) from None
    numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
    if not _OLDEST <= numbers < _NEXT or importlib.util.find_spec("ethosu.vela") is None:
        raise MissingToolError(f"Vela {version} is installed, mcugen needs 5.2 or a newer 5", hint=_INSTALL)
    return version


def compile_networks(
    networks: Sequence[bytes], target: Target, seconds: float = NETWORK_SECONDS
) -> list[Compiled | Refused]:
    """Compiles LiteRT files, each by itself; the results in the same order, the same for the same input.

    Args:
        seconds: for each network.

    Raises:
        MissingToolError: Vela is not installed.
    """
    require_vela()
    with scratch_folder("mcugen-vela-") as folder:
        for number, content in enumerate(networks):
            (folder / f"{number}.tflite").write_bytes(content)
        ini = folder / "vela.ini"
        ini.write_text(target.configuration)
        endings: dict[int, str] = {}
        first = 0
        while first < len(networks):
            first = _run_worker(folder, first, len(networks), target.arguments(ini), seconds, endings)
        return [_result(folder, number, endings.get(number)) for number in range(len(networks))]


def _run_worker(
    folder: Path, first: int, count: int, arguments: Sequence[str], seconds: float, endings: dict[int, str]
) -> int:
    """One process, until it has done all or ended at one; the number of the next network to do."""
    command = [sys.executable, worker.__file__, str(folder), str(first), *arguments]
    errors = folder / "worker.log"
    with (
        errors.open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder) as child,
    ):
        try:
            current, deadline = first, time.monotonic() + seconds
            while child.poll() is None:
                reached = _reached(folder, current, count)
                if reached > current:
                    current, deadline = reached, time.monotonic() + seconds
                if time.monotonic() > deadline:
                    child.kill()
                    endings[current] = f"Vela took more than {seconds:g} s"
                    return current + 1
                time.sleep(_POLL_SECONDS)
        finally:
            child.kill()
    if child.returncode == 0:
        return count
    current = _reached(folder, first, count)
    how = _ending(child.returncode)
    last = errors.read_text(errors="replace").strip().splitlines()[-1:]
    endings[current] = f"Vela {how}" + (f": {last[0]}" if last else "")
    return current + 1


def _reached(folder: Path, first: int, count: int) -> int:
    """The network that the worker is at: the last one with a log."""
    number = first
    while number + 1 < count and (folder / f"{number + 1}.log").exists():
        number += 1
    return number


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _result(folder: Path, number: int, ending: str | None) -> Compiled | Refused:
    log = folder / f"{number}.log"
    words = log.read_text(errors="replace") if log.exists() else ""
    if ending is not None:
        return Refused(ending, failed=True)
    results = folder / str(number)
    raw = sorted(results.glob("*_vela.npz"))
    summary = sorted(results.glob("*_summary_*.csv"))
    if not (folder / f"{number}.done").exists() or not raw or not summary:
        return _refusal(words)
    return read_compiled(raw[0], summary[0])


_NOT_SUPPORTED = re.compile(
    r"^Warning \([^)]*\) operator: (?P<kind>\w+)[^\n]*\n\s*Reason: (?P<why>[^\n]*)", re.MULTILINE
)


def _refusal(words: str) -> Refused:
    """Vela's reason, from what it said: of the operators that it does not support, else its last line."""
    found = dict.fromkeys(f"{m['kind']}: {m['why'].strip()}" for m in _NOT_SUPPORTED.finditer(words))
    if found:
        return Refused("; ".join(found))
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return Refused(lines[-1][:300] if lines else "Vela said nothing", failed=True)
