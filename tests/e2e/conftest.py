"""The example models, exported once a test run and worker."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.export import export
from examples.models import MODELS
from mcugen import cli


@dataclass(frozen=True)
class Exported:
    archive: Path
    calibration: Path


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    folder = tmp_path_factory.mktemp("exported")
    done: dict[str, Exported] = {}

    def get(name: str) -> Exported:
        if name not in done:
            assert name in MODELS
            # Too few for the quantizer's fits, which take most of the time and are tested elsewhere.
            done[name] = Exported(*export(name, folder, samples=6))
        return done[name]

    return get


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def mcugen() -> Callable[..., Finished]:
    """Runs the command as a user does: in its own process."""

    def run(*arguments: object, cwd: Path | None = None, **environment: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "mcugen", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, **environment},
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def command() -> Callable[..., Finished]:
    """As `mcugen`, in this process, which has imported PyTorch already: five times as fast for small networks."""

    def run(*arguments: object) -> Finished:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli._run(list(map(str, arguments)))
        return Finished(code, out.getvalue(), err.getvalue())

    return run
