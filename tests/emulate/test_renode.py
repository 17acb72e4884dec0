"""The Renode runner: the board at its own addresses gives what QEMU gives, to the instruction."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import Board, list_boards, load_board
from mcugen.emulate import QemuRunner, RenodeRunner, Runner, RunResult
from mcugen.emulate.renode import find_platform
from mcugen.emulate.renode_install import find_renode
from mcugen.errors import CheckFailedError, MissingToolError
from mcugen.firmware import Firmware, build_firmware
from mcugen.graph.tensor import IntArray
from mcugen.resources import data_folder
from tests.emulate.test_process import alive, wait_until
from tests.firmware.fake_module import fake_layers, write_fake_module

BOARDS = [board for board in list_boards() if find_platform(board)]
M4 = load_board("nrf52840dk")

# A start of Renode takes seconds: by default one core without Helium and one with it.
SOME_BOARDS = [
    pytest.param(b, id=b.name, marks=[] if b.name in ("nrf52840dk", "mps3_an547") else pytest.mark.slow) for b in BOARDS
]
needs_renode = pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH")
_CPU_TYPES = {"cortex-m0plus": "cortex-m0+", "cortex-m4": "cortex-m4f"}
# By the harness's driver: Renode's model, and how it is set.
_UARTS = {
    "cmsdk": ("CMSDK_APB_UART", []),
    "nrf_uart": ("NRF52840_UART", []),
    "nrf_uarte": ("NRF52840_UART", ["easyDMA: true"]),
    "pl011": ("PL011", ["fifoSize: 32"]),
    "stm32_usart": ("STM32F7_USART", []),
    "stm32_usart_v1": ("STM32_UART", []),
}


def build(folder: Path, runner: Runner, board: Board = M4, mode: str = "measure", **module: object) -> Firmware:
    manifest = write_fake_module(folder / "module", board, **module)  # type: ignore[arg-type]
    machine = runner.machine(board)
    return build_firmware(folder / "module", manifest, board, mode=mode, build_dir=folder / mode, machine=machine)  # type: ignore[arg-type]


def samples(count: int, size: int = 37, inputs: int = 1) -> list[IntArray]:
    generator = np.random.default_rng(count)
    return [generator.integers(-128, 128, (count, 1, size)).astype(np.int8) for _ in range(inputs)]


def read_platform(board: Board) -> str:
    platform = find_platform(board)
    assert platform is not None and not platform.startswith("using ")
    return platform


def run_with(runner: Runner, folder: Path, inputs: list[IntArray], board: Board) -> RunResult:
    return runner.run(build(folder / runner.name, runner, board), inputs)


def test_the_boards_with_a_platform() -> None:
    assert {board.name for board in BOARDS} == {board.name for board in list_boards()}
    without = [board.name for board in BOARDS if not board.renode_suite]
    page = (data_folder("renode").parent / "docs" / "renode.md").read_text()
    listed = re.search(r"every board with a Renode platform has a suite but ([^.]*)\.", " ".join(page.split()))
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == without


def test_a_platform_of_renodes_own_is_referred_to() -> None:
    own = dataclasses.replace(M4, renode_platform="platforms/cpus/nrf52840.repl")
    assert find_platform(own) == 'using "platforms/cpus/nrf52840.repl"\n'
    assert find_platform(dataclasses.replace(M4, renode_platform="")) is None


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.name)
def test_platforms_have_the_memories_and_the_core_of_the_board(board: Board) -> None:
    text = read_platform(board)
    rows = re.findall(
        r"^(\w+): Memory\.MappedMemory @ \{? ?sysbus (0x[0-9A-F]+).*\n    size: (0x[0-9A-F]+)$", text, re.M
    )
    assert len(rows) == text.count("Memory.MappedMemory")
    assert {(name, int(at, 16), int(size, 16)) for name, at, size in rows} == {
        (m.name, m.start, m.size) for m in board.memories
    }
    assert f'cpuType: "{_CPU_TYPES.get(board.cpu.core, board.cpu.core)}"' in text
    assert f"systickFrequency: {board.cpu.clock_hz}\n" in text


@pytest.mark.parametrize("board", [b for b in BOARDS if b.console], ids=lambda b: b.name)
def test_platforms_have_the_console_of_the_board(board: Board) -> None:
    console = board.console
    assert console is not None
    model, options = _UARTS[console.driver]
    found = re.search(
        rf"^{console.renode_name}: UART\.{model} @ \{{? ?sysbus <?(0x[0-9A-F]+)\b.*\n((?:    .*\n)+)",
        read_platform(board),
        re.M,
    )
    assert found is not None
    assert int(found[1], 16) == console.address
    if console.clock_hz:
        options = [*options, f"frequency: {console.clock_hz}"]
    if console.low_power:
        options = [*options, "lowPowerMode: true"]
    lines = [line.strip() for line in found[2].splitlines()]
    assert [line for line in lines if ":" in line] == sorted(options, key=lines.index)


@pytest.mark.emulator
@pytest.mark.parametrize(
    "board",
    [pytest.param(b, id=b.name, marks=pytest.mark.slow if b.npu and not b.qemu_exact else []) for b in BOARDS],
)
def test_firmware_is_linked_for_the_board_itself(tmp_path: Path, board: Board) -> None:
    firmware = build(tmp_path, RenodeRunner(), board)
    assert (firmware.machine.code.start, firmware.machine.data.start) == (board.flash.start, board.ram.start)


@pytest.mark.emulator
def test_missing_renode_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firmware = build(tmp_path, RenodeRunner())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RENODE_ROOT", raising=False)
    with pytest.raises(MissingToolError, match="RENODE_ROOT"):
        RenodeRunner().run(firmware, samples(1))


@needs_renode
@pytest.mark.renode
@pytest.mark.emulator
@pytest.mark.parametrize("board", SOME_BOARDS)
def test_renode_and_qemu_agree(tmp_path: Path, board: Board) -> None:
    """The very same ELF file where QEMU has the board, else the same module linked for another machine of its core."""
    inputs = samples(3)
    runners = (RenodeRunner(), QemuRunner())
    firmware = [build(tmp_path / runner.name, runner, board) for runner in runners]
    if board.qemu_exact:
        firmware = firmware[:1] * 2
    renode, qemu = (runner.run(image, inputs) for runner, image in zip(runners, firmware, strict=True))
    np.testing.assert_array_equal(renode.outputs[0], fake_layers(inputs)[1])
    np.testing.assert_array_equal(renode.outputs[0], qemu.outputs[0])
    # To the instruction and the cycle: addresses and the emulator's blocks make no difference.
    assert (renode.instructions, renode.cycles) == (qemu.instructions, qemu.cycles)
    assert (renode.layers, renode.cycles_source) == (qemu.layers, qemu.cycles_source)
    assert {f.name: f for f in renode.functions} == {f.name: f for f in qemu.functions}
    assert renode.stack_bytes == qemu.stack_bytes


@needs_renode
@pytest.mark.renode
@pytest.mark.emulator
@pytest.mark.slow
def test_a_platform_of_renodes_own(tmp_path: Path) -> None:
    board = dataclasses.replace(load_board("ek_ra8m1"), renode_platform="platforms/cpus/renesas-r7fa8m1a.repl")
    inputs = samples(2)
    result = run_with(RenodeRunner(), tmp_path, inputs, board)
    np.testing.assert_array_equal(result.outputs[0], fake_layers(inputs)[1])


@needs_renode
@pytest.mark.renode
@pytest.mark.emulator
def test_trace_gives_every_layer_of_every_sample(tmp_path: Path) -> None:
    given = samples(4, 33, 2)
    result = RenodeRunner().run(build(tmp_path, RenodeRunner(), mode="trace", size=33, inputs=2), given, count=False)
    assert result.layer_outputs is not None and result.layers == () and result.instructions == 0
    for actual, expected in zip(result.layer_outputs, fake_layers(given), strict=True):
        np.testing.assert_array_equal(actual, expected.reshape(actual.shape))


@needs_renode
@pytest.mark.renode
@pytest.mark.emulator
def test_a_fault_names_its_place(tmp_path: Path) -> None:
    firmware = build(tmp_path, RenodeRunner(), load_board("mps3_an547"), body='__asm__ volatile("udf #1");')
    with pytest.raises(CheckFailedError, match="undefined instruction") as caught:
        RenodeRunner().run(firmware, samples(1))
    assert "fake_run" in str(caught.value.where)
    # Of a core with Helium: an older Renode faults so at its instructions.
    assert "newer than 1.16.1" in str(caught.value.hint)


@needs_renode
@pytest.mark.renode
@pytest.mark.emulator
@pytest.mark.slow
def test_code_that_renode_cannot_compile_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firmware = build(tmp_path / "firmware", RenodeRunner())
    data = tmp_path / "renode"
    shutil.copytree(data_folder("renode") / "scripts", data / "scripts")
    (data / "scripts" / "mcugen_blocks.cs").write_text("class Missing : NoSuchClass { }\n")
    platform = find_platform(M4)
    monkeypatch.setattr("mcugen.emulate.renode.data_folder", lambda name: data)
    monkeypatch.setattr("mcugen.emulate.renode.find_platform", lambda board: platform)
    with pytest.raises(CheckFailedError, match=r"could not set up the board[\s\S]*NoSuchClass"):
        RenodeRunner(stall_seconds=100).run(firmware, samples(1))


@needs_renode
@pytest.mark.renode
@pytest.mark.emulator
@pytest.mark.slow
def test_a_hang_names_its_place(tmp_path: Path) -> None:
    firmware = build(tmp_path, RenodeRunner(), body="volatile int32_t forever = 1; while (forever) { }")
    with pytest.raises(CheckFailedError, match="hung: sample 0 of 1") as caught:
        RenodeRunner(stall_seconds=25).run(firmware, samples(1))
    assert "fake_run" in str(caught.value.where)


_SCRIPT = """
import pickle, sys
import numpy as np
from mcugen.emulate import RenodeRunner
with open(sys.argv[1], "rb") as file:
    firmware = pickle.load(file)
RenodeRunner().run(firmware, [np.zeros((1, 1, 37), np.int8)])
"""


def processes_that_name(folder: Path) -> list[int]:
    """Of Renode's processes: its command line has the script's path."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(int(entry.name)):
            with contextlib.suppress(OSError):
                if str(folder).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


@needs_renode
@pytest.mark.renode
@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("running", [False, True], ids=["while it starts", "while it runs"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, number: signal.Signals, running: bool) -> None:
    firmware = build(tmp_path, RenodeRunner(), body="volatile int32_t forever = 1; while (forever) { }")
    (tmp_path / "firmware.pickle").write_bytes(pickle.dumps(firmware))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(tmp_path / "firmware.pickle")],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.DEVNULL,
    )
    try:
        # The firmware opens its output before the first inference.
        wait_until(lambda: list(temporary.glob("*/output_0.bin")) if running else processes_that_name(temporary), 60)
        parent.send_signal(number)
        assert parent.wait(20) != 0
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not processes_that_name(temporary))
    wait_until(lambda: not list(temporary.iterdir()))
