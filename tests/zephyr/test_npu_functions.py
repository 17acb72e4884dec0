"""What mcugen's CMake functions make of an image with an NPU: who uses it, what is said of the board, places."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import pytest

from mcugen.boards import Board, list_boards
from mcugen.boards.loader import load_board_file
from tests.zephyr.stub import IMAGE, Stub

pytestmark = pytest.mark.skipif(
    not (Path("/usr/bin/cmake").exists() and Path("/usr/bin/ninja").exists()), reason="needs cmake and ninja"
)

# As Zephyr 4.1 describes mps3/corstone300/an547: code and data are in memories that the NPU does not reach.
_REGIONS = {
    "ITCM": (0x1000_0000, 512),
    "SRAM": (0x1100_0000, 2048),
    "DTCM": (0x3000_0000, 512),
    "ISRAM": (0x3100_0000, 4096),
}
CORSTONE = {
    "BOARD": "mps3",
    "BOARD_QUALIFIERS": "/corstone300/an547",
    "CONFIG_CPU_CORTEX_M": "y",
    "CONFIG_CPU_CORTEX_M55": "y",
    "CONFIG_ARMV8_M_DSP": "y",
    "CONFIG_XIP": "y",
    "CONFIG_FLASH_BASE_ADDRESS": "0x10000000",
    "CONFIG_FLASH_SIZE": "512",
    "CONFIG_SRAM_BASE_ADDRESS": "0x30000000",
    "CONFIG_SRAM_SIZE": "512",
    "CONFIG_SYS_CLOCK_HW_CYCLES_PER_SEC": "25000000",
    "CONFIG_CODE_DATA_RELOCATION": "y",
    "CONFIG_ARM_ETHOS_U": "y",
    "CONFIG_ARM_ETHOS_U_NPU_NAME": "ethos-u55-128",
    "ZEPHYR_HAL_ETHOS_U_MODULE_DIR": "/somewhere",
    "REGIONS": ";".join(_REGIONS),
    **{f"REGION_{name}_ADDRESS": hex(start) for name, (start, _) in _REGIONS.items()},
    **{f"REGION_{name}_SIZE": hex(kilobytes * 1024) for name, (_, kilobytes) in _REGIONS.items()},
}
_NO_DRIVER = {"CONFIG_ARM_ETHOS_U": "", "CONFIG_ARM_ETHOS_U_NPU_NAME": ""}


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    return Stub(tmp_path, image=dict(CORSTONE), environment={"MCUGEN_EXECUTABLE": str(tmp_path / "tool" / "mcugen")})


def add(stub: Stub, arguments: str) -> None:
    stub.calls = f"mcugen_add_model(app NAME motion MODEL motion.pt2 {arguments})"


def configured(stub: Stub) -> tuple[str, str]:
    """CMake's words, on one line, and what Ninja is to run and to compile with."""
    result = stub.configure()
    assert result.returncode == 0, result.stdout
    return " ".join(result.stdout.split()), (stub.build_dir / "build.ninja").read_text()


def refused(stub: Stub) -> str:
    result = stub.configure()
    assert result.returncode != 0, result.stdout
    return " ".join(result.stdout.split())


def described(stub: Stub) -> Board:
    (file,) = (stub.build_dir / "mcugen" / "board.d").glob("*.yml")
    return load_board_file(file)


# A configuration takes half a second: the default run has some of each kind.
def some(rows: Sequence[Any], quick: Container[int]) -> list[Any]:
    marked = (row if isinstance(row, tuple) else (row,) for row in rows)
    return [pytest.param(*row, marks=[] if i in quick else [pytest.mark.slow]) for i, row in enumerate(marked)]


_TARGETS = ["/corstone300/an552", "/corstone300/an547", "corstone300/an547", "/corstone300/fvp"]


