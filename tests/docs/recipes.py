"""The scripts of docs/ci: those of the workflow's steps, and those in the page's code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mcugen import cli

FOLDER = Path(__file__).parents[2] / "docs" / "ci"
WORKFLOW = FOLDER / "mcugen.yml"
PAGE = FOLDER / "README.md"


@dataclass(frozen=True)
class Call:
    """One call of mcugen in a script."""

    command: str
    options: frozenset[str]


def load_workflow() -> dict[str, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
    # YAML 1.1 reads the key `on` as a truth value.
    return {("on" if key is True else key): value for key, value in workflow.items()}


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def run_script(workflow: dict[str, Any], name: str) -> str:
    return next(step["run"] for step in steps(workflow) if step.get("name") == name)


def workflow_scripts() -> list[str]:
    return [step["run"] for step in steps(load_workflow()) if "run" in step]


def page_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def page_scripts() -> list[str]:
    """The shell blocks, and the scripts of GitLab jobs."""
    found = page_blocks("sh")
    for block in page_blocks("yaml"):
        for job in yaml.safe_load(block).values():
            if isinstance(job, dict):
                found += [*job.get("before_script", []), *job.get("script", [])]
    return found


def page_spans() -> list[str]:
    """Code inside of the text."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE))


def calls(script: str) -> list[Call]:
    """Calls of mcugen, with the options of arrays such as "${options[@]}"."""
    joined = script.replace("\\\n", " ")
    arrays = {
        name: " ".join(re.findall(rf"{name}\+?=\(([^)]*)\)", joined)) for name in re.findall(r"(\w+)\+?=\(", joined)
    }
    found = []
    for command, arguments in re.findall(r"\bmcugen ([a-z]+)\b([^|;&>\n]*)", joined):
        for name, text in arrays.items():
            arguments = arguments.replace(f"${{{name}[@]}}", text)
        found.append(Call(command, frozenset(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", arguments))))
    return found


def known_options() -> dict[str, set[str]]:
    """The options of each command of mcugen."""
    group: Any = cli.program()
    return {
        name: {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
        for name, command in group.commands.items()
    }
