"""docs/ci: the workflow and the page use what there is, safely, and the steps do what they should."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import nn

from mcugen.report.matrix import MARKER
from tests.docs import recipes

WORKFLOW = recipes.load_workflow()
SCRIPTS = [*recipes.workflow_scripts(), *recipes.page_scripts()]
ACTIONS = {f"actions/{name}" for name in ("checkout", "setup-python", "upload-artifact", "github-script")}


@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_scripts_are_shell(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_call_of_mcugen_exists() -> None:
    known = recipes.known_options()
    calls = [call for script in [*SCRIPTS, *recipes.page_spans()] for call in recipes.calls(script)]
    assert {call.command for call in calls} >= {"ci", "emit", "verify", "compare"}
    for call in calls:
        assert call.command in known, call
        assert call.options <= known[call.command], call


def test_calls_are_found_with_their_options() -> None:
    script = 'options+=(--renode)\nmcugen emit "$MODEL" --board "$BOARD" \\\n  "${options[@]}" | tee --append x\n'
    assert recipes.calls(script) == [recipes.Call("emit", frozenset({"--board", "--renode"}))]


def test_only_known_actions() -> None:
    used = [step["uses"] for step in recipes.steps(WORKFLOW) if "uses" in step]
    assert {name.split("@")[0] for name in used} == ACTIONS
    assert all(re.fullmatch(r"[\w/-]+@v\d+", name) for name in used)


def test_no_expression_is_part_of_a_script() -> None:
    for step in recipes.steps(WORKFLOW):
        for script in (step.get("run", ""), step.get("with", {}).get("script", "")):
            assert "${{" not in script


def test_permissions_are_the_least() -> None:
    jobs = WORKFLOW["jobs"]
    assert WORKFLOW["permissions"] == {}
    assert jobs["check"]["permissions"] == {"contents": "read"}
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}
    # The job that may write neither checks anything out nor runs a script of its own choice.
    assert [step.get("uses", "").split("@")[0] for step in jobs["comment"]["steps"]] == ["actions/github-script"]
    for step in recipes.steps(WORKFLOW):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_inputs_are_declared_and_used() -> None:
    declared = WORKFLOW["on"]["workflow_call"]["inputs"]
    assert set(re.findall(r"inputs\.([\w-]+)", recipes.WORKFLOW.read_text())) == set(declared)
    assert all("default" in field for field in declared.values())


def test_scripts_use_variables_that_are_set() -> None:
    of_runner = {"RUNNER_TEMP", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "PATH"}
    for job in WORKFLOW["jobs"].values():
        for step in job["steps"]:
            given = {*job.get("env", {}), *step.get("env", {})} | of_runner
            assert set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)", step.get("run", ""))) <= given
            assert set(re.findall(r"process\.env\.(\w+)", step.get("with", {}).get("script", ""))) <= given


def test_the_pages_caller_fits_the_workflow() -> None:
    caller = yaml.safe_load(recipes.page_blocks("yaml")[0])
    (job,) = caller["jobs"].values()
    inputs = WORKFLOW["on"]["workflow_call"]["inputs"]
    assert set(job["with"]) <= set(inputs)
    granted = dict(pair for one in WORKFLOW["jobs"].values() for pair in one["permissions"].items())
    assert job["permissions"] == granted


# A mcugen that notes how it is called, writes a report where it is asked for one, and ends as it is told.
_FAKE = """
import json, os, sys
arguments = sys.argv[1:]
print(json.dumps({"arguments": arguments, "summary": os.environ.get("GITHUB_STEP_SUMMARY")}), file=open("calls", "a"))
if "--markdown" in arguments and os.environ["FAKE_REPORT"]:
    open(arguments[arguments.index("--markdown") + 1], "w").write(os.environ["FAKE_REPORT"])
sys.exit(int(os.environ["FAKE_CODE"]))
"""


def run_step(folder: Path, name: str, program: str, **variables: str) -> int:
    """Runs a step of the workflow as a runner would, with a program for `mcugen`: its exit code."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "mcugen").write_text(f"#!/bin/sh\nexec {program}\n")
    (programs / "mcugen").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(recipes.FOLDER.parents[1]),
        "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "PROJECT": "models/mcugen.yml",
        "JOBS": "0",
    }
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", recipes.run_script(WORKFLOW, name)]
    done = subprocess.run(shell, cwd=folder, env=environment | variables, capture_output=True, text=True, check=False)
    assert not done.stderr or variables.get("FAKE_CODE") is None, done.stderr
    return done.returncode


def output_of(folder: Path) -> str:
    """The step's output `report`."""
    output = re.fullmatch(r"report<<(\S+)\n(.*)\n\1\n", (folder / "output").read_text(), re.DOTALL)
    assert output is not None
    return output.group(2)


