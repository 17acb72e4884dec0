"""Folders that `mcugen emit` wrote, as Zephyr modules of an application that knows nothing of mcugen."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from mcugen.api import Options, compile
from tests.zephyr.workspace import MODELS, Workspace, run_image

pytestmark = pytest.mark.zephyr

BOARD = "mps2/an386"
_IN_DTCM = '-DCONFIG_MCUGEN_MODEL_KEYWORD_ARENA_REGION="DTCM"'
APPLICATION = Path(__file__).parent / "app"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("modules")
    names = ("gesture", "keyword")
    for name in names:
        options = Options(board=BOARD, calibration=MODELS / f"{name}_calibration.npz", self_test=True)
        compile(MODELS / f"{name}.pt2", options).write(folder / name)
    return [folder / name for name in names]


def extra_modules(modules: list[Path]) -> str:
    return f"-DZEPHYR_EXTRA_MODULES={';'.join(map(str, modules))}"


def options(*symbols: str) -> list[str]:
    return [f"-DCONFIG_MCUGEN_MODEL_{symbol}=y" for symbol in symbols]


def test_two_modules_share_an_arena_and_one_has_its_constants_in_ram(
    workspace: Workspace, modules: list[Path], tmp_path: Path
) -> None:
    wanted = options(
        "GESTURE_VECTORS",
        "KEYWORD_VECTORS",
        "GESTURE_ARENA_SHARED",
        "KEYWORD_ARENA_SHARED",
        "KEYWORD_WEIGHTS_RAM",
        "GESTURE_SELF_TEST",
    )
    result = workspace.build(APPLICATION, BOARD, tmp_path / "build", extra_modules(modules), *wanted)
    assert result.returncode == 0, result.stdout
    assert "warning" not in result.stdout.lower()
    console = run_image(tmp_path / "build", BOARD, "^done")
    found = re.findall(r"(\w+): (\d) of (\d) match, arena at (\w+)", console)
    assert [row[:3] for row in found] == [("gesture", "2", "2"), ("keyword", "2", "2")]
    assert found[0][3] == found[1][3]
    assert "gesture: self-test passed" in console and "self-test: 0" in console
    symbols = subprocess.run(
        ["arm-none-eabi-nm", tmp_path / "build" / "zephyr" / "zephyr.elf"], capture_output=True, text=True, check=True
    ).stdout
    addresses = {
        name: int(address, 16) for address, name in re.findall(r"^(\w+) \w (\w+_weights)$", symbols, re.MULTILINE)
    }
    ram = {name for name, address in addresses.items() if address >= 0x2000_0000}
    assert ram == {name for name in addresses if name.startswith("keyword_")} and ram < set(addresses)


@pytest.mark.slow
def test_modules_for_another_core_run_on_the_workstation(
    workspace: Workspace, modules: list[Path], tmp_path: Path
) -> None:
    wanted = options("GESTURE_VECTORS", "KEYWORD_VECTORS")
    board = "native_sim/native/64"
    result = workspace.build(APPLICATION, board, tmp_path / "build", extra_modules(modules), *wanted)
    assert result.returncode == 0, result.stdout
    assert "warning" not in result.stdout.lower()
    program = [tmp_path / "build" / "zephyr" / "zephyr.exe", "-stop_at=20"]
    console = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120).stdout
    found = re.findall(r"(\w+): (\d) of (\d) match", console)
    assert found == [("gesture", "2", "2"), ("keyword", "2", "2")]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([*options("KEYWORD_ARENA_SHARED"), _IN_DTCM], "but CONFIG_MCUGEN_MODEL_KEYWORD_ARENA_OWN is not set"),
        (options("KEYWORD_WEIGHTS_IN_REGION"), "needs a name in CONFIG_MCUGEN_MODEL_KEYWORD_WEIGHTS_REGION"),
        (options("GESTURE_SELF_TEST", "KEYWORD_SELF_TEST"), "gesture and keyword are both to have a self-test"),
        (options("GESTURE_SELF_TEST", "GESTURE_ARENA_CALLER"), "runs it in an arena of its own or in the shared one"),
        ([_IN_DTCM], "no memory region DTCM for the arena of keyword"),
    ],
)
def test_contradictions_are_errors_of_the_configuration(
    workspace: Workspace, modules: list[Path], tmp_path: Path, wanted: list[str], words: str
) -> None:
    result = workspace.build(
        APPLICATION, BOARD, tmp_path / "build", extra_modules(modules), *wanted, configure_only=True
    )
    assert result.returncode != 0
    assert words in " ".join(result.stdout.split())


def emit_for(workspace: Workspace, board: str, kernels: str, folder: Path) -> None:
    wanted = Options(board=board, calibration=MODELS / "gesture_calibration.npz", kernels=kernels)
    if kernels == "cmsis-nn":
        wanted = dataclasses.replace(wanted, cmsis_nn=Path(workspace.modules()["cmsis-nn"]))
    compile(MODELS / "gesture.pt2", wanted).write(folder)


@pytest.mark.slow
def test_a_module_that_calls_cmsis_nn_needs_it_in_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    emit_for(workspace, BOARD, "cmsis-nn", tmp_path / "gesture")
    extra = extra_modules([tmp_path / "gesture"])
    others = workspace.modules_without("cmsis-nn")
    result = workspace.build(APPLICATION, BOARD, tmp_path / "build", extra, others, configure_only=True)
    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    assert "model gesture calls CMSIS-NN, but the workspace has no module cmsis-nn" in said
    assert "CONFIG_MCUGEN_MODEL_GESTURE=n leaves the model out" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made_for", "kernels", "built_for", "words"),
    [
        ("mps2_an386", "native", "mps2/an385", "for cortex-m4 with DSP .*this build is for Armv7-M .Cortex-M3."),
        ("mps3_an547", "cmsis-nn", "mps2/an386", "for cortex-m55 with Helium .*this build is for Armv7E-M"),
        # Zephyr's an547 has no hard-float ABI by default, so no Helium.
        ("mps3_an547", "cmsis-nn", "mps3/corstone300/an547", "for cortex-m55 with Helium .*without the hard-float ABI"),
    ],
)
def test_a_module_made_for_another_core_is_refused_by_the_preprocessor(
    workspace: Workspace, tmp_path: Path, made_for: str, kernels: str, built_for: str, words: str
) -> None:
    emit_for(workspace, made_for, kernels, tmp_path / "gesture")
    result = workspace.build(APPLICATION, built_for, tmp_path / "build", extra_modules([tmp_path / "gesture"]))
    assert result.returncode != 0
    assert re.search(rf"error: #error .gesture was generated {words}", result.stdout), result.stdout
