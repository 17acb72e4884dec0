"""What those who work on mcugen start from: make's targets, hooks, workflows, the change log."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import mcugen

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
ACTIONS = {f"actions/{name}" for name in ("checkout", "setup-python", "upload-artifact", "download-artifact")}
SCHEMAS = {
    ".github/workflows/ci.yml": "vendor.github-workflows",
    "docs/ci/mcugen.yml": "vendor.github-workflows",
    ".github/ISSUE_TEMPLATE/bug.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/operator.yml": "vendor.github-issue-forms",
}


def targets() -> set[str]:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    return set(phony.split())


def steps() -> list[dict[str, Any]]:
    return [step for job in CI["jobs"].values() for step in job["steps"]]


def test_make_help_tells_every_target() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^  make (\S+) +\S", done.stdout, re.MULTILINE)) == targets()


def test_targets_that_texts_name_exist() -> None:
    texts = [(ROOT / name).read_text() for name in (*PAGES, ".github/workflows/ci.yml", ".pre-commit-config.yaml")]
    call = re.compile(r"(?:`|^ +|run: |\|\s+)make ([a-z][a-z-]*)", re.MULTILINE)
    named = {name for text in texts for name in call.findall(text)}
    assert {"demo", "test", "quick", "dist"} <= named
    assert named <= targets()


def test_hooks_run_what_ci_runs() -> None:
    (repository,) = HOOKS["repos"]
    assert repository["repo"] == "local", "other hooks would need a network"
    entries = {hook["entry"].replace(" --force-exclude", "") for hook in repository["hooks"]}
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe is not None
    # Files that git hands over stand where `make lint` takes the folder.
    lint = {line.strip().replace("$(BIN)", ".venv/bin").removesuffix(" .") for line in recipe[1].splitlines()}
    assert entries == lint | {"make quick"}
    scripts = "\n".join(step.get("run", "") for step in steps())
    assert "make lint" in scripts and "make test" in scripts


def test_quick_tests_exist() -> None:
    (paths,) = re.findall(r"^QUICK \?= (.*)$", MAKEFILE, re.MULTILINE)
    assert all((ROOT / path).exists() for path in paths.split())


def test_every_workflow_is_of_githubs_schema() -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("needs check-jsonschema")
    for schema in set(SCHEMAS.values()):
        files = [name for name, one in SCHEMAS.items() if one == schema]
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_is_safe_and_bounded() -> None:
    assert CI["permissions"] == {"contents": "read"}
    for name, job in CI["jobs"].items():
        assert job["timeout-minutes"] <= 180, name
        assert {*([job["needs"]] if "needs" in job else [])} <= set(CI["jobs"])
    used = [step["uses"] for step in steps() if "uses" in step]
    assert {name.split("@")[0] for name in used} == ACTIONS
    assert all(re.fullmatch(r"[\w/-]+@v\d+", name) for name in used)
    for step in steps():
        script = step.get("run", "")
        assert "${{" not in script
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_the_matrix_is_what_the_metadata_claims() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    claimed = [line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r"Python :: 3\.\d", line)]
    for job in ("test", "wheel"):
        assert CI["jobs"][job]["strategy"]["matrix"]["python-version"] == claimed
    assert project["requires-python"] == f">={claimed[0]}"


def test_the_change_log_has_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    releases = re.findall(r"^## \[(.*?)\](?: - (\S+))?$", text, re.MULTILINE)
    assert releases[0] == ("Unreleased", "")
    assert all(
        re.fullmatch(r"\d+\.\d+\.\d+", name) and re.fullmatch(r"\d{4}-\d\d-\d\d", day) for name, day in releases[1:]
    )
    assert [line for line in re.findall(r"^## .*$", text, re.MULTILINE)] == [
        f"## [{name}]" + (f" - {day}" if day else "") for name, day in releases
    ]
    kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        found = re.findall(r"^### (.*)$", part, re.MULTILINE)
        assert found == [kind for kind in kinds if kind in found]
    # A version that is out has its entry; one that is not is what "Unreleased" will be.
    assert mcugen.__version__ in text


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages(name: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / name).read_text()):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target