@pytest.mark.parametrize("qualifiers", some(_TARGETS, [0]))
def test_an_image_with_the_driver_uses_the_npu(stub: Stub, qualifiers: str) -> None:
    stub.image["BOARD_QUALIFIERS"] = qualifiers
    add(stub, "NPU auto")
    _, ninja = configured(stub)
    assert "--npu auto" in ninja and "ethos_u_driver.c" in ninja
    assert 'MOTION_ARENA_SECTION=\\"ISRAM\\"' in ninja
    npu = described(stub).npu
    assert npu is not None and (npu.accelerator, npu.sram, npu.weights) == ("ethos-u55-128", "ISRAM", "SRAM")


def test_the_accelerator_is_that_of_the_driver_under_either_name(stub: Stub) -> None:
    stub.image |= _NO_DRIVER | {"CONFIG_ETHOS_U": "y", "CONFIG_ETHOS_U_NPU_NAME": "ethos-u55-256"}
    add(stub, "NPU require ACCELERATOR ethos-u55-256")
    configured(stub)
    npu = described(stub).npu
    assert npu is not None and npu.accelerator == "ethos-u55-256"
    add(stub, "NPU require ACCELERATOR ethos-u55-64")
    assert "it is for an ethos-u55-64, and the image's driver for an ethos-u55-256" in refused(stub)


def test_a_named_board_gets_the_drivers_accelerator(stub: Stub) -> None:
    add(stub, "NPU auto BOARD mps3_corstone300")
    _, ninja = configured(stub)
    assert "--board mps3_corstone300 --npu auto --accelerator ethos-u55-128" in ninja


_OFF = [
    ("NPU off", {"CONFIG_MCUGEN_NPU_REQUIRE": "y"}),
    ("NPU auto", _NO_DRIVER),
    ("NPU off", {}),
    ("", {"CONFIG_MCUGEN_NPU_OFF": "y"}),
    ("", {"CONFIG_MCUGEN_NPU_AUTO": "y", **_NO_DRIVER}),
    ("NPU auto", {"BOARD": "unknown"}),
]


@pytest.mark.parametrize(("arguments", "changes"), some(_OFF, [0, 1]))
def test_models_stay_on_the_cpu(stub: Stub, arguments: str, changes: dict[str, str]) -> None:
    stub.image |= changes
    add(stub, arguments)
    words, ninja = configured(stub)
    assert "--npu off" in ninja and "ethos_u_driver.c" not in ninja and "ARENA_SECTION" not in ninja
    assert described(stub).npu is None
    assert ("mcugen: the NPU is not used:" in words) == (arguments == "NPU auto")


def test_kconfig_says_it_for_all_models(stub: Stub) -> None:
    stub.image["CONFIG_MCUGEN_NPU_REQUIRE"] = "y"
    add(stub, "")
    assert "--npu require" in configured(stub)[1]


_REFUSED = [
    ("NPU require", _NO_DRIVER, "CONFIG_ETHOS_U=y enables it (up to Zephyr 4.1: CONFIG_ARM_ETHOS_U=y)"),
    ("NPU require", _NO_DRIVER | {"ZEPHYR_HAL_ETHOS_U_MODULE_DIR": ""}, "`west update hal_ethos_u` gets it"),
    ("NPU require", {"BOARD": "unknown"}, "mcugen knows no NPU ethos-u55-128 of unknown/corstone300/an547"),
    ("NPU require", {"CONFIG_ARM_ETHOS_U_NPU_NAME": "ethos-u85-256"}, "mcugen knows no NPU ethos-u85-256 of mps3"),
    ("NPU auto ACCELERATOR ethos-u55-256", {}, "the image's driver for an ethos-u55-128"),
    ("NPU off ACCELERATOR ethos-u55-256", {}, "which NPU off leaves alone"),
    ("NPU maybe", {}, "NPU is one of auto;off;require, not maybe"),
    ("NPU auto", {"CONFIG_CODE_DATA_RELOCATION": ""}, "needs CONFIG_CODE_DATA_RELOCATION=y"),
    ("NPU auto ARENA shared", {}, 'CONFIG_MCUGEN_SHARED_ARENA_REGION="ISRAM" puts it where it does'),
    ("NPU auto", {"REGIONS": "ITCM;DTCM"}, "would lie in dtcm, which the NPU does not reach"),
]


