"""The vela.ini of a board: its text, and what Vela reads in it."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import Board, list_boards, load_board
from mcugen.boards.board import Npu
from mcugen.errors import InputError
from mcugen.ethosu.configuration import board_npu, system_configuration, vela_configuration
from mcugen.ethosu.model import read_network
from tests.ethosu.builder import Model

BOARDS = [board for board in list_boards() if board.npu]
# A start of Vela takes a second or two: by default one board of each memory mode, the others are slow.
SOME = {"mps3_corstone300"}

pytest.importorskip("ethosu.vela", reason="ethos-u-vela is not installed")


def test_the_text_of_a_board() -> None:
    assert vela_configuration(load_board("mps3_an547")) == (
        "; mps3_an547: ethos-u55-128\n"
        "[System_Config.mps3_an547]\n"
        "core_clock=32000000\n"
        "axi0_port=Sram\n"
        "axi1_port=OnChipFlash\n"
        "Sram_clock_scale=1.0\n"
        "Sram_ports_used=1\n"
        "Sram_burst_length=32\n"
        "Sram_read_latency=32\n"
        "Sram_write_latency=32\n"
        "Sram_max_reads=4\n"
        "Sram_max_writes=4\n"
        "OnChipFlash_clock_scale=1.0\n"
        "OnChipFlash_ports_used=1\n"
        "OnChipFlash_burst_length=32\n"
        "OnChipFlash_read_latency=32\n"
        "OnChipFlash_write_latency=0\n"
        "OnChipFlash_max_reads=4\n"
        "OnChipFlash_max_writes=0\n"
        "\n"
        "[Memory_Mode.Shared_Sram]\n"
        "const_mem_area=Axi1\n"
        "arena_mem_area=Axi0\n"
        "cache_mem_area=Axi0\n"
        "arena_cache_size=4194304\n"
    )


def test_a_board_without_npu() -> None:
    with pytest.raises(InputError, match="board nrf5340dk has no NPU"):
        vela_configuration(load_board("nrf5340dk"))


def tiny_model() -> bytes:
    """A convolution and an addition, so that constants and feature maps are there."""
    model = Model()
    x = model.input((1, 8, 8, 16), np.int8, 0.05, 3)
    values = np.random.default_rng(0).integers(-127, 128, (16, 3, 3, 16)).astype(np.int8)
    weights = model.tensor(values.shape, np.int8, np.full(16, 0.02), np.zeros(16), values)
    bias = model.tensor((16,), np.int32, np.full(16, 0.001), np.zeros(16), np.arange(16, dtype=np.int32))
    y = model.tensor((1, 8, 8, 16), np.int8, 0.1, -4)
    steps = dict.fromkeys(("strideW", "strideH", "dilationWFactor", "dilationHFactor"), 1)
    model.operator("CONV_2D", [x, weights, bias], [y], padding=0, **steps)
    z = model.tensor((1, 8, 8, 16), np.int8, 0.12, 5)
    model.operator("ADD", [x, y], [z])
    return model.finish([z])


def run_vela(board: Board, accelerator: str, folder: Path) -> str:
    """Compiles the tiny model as a user would; returns what Vela prints. `folder` gets net_vela.tflite."""
    (folder / "net.tflite").write_bytes(tiny_model())
    (folder / "board.ini").write_text(vela_configuration(board))
    npu = board_npu(board)
    command = [sys.executable, "-m", "ethosu.vela", str(folder / "net.tflite"), "--output-dir", str(folder)]
    command += ["--config", str(folder / "board.ini"), "--system-config", system_configuration(board)]
    command += ["--memory-mode", npu.memory_mode, "--accelerator-config", accelerator, "--verbose-config"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def check_what_vela_read(npu: Npu, said: str) -> None:
    """Against Vela's own list of the configuration, and of the memory that it has used."""
    values = dict(re.findall(r"^   (\w+) = (.+)$", said, re.M))
    assert float(values["core_clock"]) == npu.clock_hz
    for port in (npu.axi0, *([npu.axi1] if npu.axi1 else [])):
        assert float(values[f"{port.area}_clock_scales"]) == port.clock_scale
        assert int(values[f"{port.area}_ports_used"]) == port.ports
        assert int(values[f"{port.area}_burst_length"]) == port.burst_length
        assert int(values[f"{port.area}_read_latency"]) == port.read_latency
        assert int(values[f"{port.area}_write_latency"]) == port.write_latency
    constants = npu.axi1.area if npu.axi1 else "OnChipFlash"  # Vela's name for constants in the one RAM there is
    assert values["permanent_storage_mem_area"] == constants
    assert values["feature_map_storage_mem_area"] == ("Dram" if npu.memory_mode == "Dedicated_Sram" else "Sram")
    assert values["fast_storage_mem_area"] == "Sram"
    assert re.search(r"NPU operators = \d+ \(100\.0%\)", said), said


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "board", [pytest.param(b, id=b.name, marks=[] if b.name in SOME else pytest.mark.slow) for b in BOARDS]
)
def test_vela_compiles_for_every_board(board: Board, tmp_path: Path) -> None:
    npu = board_npu(board)
    check_what_vela_read(npu, run_vela(board, npu.accelerator, tmp_path))
    configuration = read_network(tmp_path / "net_vela.tflite").invocations[0].payload.configuration
    assert str(configuration).lower() == npu.accelerator


@pytest.mark.slow
@pytest.mark.parametrize(
    ("board", "accelerator"),
    [pytest.param(b, a, id=f"{b.name}-{a}") for b in BOARDS if b.npu for a in b.npu.accelerators[1:]],
)
def test_vela_compiles_for_every_other_accelerator_of_a_board(board: Board, accelerator: str, tmp_path: Path) -> None:
    run_vela(board, accelerator, tmp_path)
    configuration = read_network(tmp_path / "net_vela.tflite").invocations[0].payload.configuration
    assert str(configuration).lower() == accelerator


@pytest.mark.slow
@pytest.mark.parametrize("accelerator", ["ethos-u55-128", "ethos-u65-512", "ethos-u85-256"])
def test_constants_and_scratch_in_one_ram(accelerator: str, tmp_path: Path) -> None:
    """A mode that none of the boards may have."""
    board = load_board("mps3_corstone300")
    npu = dataclasses.replace(board_npu(board), accelerator=accelerator, memory_mode="Sram_Only", axi1=None)  # type: ignore[arg-type]
    check_what_vela_read(npu, run_vela(dataclasses.replace(board, npu=npu), accelerator, tmp_path))
