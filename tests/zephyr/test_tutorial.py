"""The tutorial's application, word by word: built, run, changed, and measured."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
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
WITH_MCUGEN = f"-DZEPHYR_EXTRA_MODULES={MODULE}"


def tutorial_files() -> dict[str, str]:
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", TUTORIAL.read_text(), re.DOTALL))


@dataclass(frozen=True)
class Built:
    application: Path
    build_dir: Path
    output: str


def make_model(application: Path) -> None:
    subprocess.run([sys.executable, "model.py"], cwd=application, check=True, timeout=300)


@pytest.fixture(scope="module")
def built(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Built:
    application = tmp_path_factory.mktemp("motion")
    for name, text in tutorial_files().items():
        (application / name).write_text(text)
    (application / "prj.conf").write_text("")
    make_model(application)
    build_dir = application / "build"
    result = workspace.build(application, BOARD, build_dir, WITH_MCUGEN)
    assert result.returncode == 0, result.stdout
    return Built(application, build_dir, result.stdout)


def expected_scores(application: Path) -> list[int]:
    graph = load_model(application / "motion.pt2", application / "calibration.npz")
    tensor = graph.tensors[graph.inputs[0].tensor]
    run = reference.run(graph, {graph.inputs[0].tensor: np.zeros(tensor.shape, np.int8)})
    return [int(v) for v in run[graph.outputs[0].tensor].reshape(-1)]


def printed_scores(build_dir: Path) -> list[int]:
    console = run_image(build_dir, BOARD, r"^status 0:.*\n")
    found = re.search(r"status 0:((?: -?\d+)+)", console)
    assert found
    return [int(v) for v in found[1].split()]


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
def test_sizes_are_those_that_mcugen_and_zephyr_report(built: Built, workspace: Workspace) -> None:
    said = re.search(r"^flash +([\d,]+) B \(linked\)", built.output, re.MULTILINE)
    assert said
    manifest = json.loads((built.build_dir / "mcugen" / "motion" / "mcugen.json").read_text())
    for target in ("rom_report", "ram_report"):
        result = workspace.ninja(built.build_dir, target)
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
def test_a_changed_model_is_emitted_again_and_only_then(built: Built, workspace: Workspace) -> None:
    assert "no work to do" in workspace.ninja(built.build_dir).stdout
    script = built.application / "model.py"
    before = printed_scores(built.build_dir)
    original = script.read_text()
    script.write_text(original.replace("manual_seed(0)", "manual_seed(1)"))
    make_model(built.application)
    result = workspace.ninja(built.build_dir)
    assert result.returncode == 0, result.stdout
    assert "mcugen: emitting model motion" in result.stdout
    after = printed_scores(built.build_dir)
    assert after == expected_scores(built.application) != before


@pytest.mark.zephyr
def test_a_damaged_model_stops_the_build_and_leaves_no_old_sources(built: Built, workspace: Workspace) -> None:
    model = built.application / "motion.pt2"
    good = model.with_suffix(".good")
    shutil.copy(model, good)
    try:
        model.write_bytes(model.read_bytes()[:100])
        result = workspace.ninja(built.build_dir)
        assert result.returncode != 0
        assert "error:" in result.stdout and "motion.pt2" in result.stdout
        assert "Traceback" not in result.stdout
        assert not (built.build_dir / "mcugen" / "motion" / "src" / "motion.c").exists()
    finally:
        shutil.move(good, model)
