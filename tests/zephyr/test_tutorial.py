"""The tutorial's application, word by word: built, run, changed, and measured."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen.frontend import load_model
from mcugen.graph import reference
from tests.zephyr.workspace import MODULE, ROOT, Workspace, run_image

TUTORIAL = ROOT / "docs" / "zephyr" / "tutorial.md"
BOARD = "mps2/an385"
_BLOCK = re.compile(r"(?:<!-- (file|console)(?:: (\S+))? -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
_RUN = "west build -t run"


def tutorial_files() -> dict[str, str]:
    return {name: text for kind, name, _, text in _BLOCK.findall(TUTORIAL.read_text()) if kind == "file"}


def tutorial_script() -> str:
    """The page as a shell script: its commands as they stand, its files written where the reader meets them."""
    steps = []
    for kind, name, language, text in _BLOCK.findall(TUTORIAL.read_text()):
        if kind == "file":
            steps.append(f"cat > {name} <<'END OF FILE'\n{text}END OF FILE\n")
        elif language == "sh":
            steps.append(text)
    return "set -e\n" + "".join(steps)


@dataclass(frozen=True)
class Built:
    """The reader's folder and environment after the last command but one, and what the commands printed."""

    application: Path
    build_dir: Path
    output: str
    environment: Mapping[str, str]
    home: Path

    def ninja(self, *targets: str) -> subprocess.CompletedProcess[str]:
        """A build in a shell that never heard of mcugen: the build remembers where it is."""
        return shell("ninja " + " ".join(targets), self.build_dir, self.environment)


def shell(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=dict(environment),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=1800,
    )


def link_packages(folder: Path) -> Path:
    """A folder with the packages of this Python, less those that an environment has by itself, and mcugen."""
    folder.mkdir()
    for place in (Path(p) for p in sys.path if p.endswith("site-packages")):
        for package in place.iterdir():
            own = package.name.startswith(("pip", "mcugen", "_mcugen", "setuptools", "pkg_resources", "_distutils"))
            if not own and package.suffix != ".pth" and not (folder / package.name).exists():
                (folder / package.name).symlink_to(package)
    return folder


