"""The matrix of a project: emits and verifies each model for each board, holds budgets, and goes on after a failure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mcugen.project.children import processors, run_tasks
from mcugen.project.entries import Entry, Project
from mcugen.project.worker import Task
from mcugen.verify.budgets import Check, failed, growth, judge
from mcugen.verify.matrix import MatrixResult, ModuleResult, load_baseline
from mcugen.verify.record import Record
from mcugen.verify.regression import compare_records

Progress = Callable[[str, int, int], None]
Warn = Callable[[str], None]


def run_matrix(
    project: Project,
    *,
    emit: bool = True,
    verify: bool = True,
    compare: bool = True,
    jobs: int | None = None,
    force: bool = False,
    allow_edited: bool = False,
    progress: Progress | None = None,
    warn: Warn | None = None,
) -> MatrixResult:
    """Emits the modules of a project, verifies them, and holds them against their budgets.

    Args:
        emit: False: the modules are taken as they are in their folders.
        verify: False: they are emitted alone.
        compare: False: growth is not looked at, and no baseline is read.
        jobs: processes at a time; None: one a processor.
        force: edited files of modules are replaced.
        allow_edited: they are verified as they are.

    Raises:
        InputError: the baseline is wrong. What is wrong with one module is in its result.
    """
    start = time.monotonic()
    baseline = load_baseline(project.baseline) if compare and verify and project.baseline is not None else None
    run = _Run(project.entries, baseline, verify, allow_edited, progress, warn or (lambda text: None))
    tasks = _emissions(project.entries, force) if emit else run.verifications(project.entries)
    run.tell()
    run_tasks(tasks, jobs or processors(), run.done)
    return MatrixResult(str(project.file), tuple(map(run.result, project.entries)), time.monotonic() - start)


def _emissions(entries: Sequence[Entry], force: bool) -> list[Task]:
    """A task for the entries of each graph, which is loaded, calibrated and quantized once."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.loading, []).append(entry)
    return [Task("emit", tuple(group), force) for group in groups.values()]


Key = tuple[str, str]


@dataclass
class _Run:
    entries: tuple[Entry, ...]
    baseline: Mapping[Key, Record] | None
    verify: bool
    allow_edited: bool
    progress: Progress | None
    warn: Warn
    emitted: dict[Key, dict[str, Any]] = field(default_factory=dict)
    verified: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def verifications(self, entries: Collection[Entry]) -> list[Task]:
        return [Task("verify", (entry,), allow_edited=self.allow_edited) for entry in entries]

    def done(self, task: Task, message: dict[str, Any]) -> list[Task]:
        """Keeps what a task said; what follows from it."""
        key = message["model"], message["board"]
        for text in message["warnings"]:
            self.warn(f"{key[0]} on {key[1]}: {text}")
        (self.emitted if task.step == "emit" else self.verified)[key] = message
        self.tell()
        if task.step == "verify" or not self.verify or message["error"] is not None:
            return []
        return self.verifications([entry for entry in task.entries if (entry.model, entry.board) == key])

    def tell(self) -> None:
        if self.progress is None:
            return
        count = len(self.entries)
        if self.emitted:
            self.progress("emitting", len(self.emitted), count)
        self.progress("verifying" if self.verify else "emitting", len(self.verified or self.emitted), count)

    def result(self, entry: Entry) -> ModuleResult:
        """The checks of one entry, in the order in which they were made."""
        key = entry.model, entry.board
        emitted, verified = self.emitted.get(key), self.verified.get(key)
        checks = [] if emitted is None else [_emission(emitted)]
        found = ModuleResult(entry.model, entry.board, str(entry.folder), (), emitted=(emitted or {}).get("emitted"))
        if not self.verify:
            return replace(found, checks=tuple(checks))
        if verified is None:
            skipped = Check("verify", "skipped", "the module was not emitted")
            return replace(found, checks=(*checks, skipped))
        checks.append(_verification(verified))
        if verified["error"] is not None:
            return replace(found, checks=tuple(checks))
        record = Record.model_validate_json(json.dumps(verified["record"]))
        checks += judge(record, entry.budgets, verified.get("top_1"), verified.get("sqnr"))
        old, limit = (self.baseline or {}).get(key), entry.budgets.fail_over
        change = None if old is None else compare_records(old, record, limit)
        if limit is not None and self.baseline is not None:
            checks.append(growth(change, limit))
        return replace(found, checks=tuple(checks), record=verified["record"], change=change)


def _error(name: str, message: Mapping[str, Any]) -> Check:
    """How a step ended that ended with an error."""
    error = message["error"]
    if error["exit_code"] == 1:
        return failed(name, error["what"], error["text"], message["seconds"])
    return Check(name, "error", error["what"], error["text"], error["exit_code"], message["seconds"])


def _emission(message: Mapping[str, Any]) -> Check:
    if message["error"] is not None:
        return _error("emit", message)
    found = message["emitted"]
    detail = f"{found['flash_bytes']:,} B of flash ({found['flash_how']}), {found['arena_bytes']:,} B of arena"
    return Check("emit", "passed", detail, seconds=message["seconds"])


def _verification(message: Mapping[str, Any]) -> Check:
    if message["error"] is not None:
        return _error("verify", message)
    if not message["ok"]:
        lines = message["failure"].splitlines()
        return failed("verify", lines[0] if lines else "MISMATCH", message["failure"], message["seconds"])
    record = message["record"]
    layers = sum(1 for layer in record["layers"] if layer["match"])
    detail = (
        f"firmware equals the integer reference bit for bit: {message['samples']} samples and {layers} layers; "
        f"{record['instructions']:,} instructions ({record['runner']})"
    )
    return Check("verify", "passed", detail, seconds=message["seconds"])