@pytest.mark.parametrize(("arguments", "changes", "words"), some(_REFUSED, [0, 7, 9]))
def test_what_cannot_be_is_said_when_cmake_runs(
    stub: Stub, arguments: str, changes: dict[str, str], words: str
) -> None:
    stub.image |= changes
    add(stub, arguments)
    assert words in refused(stub)


def test_places_of_the_application_stay(stub: Stub) -> None:
    add(stub, "NPU auto ARENA_SECTION mine WEIGHTS_SECTION theirs")
    _, ninja = configured(stub)
    assert 'MOTION_ARENA_SECTION=\\"mine\\"' in ninja and 'MOTION_WEIGHTS_SECTION=\\"theirs\\"' in ninja
    npu = described(stub).npu
    assert npu is not None and (npu.sram, npu.weights) == ("mine", "theirs")


def test_memories_that_the_npu_reaches_need_no_region(stub: Stub) -> None:
    stub.image |= {"CONFIG_FLASH_BASE_ADDRESS": "0x11000000", "CONFIG_SRAM_BASE_ADDRESS": "0x31000000"}
    stub.image |= {"CONFIG_CODE_DATA_RELOCATION": "", "REGIONS": ""}
    add(stub, "NPU auto")
    _, ninja = configured(stub)
    assert "ARENA_SECTION" not in ninja
    npu = described(stub).npu
    assert npu is not None and (npu.sram, npu.weights) == ("ram", "flash")


def test_another_driver_is_the_applications(stub: Stub) -> None:
    stub.image |= _NO_DRIVER | {"CONFIG_MCUGEN_NPU_OTHER_DRIVER": "y"}
    add(stub, "NPU require ACCELERATOR ethos-u55-64")
    _, ninja = configured(stub)
    assert "--npu require" in ninja and "ethos_u_driver.c" not in ninja
    npu = described(stub).npu
    assert npu is not None and npu.accelerator == "ethos-u55-64"


BOARDS = [b for b in list_boards() if b.npu and b.zephyr_board and b.npu.memory_mode != "Dedicated_Sram"]


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS, ids=[b.name for b in BOARDS])
def test_every_board_of_zephyrs_with_an_npu_is_found(stub: Stub, board: Board) -> None:
    """An image in the memories that the board's file names; two files may be of one board."""
    assert board.npu is not None
    name, _, qualifiers = board.zephyr_board.partition("/")
    sram, weights = board.memory(board.npu.sram), board.memory(board.npu.weights)
    stub.image = dict(IMAGE) | {
        "BOARD": name,
        "BOARD_QUALIFIERS": f"/{qualifiers}",
        "CONFIG_CPU_CORTEX_M4": "",
        f"CONFIG_CPU_{board.cpu.core.upper().replace('-', '_')}": "y",
        "CONFIG_ARMV8_M_DSP": "y",
        "CONFIG_SRAM_BASE_ADDRESS": hex(sram.start),
        "CONFIG_FLASH_BASE_ADDRESS": hex(weights.start),
        "CONFIG_FLASH_LOAD_OFFSET": "0",
        "CONFIG_ETHOS_U": "y",
        "CONFIG_ETHOS_U_NPU_NAME": board.npu.accelerator,
    }
    if board.npu.memory_mode == "Sram_Only":
        stub.image |= {"CONFIG_XIP": "", "CONFIG_SRAM_SIZE": "2048"}
    add(stub, "NPU require")
    configured(stub)
    found = described(stub).npu
    assert found is not None
    assert (found.accelerator, found.memory_mode) == (board.npu.accelerator, board.npu.memory_mode)
    assert (found.axi0, found.axi1, found.clock_hz) == (board.npu.axi0, board.npu.axi1, board.npu.clock_hz)
    assert re.fullmatch("flash|ram", found.weights)
