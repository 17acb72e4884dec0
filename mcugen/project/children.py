"""Runs tasks in processes side by side; however that ends, none of them is left."""

from __future__ import annotations

import json
import os
import pickle
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from mcugen.emulate.process import child_process
from mcugen.project.worker import Task
from mcugen.scratch import scratch_folder

_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from mcugen.project.worker import main; main()"
_LAST_LINES = 15


def processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_tasks(tasks: Sequence[Task], jobs: int, done: Callable[[Task, dict[str, Any]], Sequence[Task]]) -> None:
    """Runs all tasks, at most `jobs` at a time, the first ones first.

    Args:
        done: called with each message of a task as it comes, and once for each entry that a task died before; gives
            tasks to do behind those that wait.
    """
    waiting = deque(tasks)
    with scratch_folder("mcugen-matrix-") as scratch, selectors.DefaultSelector() as selector:
        number = 0
        with ExitStack() as everything:
            while waiting or selector.get_map():
                while waiting and len(selector.get_map()) < jobs:
                    child = _Child(waiting.popleft(), scratch / f"{number}.log")
                    number += 1
                    child.start(everything)
                    selector.register(child.pipe, selectors.EVENT_READ, child)
                for key, _ in selector.select():
                    child = key.data
                    for message in child.read():
                        waiting.extend(done(child.task, message))
                    if child.ended:
                        selector.unregister(child.pipe)
                        for message in child.finish():
                            waiting.extend(done(child.task, message))


class _Child:
    """A worker and what it has said so far."""

    def __init__(self, task: Task, log: Path) -> None:
        self.task, self.log = task, log
        self.ended = False
        self._rest = b""
        self._said: set[tuple[str, str]] = set()
        self._resources = ExitStack()

    def start(self, owner: ExitStack) -> None:
        owner.push(self._resources)
        self._process = self._resources.enter_context(_started(self.log))
        assert self._process.stdin is not None and self._process.stdout is not None
        self.pipe = self._process.stdout
        with suppress(BrokenPipeError):  # it died at once; what it printed says why
            self._process.stdin.write(pickle.dumps(self.task))
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def read(self) -> Iterator[dict[str, Any]]:
        """The messages that have come since; `ended` when there will be no more."""
        found = os.read(self.pipe.fileno(), 2**16)
        self.ended = not found
        *lines, self._rest = (self._rest + found).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self._said.add((message["model"], message["board"]))
            yield message

    def finish(self) -> Iterator[dict[str, Any]]:
        """What is to be said for entries of which the worker has said nothing."""
        code = self._process.wait()
        self._resources.close()
        for entry in self.task.entries:
            if (entry.model, entry.board) not in self._said:
                text = "\n".join(self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
                end = f"signal {-code}" if code < 0 else f"exit code {code}"
                error = {"what": f"the process that did it ended with {end}", "text": text, "exit_code": 70}
                yield {
                    "model": entry.model,
                    "board": entry.board,
                    "error": error,
                    "warnings": [],
                    "seconds": 0.0,
                }


@contextmanager
def _started(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    # -P: a file of the project's folder is not taken for a module of the same name.
    path = [place for place in sys.path if place] or sys.path
    command = [sys.executable, "-P", "-c", _PROGRAM, json.dumps(path)]
    pipe = subprocess.PIPE
    with log.open("wb") as errors, child_process(command, Path.cwd(), stdin=pipe, stdout=pipe, stderr=errors) as child:
        yield child
