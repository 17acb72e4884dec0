"""One task of a matrix, in a process of its own: what a model or a plugin does to it harms no other task.

The task comes in on stdin; for each of its entries one line of JSON goes out. It ends when the process that started it
does.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcugen import api
from mcugen.assess.opened import open_folder
from mcugen.assess.run import assess
from mcugen.borders.failures import BUG, system_error
from mcugen.errors import McugenError
from mcugen.project.entries import Entry
from mcugen.scratch import scratch_folder
from mcugen.verify.run import run_samples
from mcugen.verify.verify import verify_module

log = logging.getLogger(__name__)

Say = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Task:
    """Attributes:
    entries: to emit: those of one graph; to verify: one.
    force: files of a module that were edited are replaced.
    allow_edited: they are verified as they are.
    """

    step: Literal["emit", "verify"]
    entries: tuple[Entry, ...]
    force: bool = False
    allow_edited: bool = False


def main() -> None:
    # Whatever prints, prints to the log: the pipe of results is for results.
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task: Task = pickle.load(sys.stdin.buffer)

    def say(message: dict[str, Any]) -> None:
        print(json.dumps(message), file=results, flush=True)

    if task.step == "emit":
        emit(task, say)
    else:
        verify(task, say)


def emit(task: Task, say: Say) -> None:
    """Loads the model once, then compiles and writes it for each board."""
    first = task.entries[0]
    loaded: Any = None
    with _told(lambda message: loading.update(message)) as loading:
        loaded = api.load(first.file, first.options)
    # Its time and its warnings are told once, with the first board.
    seconds, warnings = loading["seconds"], loading["warnings"]
    for entry in task.entries:
        with _told(say, model=entry.model, board=entry.board, seconds=seconds) as message:
            message["warnings"] += warnings
            seconds, warnings = 0.0, []
            if loaded is None:
                message["error"] = loading["error"]
                continue
            module = api.compile(loaded, entry.options)
            size = api.check_flash(module)
            api.add_extras(module, entry.extras).write(entry.folder, force=task.force)
            memory = module.manifest.memory
            message["emitted"] = {
                "name": module.manifest.name,
                "flash_bytes": size.flash_bytes,
                "flash_how": size.how,
                "constant_bytes": memory.constant_bytes,
                "arena_bytes": memory.arena_bytes,
                "macs": module.manifest.macs,
                "calibration": module.manifest.model.calibration,
            }


def verify(task: Task, say: Say) -> None:
    """Verifies each module, and runs the user's samples where a budget asks for that."""
    for entry in task.entries:
        with _told(say, model=entry.model, board=entry.board) as message:
            outcome = verify_module(
                entry.folder,
                firmware=entry.firmware,
                runner=entry.runner,
                allow_edited=task.allow_edited,
            )
            message |= {
                "record": outcome.as_json(),
                "ok": outcome.ok,
                "failure": outcome.failure,
                "samples": outcome.samples,
            }
            if entry.budgets.top_1 is not None and entry.inputs is not None and entry.labels is not None:
                message["top_1"] = _top_1(entry, task)
            if entry.budgets.sqnr is not None and entry.inputs is not None:
                message["sqnr"] = _sqnr(entry, entry.inputs, task)


def _top_1(entry: Entry, task: Task) -> list[int]:
    """Samples that get their class, and all."""
    assert entry.inputs is not None
    with scratch_folder("mcugen-top1-") as scratch:
        found = run_samples(
            entry.folder,
            entry.inputs,
            scratch / "out.npz",
            runner=entry.runner,
            allow_edited=task.allow_edited,
            labels=entry.labels,
        ).classification
    assert found is not None
    return [found.correct, found.samples]


def _sqnr(entry: Entry, inputs: Path, task: Task) -> float | str:
    """Of the worst output of the integer reference, which the firmware equals, against the float model; or why not."""
    calibration = entry.options.calibration
    try:
        given = open_folder(
            entry.folder,
            model=entry.file,
            calibration=None if calibration is None else str(calibration),
            plugins=entry.options.plugins,
            reset_every=entry.options.reset_every,
            allow_edited=task.allow_edited,
        )
        outcome = assess(given, inputs, reference=True, by_layer=False).outcome
    except McugenError as error:
        return error.what
    for doubt in outcome.doubts:
        log.warning("%s", doubt)
    return "its outputs are integers and flags" if outcome.sqnr_db is None else outcome.sqnr_db


@contextmanager
def _told(say: Say, seconds: float = 0.0, **fields: Any) -> Iterator[dict[str, Any]]:
    """A message that is said at the end of the block, with its time, its warnings, and the error that ended it."""
    message: dict[str, Any] = {**fields, "error": None, "warnings": []}
    handler = _Collected(message["warnings"])
    logger = logging.getLogger("mcugen")
    logger.addHandler(handler)
    start = time.monotonic()
    try:
        yield message
    except Exception as error:
        message["error"] = _described(error)
    finally:
        logger.removeHandler(handler)
        message["seconds"] = seconds + time.monotonic() - start
    say(message)


def _described(error: Exception) -> dict[str, Any]:
    known = error if isinstance(error, McugenError) else system_error(error)
    if known is None:
        text = "".join(traceback.format_exception(error)).rstrip()
        return {"what": f"a bug in mcugen: {error!r}", "text": text, "exit_code": BUG}
    return {"what": known.what, "text": str(known), "exit_code": known.exit_code}


class _Collected(logging.Handler):
    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
