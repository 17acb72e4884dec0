"""What bad input gets: messages of the configure or the generate step, never of the linker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zephyr.workspace import MODELS, MODULE, Workspace

pytestmark = pytest.mark.zephyr

_CMAKE = """cmake_minimum_required(VERSION 3.20)
find_package(Zephyr REQUIRED HINTS $ENV{{ZEPHYR_BASE}})
project(refused)
target_sources(app PRIVATE main.c)
mcugen_add_model({arguments})
"""
_KEYWORD = f"MODEL {MODELS}/keyword.pt2 CALIBRATION {MODELS}/keyword_calibration.npz"


def make_application(folder: Path, arguments: str) -> Path:
    (folder / "CMakeLists.txt").write_text(_CMAKE.format(arguments=arguments))
    (folder / "main.c").write_text("int main(void)\n{\n\treturn 0;\n}\n")
    (folder / "prj.conf").write_text("")
    return folder


def configure(workspace: Workspace, folder: Path, arguments: str, *options: str, board: str = "mps2/an385") -> str:
    """CMake's words, on one line; it has to fail."""
    application = make_application(folder, arguments)
    result = workspace.build(
        application, board, folder / "build", f"-DZEPHYR_EXTRA_MODULES={MODULE}", *options, configure_only=True
    )
    assert result.returncode != 0, result.stdout
    return " ".join(result.stdout.split())


_REFUSED = {
    "name": (f"app NAME Keyword {_KEYWORD}", "NAME Keyword is no lower-case C identifier"),
    "no name": (f"app {_KEYWORD}", "NAME is missing"),
    "choice": (f"app NAME k {_KEYWORD} ARENA big", "ARENA is one of own;shared;caller, not big"),
    "unknown": (f"app NAME k {_KEYWORD} SPEED 3", "unknown arguments: SPEED;3"),
    "target": (f"nothing NAME k {_KEYWORD}", "there is no target nothing"),
    "shared": (f"app NAME k {_KEYWORD} ARENA shared ARENA_REGION DTCM", "CONFIG_MCUGEN_SHARED_ARENA_REGION places"),
    "region": (
        f"app NAME k {_KEYWORD} ARENA_REGION DTCM",
        "the devicetree has no memory region DTCM for the arena of k",
    ),
    "relocation": (f"app NAME k {_KEYWORD} WEIGHTS_REGION RAM", "that needs CONFIG_CODE_DATA_RELOCATION=y"),
    "cmsis-nn": (f"app NAME k {_KEYWORD} KERNELS cmsis-nn", "CONFIG_CMSIS_NN is not set"),
}
# A configuration takes seconds: the default run has one of each kind.
_QUICK = ("name", "region")


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [pytest.param(*row, id=name, marks=[] if name in _QUICK else [pytest.mark.slow]) for name, row in _REFUSED.items()],
)
def test_arguments_are_checked(workspace: Workspace, tmp_path: Path, arguments: str, words: str) -> None:
    assert words in configure(workspace, tmp_path, arguments)


def test_absent_mcugen_is_named_with_what_to_do(workspace: Workspace, tmp_path: Path) -> None:
    said = configure(workspace, tmp_path, f"app NAME k {_KEYWORD}", "-DMCUGEN_EXECUTABLE=/nowhere/mcugen")
    assert "`/nowhere/mcugen` does not run" in said
    assert "-DMCUGEN_EXECUTABLE=<path of mcugen>" in said


def test_a_model_over_its_budget_stops_the_generate_step(workspace: Workspace, tmp_path: Path) -> None:
    application = make_application(tmp_path, f"app NAME keyword {_KEYWORD} MAX_RAM 1K")
    build_dir = tmp_path / "build"
    extra = f"-DZEPHYR_EXTRA_MODULES={MODULE}"
    result = workspace.build(application, "mps2/an385", build_dir, extra, configure_only=True)
    assert result.returncode == 0, result.stdout
    result = workspace.ninja(build_dir, "mcugen-emit-keyword")
    assert result.returncode != 0
    assert "1024 bytes" in result.stdout or "1,024" in result.stdout
    assert "conv2d" in result.stdout
    assert "Traceback" not in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["MCUGEN_KERNELS_CMSIS_NN", "MCUGEN_CMSIS_NN"])
def test_cmsis_nn_without_its_module(workspace: Workspace, tmp_path: Path, symbol: str) -> None:
    others = workspace.modules_without("cmsis-nn")
    said = configure(workspace, tmp_path, f"app NAME k {_KEYWORD}", others, f"-DCONFIG_{symbol}=y")
    assert "the workspace has no module cmsis-nn; `west update cmsis-nn` gets it" in said


_GROUPS = "BASICMATH CONCATENATION CONVOLUTION FULLYCONNECTED NNSUPPORT PAD POOLING SOFTMAX TRANSPOSE".split()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("symbols", "used", "said"),
    [
        (["MCUGEN_CMSIS_NN", "FPU"], True, ""),
        (["CMSIS_NN", *(f"CMSIS_NN_{group}" for group in _GROUPS)], True, "without CONFIG_FPU=y it is not used"),
        (["CMSIS_NN", "CMSIS_NN_SOFTMAX"], False, "CMSIS-NN is not used: CONFIG_CMSIS_NN_BASICMATH is not set"),
        (["FPU"], False, ""),
    ],
)
def test_auto_may_take_the_cmsis_nn_that_is_in_the_image(
    workspace: Workspace, tmp_path: Path, symbols: list[str], used: bool, said: str
) -> None:
    application = make_application(tmp_path, f"app NAME k {_KEYWORD}")
    options = [f"-DZEPHYR_EXTRA_MODULES={MODULE}", *(f"-DCONFIG_{symbol}=y" for symbol in symbols)]
    board = "mps3/corstone300/an547"
    result = workspace.build(application, board, tmp_path / "build", *options, configure_only=True)
    assert result.returncode == 0, result.stdout
    assert said in " ".join(result.stdout.split())
    assert ("--cmsis-nn" in (tmp_path / "build" / "build.ninja").read_text()) == used
