"""An emitted module on bare metal: its binding of Arm's driver, the driver as it comes, and the NPU that Renode has."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.api import Options, compile
from mcugen.boards import load_board
from mcugen.emulate.renode_install import find_renode
from mcugen.emulate.renode_npu import SOURCE, describe_npu
from mcugen.firmware.elf import Elf
from mcugen.resources import data_folder

HERE = Path(__file__).parent
MODELS = data_folder("zephyr_module") / "samples" / "models"
BOARD = load_board("mps3_corstone300")
EXPECTED = {"init": 0, "good": 0, "matches": 1, "late": -4, "kept": 1, "again": 0, "matches_again": 1, "skewed": -2}

DRIVER = os.environ.get("ETHOSU_DRIVER_PATH", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.emulator,
    pytest.mark.renode,
    pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH"),
    pytest.mark.skipif(not DRIVER, reason="ETHOSU_DRIVER_PATH does not name Arm's ethos-u-core-driver"),
]

# The module by its own CMakeLists.txt, and the driver, whose own wants all of CMSIS, by its sources.
_CMAKE = """cmake_minimum_required(VERSION 3.20)
project(firmware C)
set(core -mcpu=cortex-m55 -mthumb -mfloat-abi=soft)
add_compile_options(${{core}} -Os)
set(driver {driver})
add_library(ethosu_core_driver STATIC
  ${{driver}}/src/ethosu_driver.c ${{driver}}/src/ethosu_device_u55_u65.c ${{driver}}/src/ethosu_pmu.c)
target_include_directories(ethosu_core_driver PUBLIC ${{driver}}/include PRIVATE ${{driver}}/src {here}/npu_driver)
target_compile_definitions(ethosu_core_driver PUBLIC ETHOSU55 ETHOSU_ARCH=u55 ETHOSU_LOG_ENABLE=0 NDEBUG)
target_compile_options(ethosu_core_driver PRIVATE -ffreestanding)
set(MCUGEN_NPU_DRIVER ethos-u)
add_subdirectory(module)
target_compile_definitions(keyword PRIVATE KEYWORD_VECTORS)
add_executable(firmware {here}/npu_module/main.c)
target_include_directories(firmware PRIVATE ${{CMAKE_CURRENT_SOURCE_DIR}})
target_link_options(firmware PRIVATE ${{core}} -nostartfiles --specs=nano.specs -T{here}/npu_driver/image.ld)
target_link_libraries(firmware PRIVATE keyword ethosu_core_driver)
"""


def build(folder: Path) -> Path:
    assert BOARD.npu is not None
    options = Options(BOARD, calibration=MODELS / "keyword_calibration.npz", npu="require")
    compile(MODELS / "keyword.pt2", options).write(folder / "module")
    (folder / "CMakeLists.txt").write_text(_CMAKE.format(driver=DRIVER, here=HERE))
    (folder / "place.h").write_text(
        f"#define NPU_ADDRESS {BOARD.npu.address:#x}u\n#define NPU_INTERRUPT {BOARD.npu.interrupt}\n"
    )
    cross = ["-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc", "-DCMAKE_C_COMPILER_WORKS=1"]
    for command in (["cmake", "-S", folder, "-B", folder / "build", *cross], ["cmake", "--build", folder / "build"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning:" not in done.stderr, done.stderr
    return folder / "build" / "firmware"


def test_a_module_runs_with_arms_driver_and_survives_a_time_out(tmp_path: Path) -> None:
    elf = build(tmp_path)
    socket = Path(f"/tmp/mcugen-module-{os.getpid()}")
    command = [sys.executable, "-m", "mcugen", "npu", "serve", str(socket)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None and served.stdout.readline().strip() == str(socket)
            assert run_in_renode(tmp_path, elf, socket) == EXPECTED
        finally:
            served.send_signal(signal.SIGTERM)


def run_in_renode(folder: Path, elf: Path, socket: Path) -> dict[str, int]:
    assert BOARD.npu is not None
    symbols = Elf(elf)
    platform = (data_folder("renode") / BOARD.renode_platform).read_text()
    (folder / "board.repl").write_text(platform + describe_npu(BOARD.npu, BOARD.npu.accelerator, str(socket)))
    lines = [
        f"include @{data_folder('renode') / 'scripts' / SOURCE}",
        "mach create",
        f"machine LoadPlatformDescription @{folder}/board.repl",
        "emulation SetGlobalAdvanceImmediately true",
        f"sysbus LoadELF @{elf}",
        f"cpu VectorTableOffset {symbols.address('vectors'):#x}",
        'emulation RunFor "0.2"',
        *(f"sysbus ReadDoubleWord {symbols.address('results') + 4 * i:#x}" for i in range(len(EXPECTED))),
        f"sysbus ReadDoubleWord {symbols.address('done'):#x}",
        "quit",
    ]
    (folder / "run.resc").write_text("\n".join(lines) + "\n")
    command = [find_renode() or "", "--console", "--disable-gui", "--plain", "--config", folder / "config"]
    done = subprocess.run(
        [*command, folder / "run.resc"],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    words = [int(word, 16) for word in re.findall(r"^(0x[0-9A-F]+)\s*$", done.stdout, re.M)]
    assert len(words) == len(EXPECTED) + 1 and words[-1] == 1, f"{words}\n{done.stdout}"
    return {name: word - (word >> 31 << 32) for name, word in zip(EXPECTED, words, strict=False)}
