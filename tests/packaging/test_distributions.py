"""The wheel and the source distribution: what they hold, that one makes the other, and that both work alone.

`MCUGEN_DISTRIBUTIONS=FOLDER` takes those of a folder (`make dist` does); else they are built. The tests in fresh
environments run for each Python of 3.11 to 3.13 that is on the PATH or named in `MCUGEN_TEST_PYTHONS` (paths, separated
by colons) and has torch; nothing is downloaded.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="building a distribution needs hatchling")
ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13")
DATA = ("boards", "docs", "kernels_cmsis", "renode", "zephyr_module", "LICENSE")
# Seconds long, and they read files that only a checkout has.
QUICK = ("tests/test_architecture.py", "tests/boards", "tests/docs/test_project.py", "tests/emit/test_golden.py")
STRANGER = """
import torch
from torch import nn
import mcugen

torch.manual_seed(0)
model = nn.Sequential(nn.Conv1d(3, 4, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(56, 4))
compiled = mcugen.compile(model, board="mps2_an385", calibration=torch.randn(16, 3, 32), name="motion")
compiled.write("motion")
print(mcugen.__file__)
"""


@dataclass(frozen=True)
class Distributions:
    wheel: Path
    source: Path


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    """Standard output, in an environment that knows nothing of the checkout; a failure fails the test."""
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST", "MCUGEN", "VIRTUAL"))
    }
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=clean | more, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def build(kind: str, source: Path, folder: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", folder, cwd=source)
    (made,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    given = os.environ.get("MCUGEN_DISTRIBUTIONS")
    folder = Path(given).resolve() if given else tmp_path_factory.mktemp("dist")
    if not given:
        for kind in ("wheel", "sdist"):
            build(kind, ROOT, folder)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Distributions(wheel, source)


@pytest.fixture(scope="module")
def unpacked(made: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(made.source) as archive:
        archive.extractall(folder, filter="data")
    (top,) = folder.iterdir()
    return top


def tracked() -> set[str]:
    """Files of the checkout that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("needs a git checkout")
    return {name for name in done.stdout.splitlines() if (ROOT / name).is_file()}


def test_the_wheel_holds_package_data_and_pages(made: Distributions) -> None:
    files = tracked()
    wanted = {name for name in files if name.startswith("mcugen/")}
    wanted |= {f"mcugen/data/{name}" for name in files if name.partition("/")[0] in DATA}
    with zipfile.ZipFile(made.wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    assert names == wanted
    assert re.search(r"^Requires-Python: >=3\.11$", text, re.MULTILINE)
    assert {"Documentation", "Changelog", "Source"} <= set(
        re.findall(r"^Project-URL: (\w+), https://", text, re.MULTILINE)
    )
    extras = set(re.findall(r"^Provides-Extra: (\w+)$", text, re.MULTILINE))
    assert extras >= {"npu", "zephyr", "renode", "docs", "test", "dev"}


def test_the_source_distribution_holds_the_checkout(made: Distributions) -> None:
    with tarfile.open(made.source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names - {"PKG-INFO"} == {name for name in tracked() if not name.startswith(".ci/")}


def test_the_source_distribution_builds_the_same_wheel(made: Distributions, unpacked: Path, tmp_path: Path) -> None:
    assert build("wheel", unpacked, tmp_path).read_bytes() == made.wheel.read_bytes()


@pytest.mark.slow
def test_the_source_distribution_runs_its_quick_tests(unpacked: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow", *QUICK]
    out = run(*command, cwd=unpacked, PYTHONPATH=str(unpacked), PYTHONDONTWRITEBYTECODE="1")
    assert re.search(r"\d{2,} passed", out), out


@cache
def interpreters() -> dict[str, Path]:
    """By version, those that there are and that have torch."""
    named = [Path(one) for one in os.environ.get("MCUGEN_TEST_PYTHONS", "").split(":") if one]
    on_path = [Path(found) for version in VERSIONS if (found := shutil.which(f"python{version}"))]
    question = "import sys, importlib.util as u; print('%d.%d' % sys.version_info[:2], bool(u.find_spec('torch')))"
    usable: dict[str, Path] = {}
    for path in (*named, Path(sys.executable), *on_path):
        done = subprocess.run([path, "-c", question], capture_output=True, text=True, check=False, cwd=ROOT)
        version, _, torch = done.stdout.strip().partition(" ")
        if torch == "True":
            usable.setdefault(version, path)
    return usable


def packages_of(python: Path) -> list[str]:
    """Folders with packages, without those that only a checkout's .pth files add."""
    code = "import sys; print(*(p for p in sys.path if p.endswith(('site-packages', 'dist-packages'))), sep='\\n')"
    return run(python, "-c", code, cwd=ROOT).split()


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["wheel", "source"])
def test_a_fresh_environment(made: Distributions, version: str, kind: str, tmp_path: Path) -> None:
    if version not in interpreters():
        pytest.skip(f"needs a Python {version} with torch")
    python = interpreters()[version]
    run(python, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(packages_of(python)))
    bin_folder, distribution = tmp_path / "venv" / "bin", getattr(made, kind)
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    if kind == "source" and not _has(bin_folder / "python", "hatchling", tmp_path):
        pytest.skip(f"needs hatchling in Python {version}")
    run(bin_folder / "python", "-m", "pip", "install", "--ignore-installed", *options, distribution, cwd=tmp_path)
    where = run(bin_folder / "python", "-c", STRANGER, cwd=tmp_path)
    assert str(packages) in where
    assert "Numbers" in run(bin_folder / "mcugen", "docs", cwd=tmp_path)
    assert run(bin_folder / "mcugen", "docs", "numbers", cwd=tmp_path) == (ROOT / "docs" / "numbers.md").read_text()
    run(bin_folder / "mcugen", "doctor", cwd=tmp_path)
    assert "match" in run(bin_folder / "mcugen", "verify", "motion", cwd=tmp_path)
    run("make", "-C", "motion", "test", cwd=tmp_path)


def _has(python: Path, module: str, folder: Path) -> bool:
    code = f"import importlib.util as u; print(u.find_spec({module!r}) is not None)"
    return run(python, "-c", code, cwd=folder).strip() == "True"
