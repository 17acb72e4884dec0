"""Tasks in processes of their own: what they say arrives, and what kills one harms no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcugen.project import children
from mcugen.project.entries import Project, load_project
from mcugen.project.run import run_matrix
from mcugen.project.worker import Task, emit, verify

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    path = tmp_path / "mcugen.yml"
    path.write_text("models: [a.pt2, b.pt2]\nboards: [nrf5340dk, microbit]\nbudgets: {fail-over: 2%}\n")
    return load_project(path)


def said(tasks: list[Task], jobs: int = 2) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def done(task: Task, message: dict[str, Any]) -> list[Task]:
        found.append(message)
        return []

    children.run_tasks(tasks, jobs, done)
    return found


# Without reading its task, which would import half of mcugen.
_SAYS = """
import json, os, sys
said = {"model": "a", "board": "nrf5340dk", "error": None, "warnings": [], "seconds": 0, "pid": os.getpid()}
print(json.dumps(said), flush=True)
"""


def test_a_dead_worker_is_told_for_what_it_left_undone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    dies = "print('almost', file=sys.stderr, flush=True)\nos.kill(os.getpid(), 9)"
    monkeypatch.setattr(children, "_PROGRAM", _SAYS + dies)
    good, bad = said([Task("emit", project.entries[:2])])
    assert (good["model"], good["board"], good["error"]) == ("a", "nrf5340dk", None)
    assert (bad["model"], bad["board"]) == ("a", "microbit")
    assert bad["error"] == {
        "what": "the process that did it ended with signal 9",
        "text": "almost",
        "exit_code": 70,
    }


def test_no_more_at_a_time_than_asked_for(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mark = f"open({str(tmp_path / 'log')!r}, 'a').write('+')\nimport time; time.sleep(0.1)\n"
    end = f"open({str(tmp_path / 'log')!r}, 'a').write('-')\n"
    monkeypatch.setattr(children, "_PROGRAM", mark + _SAYS + end)
    assert len(said([Task("verify", project.entries[:1])] * 2, jobs=1)) == 2
    assert (tmp_path / "log").read_text() == "+-" * 2


def test_an_interrupt_leaves_no_process(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_PROGRAM", _SAYS + "import time; time.sleep(60)")
    pids = []

    def done(task: Task, message: dict[str, Any]) -> list[Task]:
        pids.append(message["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        children.run_tasks([Task("verify", (entry,)) for entry in project.entries], 2, done)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_errors_of_a_task_are_told_by_entry(project: Project) -> None:
    found: list[dict[str, Any]] = []
    emit(Task("emit", project.entries[:2]), found.append)
    assert [(m["model"], m["board"]) for m in found] == [("a", "nrf5340dk"), ("a", "microbit")]
    assert {m["error"]["what"] for m in found} == {"the model file does not exist"}
    broken = replace(project.entries[0], folder=None)  # type: ignore[arg-type]
    verify(Task("verify", (broken,)), found.append)
    assert found[-1]["error"]["exit_code"] == 70 and "Traceback" in found[-1]["error"]["text"]


def test_the_matrix_goes_on_after_a_failure(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entry has its result; one that was not emitted is not verified."""
    asked = []

    def tasks(waiting: list[Task], jobs: int, done: Any) -> None:
        while waiting:
            task = waiting.pop(0)
            for entry in task.entries:
                asked.append((task.step, entry.model, entry.board))
                bad = entry.model == "a" and task.step == "emit"
                error = {"what": "no", "text": "no\n  fix: yes", "exit_code": 2} if bad else None
                emitted = {"flash_bytes": 1, "flash_how": "linked", "arena_bytes": 2}
                message = {
                    "model": entry.model,
                    "board": entry.board,
                    "error": error,
                    "warnings": ["w"],
                    "seconds": 1.0,
                }
                record = {"instructions": 1, "runner": "qemu", "layers": [], "match": False, "cycles": None}
                record |= {
                    "cycles_source": "none",
                    "stack_bytes": 1,
                    "ram_bytes": 1,
                    "flash_bytes": 1,
                    "arena_bytes": 1,
                }
                message |= {
                    "emitted": emitted,
                    "ok": False,
                    "failure": "it differs\nmore",
                    "record": record,
                    "samples": 1,
                }
                waiting += done(task, message)

    monkeypatch.setattr("mcugen.project.run.run_tasks", tasks)
    warnings: list[str] = []
    steps: list[tuple[str, int, int]] = []
    result = run_matrix(project, warn=warnings.append, progress=lambda *step: steps.append(step))
    assert [entry for entry in asked if entry[0] == "verify"] == [
        ("verify", "b", "nrf5340dk"),
        ("verify", "b", "microbit"),
    ]
    found = {(r.model, r.board): [(c.name, c.status) for c in r.checks] for r in result.results}
    assert found["a", "microbit"] == [("emit", "error"), ("verify", "skipped")]
    # A mismatch fails whatever else is good; growth is not looked at without a baseline.
    assert found["b", "microbit"] == [("emit", "passed"), ("verify", "failed")]
    assert result.exit_code == 2 and "a on nrf5340dk: emit: no\n  fix: yes" in result.failure
    assert "b on nrf5340dk: verify: it differs\nmore" in result.failure
    assert warnings[0] == "a on nrf5340dk: w"
    assert ("emitting", 4, 4) in steps and steps[-1] == ("verifying", 2, 4)


@pytest.mark.slow
def test_an_interrupted_command_ends_with_130(tmp_path: Path) -> None:
    (tmp_path / "mcugen.yml").write_text("models: a.pt2\nboards: nrf5340dk\n")
    worker = f"open({str(tmp_path / 'runs')!r}, 'w').close(); import time; time.sleep(60)"
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"from mcugen.project import children; children._PROGRAM = {worker!r}\n"
        "from mcugen.cli import main; main(['ci'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as child:
        wait(lambda: (tmp_path / "runs").exists() or child.poll() is not None)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    assert child.returncode == 130, errors
    assert b"Traceback" not in errors
    wait(lambda: not list(tmp_path.glob("mcugen-*")))


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)
