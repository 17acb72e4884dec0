"""docs/ci: the workflow and the page use what there is, safely, and the comparing step does what it should."""

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
import yaml

from mcugen.report.comparison import MARKER
from mcugen.verify.result import VerifyOutcome
from tests.docs import recipes
from tests.verify.outcomes import layer, outcome, write

WORKFLOW = recipes.load_workflow()
SCRIPTS = [*recipes.workflow_scripts(), *recipes.page_scripts()]
ACTIONS = {"actions/checkout", "actions/setup-python", "actions/github-script"}

OLD = outcome([layer("stem", 1000), layer("head", 500)])
GROWN = outcome([layer("stem", 1100), layer("head", 500)])


@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_scripts_are_shell(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_call_of_mcugen_exists() -> None:
    known = recipes.known_options()
    calls = [call for script in [*SCRIPTS, *recipes.page_spans()] for call in recipes.calls(script)]
    assert {call.command for call in calls} >= {"emit", "verify", "compare"}
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
    assert jobs["measure"]["permissions"] == {"contents": "read"}
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}
    # The job that may write neither checks anything out nor runs a script of its own choice.
    assert [step.get("uses", "").split("@")[0] for step in jobs["comment"]["steps"]] == ["actions/github-script"]
    for step in recipes.steps(WORKFLOW):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_inputs_are_declared_and_used() -> None:
    declared = WORKFLOW["on"]["workflow_call"]["inputs"]
    assert set(re.findall(r"inputs\.([\w-]+)", recipes.WORKFLOW.read_text())) == set(declared)
    assert {name for name, field in declared.items() if field.get("required")} == {"model", "board", "name"}
    assert all("default" in field for field in declared.values() if not field.get("required"))


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
    assert {name for name, field in inputs.items() if field.get("required")} <= set(job["with"])
    granted = dict(pair for one in WORKFLOW["jobs"].values() for pair in one["permissions"].items())
    assert job["permissions"] == granted


def compare_step(folder: Path, **files: VerifyOutcome) -> tuple[int, str]:
    """Runs the workflow's step as a runner would: its exit code, and its output `report`."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "mcugen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mcugen "$@"\n')
    (programs / "mcugen").chmod(0o755)
    for name, result in files.items():
        write(folder / f"{name}.json", result)
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(recipes.FOLDER.parents[1]),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "FAIL_OVER": "2%",
    }
    script = recipes.run_script(WORKFLOW, "Compare")
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    output = re.fullmatch(r"report<<(\S+)\n(.*)\n\1\n", (folder / "output").read_text(), re.DOTALL)
    assert output is not None
    assert (folder / "summary").read_text() == output.group(2) + "\n"
    return done.returncode, output.group(2)


@pytest.mark.parametrize(("new", "code"), [(OLD, 0), (GROWN, 1), (outcome([layer("stem", match=False)]), 1)])
def test_the_comparing_step_fails_with_the_comparison_and_reports_all_the_same(
    new: VerifyOutcome, code: int, tmp_path: Path
) -> None:
    ended, report = compare_step(tmp_path, base=OLD, head=new)
    assert ended == code
    assert report.startswith(f"{MARKER}\n### mcugen: change of `kws` on `nrf5340dk`\n")


def test_a_base_branch_without_figures_is_no_failure(tmp_path: Path) -> None:
    code, report = compare_step(tmp_path, head=OLD)
    assert code == 0
    assert report.startswith(MARKER) and "base branch gives no figures" in report


def test_a_pull_request_without_figures_is_reported(tmp_path: Path) -> None:
    # The step before has failed the job already.
    _, report = compare_step(tmp_path, base=OLD)
    assert report.startswith(MARKER) and "pull request gives no figures" in report


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


def comment_step(folder: Path, comments: list[dict[str, Any]], board: str = "nrf5340dk") -> list[Any]:
    """The calls that the commenting script makes where there are such comments."""
    (step,) = WORKFLOW["jobs"]["comment"]["steps"]
    (folder / "step.js").write_text(_STUB % step["with"]["script"])
    environment = os.environ | {"REPORT": f"{MARKER}\nfigures", "NAME": "kws", "BOARD": board}
    command = ["node", str(folder / "step.js"), json.dumps(comments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_one_comment_for_each_module_and_board(tmp_path: Path) -> None:
    ((kind, created),) = comment_step(tmp_path, [])
    assert kind == "create" and created["issue_number"] == 7
    assert created["body"].startswith(f"{MARKER}\nfigures\n")
    bot = {"id": 1, "user": {"type": "Bot"}, "body": created["body"]}
    ((kind, updated),) = comment_step(tmp_path, [{"id": 2, "user": None, "body": None}, bot])
    assert kind == "update" and updated["comment_id"] == 1 and updated["body"] == created["body"]
    for others in ([bot | {"user": {"type": "User"}}], [bot | {"body": "hello"}]):
        assert comment_step(tmp_path, others)[0][0] == "create"
    assert comment_step(tmp_path, [bot], board="boards/mine.yml")[0][0] == "create"
    # A board's path from the caller cannot end the HTML comment.
    assert "-->x" not in comment_step(tmp_path, [], board="-->x")[0][1]["body"]