def fake(folder: Path) -> str:
    (folder / "fake.py").write_text(_FAKE)
    return f'"{sys.executable}" "{folder / "fake.py"}" "$@"'


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_checking_step_ends_as_the_check_and_reports_all_the_same(code: int, tmp_path: Path) -> None:
    report = f"{MARKER}\nfigures\nreport<<x\n"
    (tmp_path / "base.json").write_text("{}")
    ended = run_step(tmp_path, "Check", fake(tmp_path), FAKE_REPORT=report, FAKE_CODE=str(code), JOBS="3")
    assert ended == code
    assert output_of(tmp_path) == report.rstrip("\n")
    (call,) = map(json.loads, (tmp_path / "calls").read_text().splitlines())
    assert call["arguments"][:3] == ["ci", "--project", "head/models/mcugen.yml"]
    options = dict(zip(call["arguments"][3::2], call["arguments"][4::2], strict=True))
    assert options["--baseline"] == f"{tmp_path}/base.json" and options["--jobs"] == "3"
    assert {"--junit", "--markdown", "--results"} < set(options)


def test_a_base_branch_without_figures_is_no_failure(tmp_path: Path) -> None:
    assert run_step(tmp_path, "Check", fake(tmp_path), FAKE_REPORT=MARKER, FAKE_CODE="0") == 0
    (call,) = map(json.loads, (tmp_path / "calls").read_text().splitlines())
    assert "--baseline" not in call["arguments"] and "--jobs" not in call["arguments"]


def test_a_project_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    assert run_step(tmp_path, "Check", fake(tmp_path), FAKE_REPORT="", FAKE_CODE="2") == 2
    assert output_of(tmp_path).startswith(MARKER) and "could not be checked" in output_of(tmp_path)
    assert (tmp_path / "summary").read_text() == output_of(tmp_path) + "\n"


def test_the_base_branch_does_not_write_into_the_summary(tmp_path: Path) -> None:
    assert run_step(tmp_path, "Measure the base branch", fake(tmp_path), FAKE_REPORT="", FAKE_CODE="1") == 1
    (call,) = map(json.loads, (tmp_path / "calls").read_text().splitlines())
    assert call["arguments"][2] == "base/models/mcugen.yml" and call["summary"] == ""


@pytest.mark.slow
@pytest.mark.emulator
def test_the_steps_find_what_a_change_costs(tmp_path: Path) -> None:
    for side, options in (("base", "{}"), ("head", "{io-layout: model}")):
        folder = tmp_path / side / "models"
        folder.mkdir(parents=True)
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv1d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 14, 3)).eval()
        torch.export.save(torch.export.export(model, (torch.zeros(1, 6, 16),)), folder / "kws.pt2")
        text = f"models: {{kws: {{file: kws.pt2, calibration: random}}}}\nboards: [nrf5340dk]\noptions: {options}\n"
        (folder / "mcugen.yml").write_text(text + "budgets: {fail-over: 1%}\n")
    program = f'"{sys.executable}" -m mcugen "$@"'
    assert run_step(tmp_path, "Measure the base branch", program) == 0
    assert not (tmp_path / "summary").exists()
    assert run_step(tmp_path, "Check", program) == 1
    report = output_of(tmp_path)
    assert report.startswith(f"{MARKER}\n### mcugen: 1 of 1 module did not pass")
    assert "**grew**" in report and "<details><summary>kws on nrf5340dk: change since the baseline" in report
    assert (tmp_path / "summary").read_text().rstrip("\n") == report
    assert b"<failure" in (tmp_path / "junit.xml").read_bytes()
    (result,) = json.loads((tmp_path / "head.json").read_text())["results"]
    assert result["record"]["match"] is True


_STUB = """
const comments = JSON.parse(process.argv[2]), calls = [];
const issues = {
  listComments: {},
  updateComment: async args => calls.push(['update', args]),
  createComment: async args => calls.push(['create', args]),
};
const github = { rest: { issues }, paginate: async (method, args) => comments };
const context = { repo: { owner: 'o', repo: 'r' }, payload: { pull_request: { number: 7 } } };
(async () => { %s })().then(() => console.log(JSON.stringify(calls)));
"""


def comment_step(folder: Path, comments: list[dict[str, Any]], project: str = "mcugen.yml") -> list[Any]:
    """The calls that the commenting script makes where there are such comments."""
    (step,) = WORKFLOW["jobs"]["comment"]["steps"]
    (folder / "step.js").write_text(_STUB % step["with"]["script"])
    environment = os.environ | {"REPORT": f"{MARKER}\nfigures", "PROJECT": project}
    command = ["node", str(folder / "step.js"), json.dumps(comments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_one_comment_for_each_project(tmp_path: Path) -> None:
    ((kind, created),) = comment_step(tmp_path, [])
    assert kind == "create" and created["issue_number"] == 7
    assert created["body"].startswith(f"{MARKER}\nfigures\n")
    bot = {"id": 1, "user": {"type": "Bot"}, "body": created["body"]}
    ((kind, updated),) = comment_step(tmp_path, [{"id": 2, "user": None, "body": None}, bot])
    assert kind == "update" and updated["comment_id"] == 1 and updated["body"] == created["body"]
    for others in ([bot | {"user": {"type": "User"}}], [bot | {"body": "hello"}]):
        assert comment_step(tmp_path, others)[0][0] == "create"
    assert comment_step(tmp_path, [bot], project="other/mcugen.yml")[0][0] == "create"
    # A path from the caller cannot end the HTML comment.
    assert "-->x" not in comment_step(tmp_path, [], project="-->x")[0][1]["body"]
