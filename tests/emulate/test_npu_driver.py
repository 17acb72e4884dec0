"""Arm's driver for the Ethos-U, unmodified, on the NPU that Renode has by mcugen_npu.resc."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate.renode_install import find_renode
from mcugen.emulate.renode_npu import SOURCE, describe_npu
from mcugen.firmware.elf import Elf
from mcugen.resources import data_folder
from tests.emulate.npu_case import CONFIGURATIONS, write_case

HERE = Path(__file__).parent / "npu_driver"
BOARD = load_board("mps3_corstone300")
RESULTS = (
    """init inference matches running finished cycles no_memory no_command other_npu again matches_again""".split()
)

DRIVER = os.environ.get("ETHOSU_DRIVER_PATH", "")
pytestmark = [
    pytest.mark.emulator,
    pytest.mark.renode,
    pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH"),
    pytest.mark.skipif(not DRIVER, reason="ETHOSU_DRIVER_PATH does not name Arm's ethos-u-core-driver"),
]


def build(folder: Path, product: str) -> Path:
    source = Path(DRIVER)
    device = "ethosu_device_u85.c" if product == "u85" else "ethosu_device_u55_u65.c"
    files = [source / "src" / name for name in ("ethosu_driver.c", device, "ethosu_pmu.c")]
    options = [
        "-mcpu=cortex-m55",
        "-mthumb",
        "-mfloat-abi=soft",
        "-Os",
        "-ffreestanding",
        "-nostartfiles",
        "--specs=nano.specs",
    ]
    options += [
        f"-DETHOSU{product[1:]}",
        f"-DETHOSU_ARCH={product}",
        "-DETHOSU_LOG_ENABLE=0",
        "-DNDEBUG",
        f"-T{HERE / 'image.ld'}",
    ]
    options += [f"-I{path}" for path in (folder, HERE, source / "include", source / "src")]
    elf = folder / "driver.elf"
    command = ["arm-none-eabi-gcc", *options, str(HERE / "main.c"), *map(str, files), "-o", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return elf


@pytest.mark.parametrize(
    "accelerator", [pytest.param(name, marks=[] if "u55" in name else pytest.mark.slow) for name in CONFIGURATIONS]
)
def test_the_driver_runs_a_network_and_gets_through_every_fault(tmp_path: Path, accelerator: str) -> None:
    assert BOARD.npu is not None
    cycles = write_case(tmp_path, accelerator, BOARD.npu)
    elf = build(tmp_path, accelerator.split("-")[1])
    symbols = Elf(elf)
    # The path of a socket is short.
    socket = Path(f"/tmp/mcugen-npu-{os.getpid()}")
    served = subprocess.Popen(
        [sys.executable, "-m", "mcugen", "npu", "serve", str(socket)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout is not None
        assert served.stdout.readline().strip() == str(socket)
        found = run_in_renode(tmp_path, elf, symbols, accelerator, socket)
    finally:
        served.send_signal(signal.SIGTERM)
        _, refused = served.communicate(timeout=30)
    assert not socket.exists()
    assert found == {
        "init": 0,
        "inference": 0,
        "matches": 1,
        "running": 1,
        "finished": 0,
        "cycles": cycles,
        "no_memory": -1,
        "no_command": -1,
        "other_npu": -1,
        "again": 0,
        "matches_again": 1,
    }
    assert "in region 0, which" in refused and "has no such command" in refused


def run_in_renode(folder: Path, elf: Path, symbols: Elf, accelerator: str, socket: Path) -> dict[str, int]:
    assert BOARD.npu is not None
    platform = (data_folder("renode") / BOARD.renode_platform).read_text()
    (folder / "board.repl").write_text(platform + describe_npu(BOARD.npu, accelerator, str(socket), BOARD.memories))
    lines = [
        f"include @{data_folder('renode') / 'scripts' / SOURCE}",
        "mach create",
        f"machine LoadPlatformDescription @{folder}/board.repl",
        "emulation SetGlobalAdvanceImmediately true",
        f"sysbus LoadELF @{elf}",
        f"cpu VectorTableOffset {symbols.address('vectors'):#x}",
        'emulation RunFor "0.2"',
        *(f"sysbus ReadDoubleWord {symbols.address('results') + 4 * i:#x}" for i in range(len(RESULTS))),
        f"sysbus ReadDoubleWord {symbols.address('done'):#x}",
        "npu Jobs",
        "quit",
    ]
    (folder / "run.resc").write_text("\n".join(lines) + "\n")
    program = find_renode()
    assert program is not None
    command = [
        program,
        "--console",
        "--disable-gui",
        "--plain",
        "--config",
        str(folder / "config"),
        str(folder / "run.resc"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False)
    words = [int(word, 16) for word in re.findall(r"^(0x[0-9A-F]+)\s*$", done.stdout, re.M)]
    assert len(words) >= len(RESULTS) + 1, done.stdout
    assert words[len(RESULTS)] == 1, f"not at its end: {words}\n{done.stdout}"
    return {name: word - (word >> 31 << 32) for name, word in zip(RESULTS, words, strict=False)}
