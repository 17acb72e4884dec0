"""`mcugen ci` and the commands in a project, with workers that say what a test gives them: exit codes and reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mcugen import cli
from mcugen.project.worker import Task
from tests.verify.outcomes import layer, outcome

PROJECT = """
models: {kws: kws.pt2, image: image.pt2}
boards: [nrf5340dk]
budgets: {flash: 100K, fail-over: 2%}
baseline: base.json
"""
Say = Callable[[Task], dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mcugen.yml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


class Workers:
    """In the place of the processes. Attributes: tasks: what they were given; instructions: of each model."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.instructions = {"kws": 1000, "image": 2000}
        self.flash = 1000

    def __call__(self, tasks: list[Task], jobs: int, done: Callable[[Task, dict[str, Any]], list[Task]]) -> None:
        waiting = list(tasks)
        while waiting:
            task = waiting.pop(0)
            self.tasks.append(task)
            for entry in task.entries:
                found = outcome([layer("stem", self.instructions[entry.model])], flash_bytes=self.flash)
                message = {"model": entry.model, "board": entry.board, "error": None, "warnings": [], "seconds": 0.5}
                if task.step == "emit":
                    message["emitted"] = {"flash_bytes": self.flash, "flash_how": "linked", "arena_bytes": 256}
                else:
                    message |= {"record": found.as_json(), "ok": True, "failure": "", "samples": 4}
                waiting += done(task, message)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    made = Workers()
    monkeypatch.setattr("mcugen.project.run.run_tasks", made)
    return made


def test_reports_of_a_violated_budget(
    folder: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli._run(["ci", "--update-baseline"]) == 0
    assert "2 modules passed" in capsys.readouterr().out
    assert [r["model"] for r in json.loads((folder / "base.json").read_text())["results"]] == ["kws", "image"]
    workers.instructions["image"] = 3000
    workers.flash = 200_000
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary"))
    (folder / "summary").write_text("before\n")
    files = {"--junit": "report.xml", "--markdown": "report.md", "--results": "results.json"}
    assert cli._run(["ci", *(word for pair in files.items() for word in pair)]) == 1
    printed = capsys.readouterr()
    assert "2 of 2 modules did not pass" in printed.out
    assert "kws on nrf5340dk: flash: 200,000 B, 97,600 B over the budget of 102,400 B (+95.3 %)" in printed.err
    cases = {
        case.attrib["name"]: [child.tag for child in case]
        for case in ElementTree.parse(folder / "report.xml").getroot().iter("testcase")
    }
    assert cases["flash (kws on nrf5340dk)"] == ["failure"] and cases["growth (image on nrf5340dk)"] == ["failure"]
    assert cases["emit (kws on nrf5340dk)"] == cases["verify (image on nrf5340dk)"] == ["system-out"]
    page = (folder / "report.md").read_text()
    assert "**over flash, grew**" in page and "change since the baseline" in page
    assert (folder / "summary").read_text() == f"before\n{page}"
    results = json.loads((folder / "results.json").read_text())
    assert results["ok"] is False and results["results"][1]["record"]["instructions"] == 3010
    # Against the results of now nothing grew; the flash is over its budget all the same.
    assert cli._run(["ci", "--baseline", "results.json", "--model", "image", "--json"]) == 1
    (only,) = json.loads(capsys.readouterr().out)["results"]
    assert {c["name"]: c["status"] for c in only["checks"]}["growth"] == "passed"


def test_options_of_the_command_line_win(folder: Path, workers: Workers) -> None:
    words = ["--optimize", "size", "--package", "zip", "--package-vendor", "me", "--harness", "mlperf-tiny"]
    assert cli._run(["emit", "kws", *words, "--output", "there"]) == 0
    ((entry,),) = (task.entries for task in workers.tasks)
    assert (entry.options.optimize, entry.options.packages, entry.options.publisher.vendor) == ("size", ("zip",), "me")
    assert entry.extras.mlperf_tiny and entry.folder == Path("there")
    assert entry.options.kernels == "auto" and entry.options.publisher.version == "1.0.0"
    assert cli._run(["verify", "--runner", "renode", "--firmware", "zephyr", "--model", "image"]) == 0
    ((entry,),) = (task.entries for task in workers.tasks[1:])
    assert (entry.model, entry.runner, entry.firmware) == ("image", "renode", "zephyr")


def test_comparing_with_the_baseline(folder: Path, workers: Workers, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli._run(["compare"]) == 2
    assert "the baseline does not exist" in capsys.readouterr().err
    assert cli._run(["ci", "--update-baseline"]) == 0
    workers.instructions["kws"] = 1100
    capsys.readouterr()
    assert cli._run(["compare"]) == 1
    printed = capsys.readouterr()
    assert "kws on nrf5340dk" in printed.out and "+10.00 %" in printed.out
    assert "grew by more than 2 %" in printed.err
    assert cli._run(["compare", "--fail-over", "10%", "--json"]) == 0
    assert [r["ok"] for r in json.loads(capsys.readouterr().out)["results"]] == [True, True]
    assert cli._run(["compare", "--format", "markdown", "--fail-over", "10%"]) == 0
    assert capsys.readouterr().out.count("<!-- mcugen-compare -->") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["emit", "--output", "x"], "--output is for one module, the project has 2"),
        (["emit", "nothing"], "nothing is none of the project's models"),
        (["emit", "--board", "microbit"], "the project has no board 'microbit'"),
        (["run", "--outputs", "x.npz"], "the project has 2 modules"),
        (["run", "--model", "kws", "--outputs", "x.npz"], "--inputs is missing"),
        (["verify", "--layers"], "the project has 2 modules"),
        (["compare", "old.json"], "NEW.json is missing"),
        (["ci", "--junit", "no/report.xml"], "the folder of --junit no/report.xml does not exist"),
        (["ci", "--markdown", "."], "--markdown . is a folder"),
        (["ci", "--update-baseline", "--model", "kws"], "--update-baseline is about all models"),
        (["ci", "--project", "other.yml"], "there is no project file other.yml"),
        (["ci", "--baseline", "none.json"], "the baseline does not exist"),
        (["init"], "mcugen.yml exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_is_told_before_anything_is_done(
    arguments: list[str], words: str, folder: Path, workers: Workers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli._run(arguments) == 2
    assert words in capsys.readouterr().err
    assert workers.tasks == []


def test_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments, hint in (
        (["emit"], "give MODEL and --board"),
        (["emit", "x.pt2"], "give MODEL and --board"),
        (["check"], "give MODEL and --board"),
        (["verify"], "give DIR"),
        (["compare"], "give OLD.json and NEW.json"),
        (["ci"], "start one with `mcugen init`"),
    ):
        assert cli._run(arguments) == 2
        printed = capsys.readouterr().err
        assert "there is no project file mcugen.yml in this folder" in printed and hint in printed, arguments
    assert cli._run(["init", "--board", "nrf5340"]) == 0
    assert "- nrf5340dk" in (tmp_path / "mcugen.yml").read_text()