@pytest.fixture(scope="module")
def built(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Follows the page in a fresh folder, with a fresh home that has mcugen's source tree.

    What pip would download is there already: the reader's environment sees the packages of this Python.
    """
    home = tmp_path_factory.mktemp("home")
    (home / "mcugen").symlink_to(ROOT)
    packages = home / "mcugen-venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "here.pth").write_text(str(link_packages(home / "packages")))
    (home / "bin").mkdir()
    (home / "bin" / "python3.11").symlink_to(sys.executable)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MCUGEN", "PYTHON", "VIRTUAL_ENV"))} | {
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "PIP_QUIET": "2",
        "CMAKE_BUILD_PARALLEL_LEVEL": "1",
    }
    start = tmp_path_factory.mktemp("start")
    script = tutorial_script()
    assert script.rstrip().endswith(_RUN)
    result = shell(script.rstrip().removesuffix(_RUN), start, environment)
    assert result.returncode == 0, result.stdout
    return Built(start / "motion", start / "motion" / "build", result.stdout, environment, home)


def make_model(built: Built) -> None:
    done = shell("~/mcugen-venv/bin/python model.py", built.application, built.environment)
    assert done.returncode == 0, done.stdout


def expected_scores(application: Path) -> list[int]:
    graph = load_model(application / "motion.pt2", application / "calibration.npz")
    tensor = graph.tensors[graph.inputs[0].tensor]
    run = reference.run(graph, {graph.inputs[0].tensor: np.zeros(tensor.shape, np.int8)})
    return [int(v) for v in run[graph.outputs[0].tensor].reshape(-1)]


def scores(console: str) -> list[int]:
    found = re.search(r"status 0:((?: -?\d+)+)", console)
    assert found, console
    return [int(v) for v in found[1].split()]


def printed_scores(build_dir: Path) -> list[int]:
    return scores(run_image(build_dir, BOARD, r"^status 0:.*\n"))


def test_the_page_is_a_script_that_runs_the_application_last() -> None:
    """What the tests in a workspace execute: no step of the page is left to the reader's imagination."""
    script = tutorial_script()
    assert "<" not in re.sub(r"<<'END OF FILE'.*?\nEND OF FILE", "", script, flags=re.DOTALL)
    written = re.findall(r"^cat > (\S+)", script, re.MULTILINE)
    assert written == ["model.py", "CMakeLists.txt", "main.c"] and "example.com" not in script
    assert script.index("pip install") < script.index("cat > model.py") < script.index("west build -b")
    assert script.rstrip().endswith(_RUN)


def shown_scores() -> list[int]:
    (shown,) = (text for kind, _, _, text in _BLOCK.findall(TUTORIAL.read_text()) if kind == "console")
    return scores(shown)


def test_the_page_shows_what_the_reference_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a workspace: whoever changes how ranges are found sees here that the page is to be changed too."""
    (tmp_path / "model.py").write_text(tutorial_files()["model.py"])
    monkeypatch.chdir(tmp_path)
    runpy.run_path("model.py")
    assert np.abs(np.subtract(shown_scores(), expected_scores(tmp_path))).max() <= 1


@pytest.mark.zephyr
def test_the_last_command_prints_what_the_page_shows(built: Built) -> None:
    command = ["bash", "-c", _RUN]
    with subprocess.Popen(
        command,
        cwd=built.application,
        env=dict(built.environment),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        watchdog = threading.Timer(300, os.killpg, (child.pid, signal.SIGKILL))
        watchdog.start()
        try:
            console = next((line for line in child.stdout if line.startswith("status")), "")
        finally:
            watchdog.cancel()
            os.killpg(child.pid, signal.SIGKILL)
    assert scores(console) == expected_scores(built.application)
    # Another CPU of the workstation may round a weight the other way.
    assert np.abs(np.subtract(scores(console), shown_scores())).max() <= 1


def test_the_application_is_twenty_lines() -> None:
    files = tutorial_files()
    assert len((files["CMakeLists.txt"] + files["main.c"]).splitlines()) <= 20
    assert files["CMakeLists.txt"].count("mcugen_add_model(") == 1


@pytest.mark.zephyr
def test_builds_without_warnings_and_says_its_sizes(built: Built) -> None:
    assert "warning" not in built.output.lower()
    assert re.search(r"^flash +[\d,]+ B \(linked\)", built.output, re.MULTILINE)
    assert re.search(r"^motion +\d+ B +\d+ B +\d+ B +\d+ B +\d+ B$", built.output, re.MULTILINE)


@pytest.mark.zephyr
def test_prints_what_the_reference_computes(built: Built) -> None:
    assert printed_scores(built.build_dir) == expected_scores(built.application)


@pytest.mark.zephyr
def test_sizes_are_those_that_mcugen_and_zephyr_report(built: Built) -> None:
    said = re.search(r"^flash +([\d,]+) B \(linked\)", built.output, re.MULTILINE)
    assert said
    manifest = json.loads((built.build_dir / "mcugen" / "motion" / "mcugen.json").read_text())
    for target in ("rom_report", "ram_report"):
        result = built.ninja(target)
        assert result.returncode == 0, result.stdout
    assert symbol_bytes(built.build_dir / "rom.json") == pytest.approx(int(said[1].replace(",", "")), rel=0.01)
    assert symbol_bytes(built.build_dir / "ram.json") == pytest.approx(manifest["memory"]["arena_bytes"], rel=0.01)


def symbol_bytes(report: Path, model: str = "motion") -> int:
    """Bytes of the model in the tree of symbols of a Zephyr report: all of motion.c, and what is called motion_*."""
    descriptor = (f"{model}_model", f"{model}_vector")

    def total(node: dict[str, Any], inside: bool) -> int:
        inside = inside or node["name"] == f"{model}.c"
        if "children" in node:
            return sum(total(child, inside) for child in node["children"])
        own = node["name"].startswith(f"{model}_") and not node["name"].startswith(descriptor)
        return int(node["size"]) if inside or own else 0

    return total(json.loads(report.read_text())["symbols"], False)


@pytest.mark.zephyr
@pytest.mark.slow
def test_sizes_with_cmsis_nn(workspace: Workspace, tmp_path: Path) -> None:
    sample, build_dir = MODULE / "samples" / "hello_model", tmp_path / "build"
    result = workspace.build(sample, "mps2/an386", build_dir, "-DCONFIG_MCUGEN_KERNELS_CMSIS_NN=y")
    assert result.returncode == 0, result.stdout
    said = {name: int(size) for name, size in re.findall(r"^(gesture|CMSIS-NN) +(\d+) B", result.stdout, re.MULTILINE)}
    assert workspace.ninja(build_dir, "rom_report").returncode == 0
    leaves = list(symbols_of(json.loads((build_dir / "rom.json").read_text())["symbols"]))
    library = sum(size for place, size in leaves if "/cmsis-nn/" in place)
    assert said["CMSIS-NN"] == pytest.approx(library, rel=0.01)
    assert symbol_bytes(build_dir / "rom.json", "gesture") == pytest.approx(said["gesture"], rel=0.01)


def symbols_of(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """(place in the tree, bytes) of each symbol of a Zephyr report."""
    if not node.get("children"):
        yield node["identifier"], node["size"]
    for child in node.get("children", ()):
        yield from symbols_of(child)


@pytest.mark.zephyr
def test_a_changed_model_is_emitted_again_and_only_then(built: Built) -> None:
    assert "no work to do" in built.ninja().stdout
    script = built.application / "model.py"
    before = printed_scores(built.build_dir)
    original = script.read_text()
    script.write_text(original.replace("manual_seed(0)", "manual_seed(1)"))
    make_model(built)
    result = built.ninja()
    assert result.returncode == 0, result.stdout
    assert "mcugen: emitting model motion" in result.stdout
    after = printed_scores(built.build_dir)
    assert after == expected_scores(built.application) != before


@pytest.mark.zephyr
def test_a_damaged_model_stops_the_build_and_leaves_no_old_sources(built: Built) -> None:
    model = built.application / "motion.pt2"
    good = model.with_suffix(".good")
    shutil.copy(model, good)
    try:
        model.write_bytes(model.read_bytes()[:100])
        result = built.ninja()
        assert result.returncode != 0
        assert "error:" in result.stdout and "motion.pt2" in result.stdout
        assert "Traceback" not in result.stdout
        assert not (built.build_dir / "mcugen" / "motion" / "src" / "motion.c").exists()
    finally:
        shutil.move(good, model)
