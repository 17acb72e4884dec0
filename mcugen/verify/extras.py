"""Extras of mcugen's distribution: what each is for, what of it is installed, the command that installs the rest."""

from __future__ import annotations

import importlib.metadata
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTION = "mcugen"
PURPOSES: Mapping[str, str] = {
    "npu": "networks on an Arm Ethos-U",
    "litert": "`mcugen export-tflite`",
    "zephyr": "west and what Zephyr's build imports",
    "renode": "Robot Framework suites of `emit --renode`",
    "docs": "the pages as a site",
    "cluster": "`mcugen bench --scheduler`, on several machines",
}
"""Those for users, by name; further ones are for work on mcugen itself."""


@dataclass(frozen=True)
class Extra:
    """One extra.

    Attributes:
        missing: requirements that are not installed, or of a version that does not do: "west>=1.2".
        installed: name and version of the others.
    """

    name: str
    purpose: str
    missing: tuple[str, ...]
    installed: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.missing


def find_extras() -> list[Extra]:
    """The extras for users that the installed mcugen has; none where it is not installed but only on the path."""
    try:
        requirements = [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or ()]
    except importlib.metadata.PackageNotFoundError:
        return []
    found = []
    for name, purpose in PURPOSES.items():
        wanted = [one for one in requirements if _belongs(one, name)]
        if wanted:
            missing = tuple(_plain(one) for one in wanted if not _satisfied(one))
            installed = tuple(_installed(one) for one in wanted if _satisfied(one))
            found.append(Extra(name, purpose, missing, installed))
    return found


def install_command(*requirements: str) -> str:
    """The command that adds these to the environment that runs mcugen, by the tool that made it: pipx, uv or venv."""
    words = " ".join(shlex.quote(one) for one in requirements)
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx runpip {prefix.name} install {words}"
    if find_spec("pip") is None:
        return f"uv pip install --python {shlex.quote(sys.prefix)} {words}"
    return f"{_python()} -m pip install {words}"


def extra_command(name: str) -> str:
    """The command that adds an extra: `pip install 'mcugen[npu]'` where pip is that of mcugen's environment."""
    return install_command(f"{DISTRIBUTION}[{name}]")


def _python() -> str:
    """The interpreter as the user would call it."""
    found = shutil.which("python")
    return "python" if found and Path(found).parent == Path(sys.executable).parent else shlex.quote(sys.executable)


def _belongs(requirement: Requirement, extra: str) -> bool:
    """Whether the extra brings it, on this machine, and mcugen alone would not."""
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _satisfied(requirement: Requirement) -> bool:
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _installed(requirement: Requirement) -> str:
    return f"{canonicalize_name(requirement.name)} {importlib.metadata.version(requirement.name)}"


def _plain(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"
