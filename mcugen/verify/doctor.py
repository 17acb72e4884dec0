"""`mcugen doctor`: what is installed, and how to install what is not."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen.emulate.renode_install import INSTALL, find_renode, find_renode_test, renode_test_works, renode_version
from mcugen.errors import InputError
from mcugen.verify.extras import DISTRIBUTION, Extra, extra_command, find_extras, install_command


@dataclass(frozen=True)
class Check:
    """One tool: its version and path, or how to get it.

    Attributes:
        required: the default path (native kernels, QEMU) needs it.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    install: str

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ok": self.ok,
            "required": self.required,
            "detail": self.detail,
            "install": "" if self.ok else self.install,
        }


_PROGRAMS = (
    ("arm-none-eabi-gcc", True, "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    ("qemu-system-arm", True, "apt-get install qemu-system-arm"),
    ("gcc", True, "apt-get install gcc"),
    ("cmake", False, "apt-get install cmake"),
    ("ninja", False, "apt-get install ninja-build"),
    ("west", False, ""),  # by its extra
)
_PACKAGES = ("torch", "torchao", "numpy", "Jinja2", "pyelftools", "capstone")
_EXTRA_OF = {"west": "zephyr"}
_FOLDERS = (
    ("Zephyr workspace", "ZEPHYR_BASE", "VERSION", "see the Zephyr getting started guide, then set ZEPHYR_BASE"),
    ("CMSIS-NN", "CMSIS_NN_PATH", "Include/arm_nnfunctions.h", "it comes with a Zephyr workspace; set CMSIS_NN_PATH"),
)


def check_tools() -> list[Check]:
    checks = [
        Check("python", sys.version_info >= (3, 11), True, sys.version.split()[0], "install Python 3.11 or newer")
    ]
    checks += [_program(*row) for row in _PROGRAMS]
    checks += [_package(name) for name in _PACKAGES]
    checks += [_folder(*row) for row in _FOLDERS]
    return [*checks, _renode(), _renode_test(), *(_extra(one) for one in find_extras())]


def _extra(extra: Extra) -> Check:
    state = f"not installed: {', '.join(extra.missing)}" if extra.missing else ", ".join(extra.installed)
    return Check(
        f"{DISTRIBUTION}[{extra.name}]", extra.ok, False, f"{extra.purpose}; {state}", extra_command(extra.name)
    )


def _program(name: str, required: bool, install: str) -> Check:
    install = install or extra_command(_EXTRA_OF[name])
    path = shutil.which(name)
    if path is None:
        return Check(name, False, required, "not found on PATH", install)
    try:
        text = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name, False, required, f"{path} does not run: {error}", install)
    version = re.search(r"\d+\.\d+(\.\d+)?", text)
    return Check(name, True, required, f"{version.group() if version else 'unknown version'} ({path})", install)


def _package(name: str) -> Check:
    try:
        return Check(name, True, True, importlib.metadata.version(name), "")
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, True, "not installed", install_command(name))


def _renode() -> Check:
    try:
        program = find_renode()
    except InputError as error:
        return Check("Renode", False, False, error.what, error.hint or INSTALL)
    version = renode_version()
    if program is None:
        return Check("Renode", False, False, "neither in RENODE_ROOT nor on PATH", INSTALL)
    if version is None:
        return Check("Renode", False, False, f"{program} does not run", INSTALL)
    return Check("Renode", True, False, f"{version} ({program})", "")


def _renode_test() -> Check:
    try:
        program = find_renode_test()
    except InputError as error:
        return Check("renode-test", False, False, error.what, error.hint or INSTALL)
    if program is None:
        return Check("renode-test", False, False, "neither in RENODE_ROOT nor on PATH", INSTALL)
    if not renode_test_works():
        needs = "a Renode with its folder tests, and pip install -r tests/requirements.txt in it"
        return Check("renode-test", False, False, f"{program} does not run", needs)
    return Check("renode-test", True, False, program, "")


def _folder(name: str, variable: str, marker: str, install: str) -> Check:
    value = os.environ.get(variable, "")
    if not value:
        return Check(name, False, False, f"{variable} is not set", install)
    present = Path(value).is_dir() and (Path(value) / marker).exists()
    return Check(name, present, False, value if present else f"{variable}={value} holds no {name}", install)
