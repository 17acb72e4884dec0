"""Reads damaged files one after the other in a process with little memory; prints what went wrong as JSON.

    python -m tests.fuzz.worker KIND FIRST COUNT FOLDER

Damaged file n of a kind is always the same. What is right: it is read, or one `McugenError` with exit code 2 or 3.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from mcugen.errors import McugenError
from tests.fuzz.kinds import KINDS, Kind

SECONDS = 10  # of processor time: other programs may be busy
MEMORY = 2**30
# Above what is there once everything is imported; beyond it nothing can be allocated.
_ROOM = 600 * 2**20


class HangError(BaseException):
    """A file took too long."""


def damaged(kind: str, good: Sequence[bytes], seed: int) -> bytes:
    rng = random.Random(f"{kind} {seed}")
    return KINDS[kind].damage(rng, rng.choice(good))


def _alarm(number: int, frame: FrameType | None) -> None:
    raise HangError


def _limit_memory() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM, used + _ROOM))


def fault(kind: Kind, path: Path) -> str:
    """What is wrong with how a file was read; empty when nothing is."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        kind.read(path)
    except McugenError as error:
        told = error.exit_code in (2, 3) and len(str(error)) < 20_000
        return "" if told else f"exit code {error.exit_code}, {len(str(error))} characters"
    except HangError:
        return f"more than {SECONDS} s"
    except BaseException as error:
        return "".join(traceback.format_exception(error)[-6:])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""


def _peak() -> int:
    """Bytes of memory; `getrusage` would count what the process that started this one had."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main(name: str, first: int, count: int, folder: Path) -> None:
    kind = KINDS[name]
    good = kind.good(folder)
    path = folder / kind.file
    path.write_bytes(good[0])
    kind.read(path)  # imports everything, and must work
    _limit_memory()
    signal.signal(signal.SIGPROF, _alarm)
    faults: dict[int, str] = {}
    read, slowest = 0, (0.0, -1)
    for seed in range(first, first + count):
        path.write_bytes(damaged(name, good, seed))
        started = time.process_time()
        print(f"{name} {seed}", file=sys.stderr, flush=True)  # the last line is to blame when the process dies
        if wrong := fault(kind, path):
            faults[seed] = wrong
        slowest = max(slowest, (time.process_time() - started, seed))
        read += 1
    result: dict[str, Any] = {"read": read, "faults": faults, "slowest": slowest, "peak_bytes": _peak()}
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
