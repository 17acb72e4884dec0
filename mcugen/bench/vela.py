"""What plain Vela makes of a network: the peer of a module on an NPU."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mcugen.boards import Board
from mcugen.errors import CheckFailedError
from mcugen.ethosu.compiler.source import file_for_vela
from mcugen.ethosu.configuration import board_npu, system_configuration, vela_configuration
from mcugen.graph.graph import Graph


@dataclass(frozen=True)
class Plain:
    """Bytes: the SRAM that Vela reports, to which an interpreter adds its own, and its .tflite."""

    sram: int
    file: int


def plain_vela(graph: Graph, board: Board, accelerator: str, folder: Path) -> Plain:
    """Runs Vela's own command line on the network's LiteRT file, with the board's configuration.

    Raises:
        CheckFailedError: Vela fails.
    """
    (folder / "net.tflite").write_bytes(file_for_vela(graph))
    (folder / "vela.ini").write_text(vela_configuration(board))
    command = [sys.executable, "-m", "ethosu.vela", "net.tflite", "--output-dir", "out", "--config", "vela.ini"]
    command += ["--accelerator-config", accelerator, "--system-config", system_configuration(board)]
    command += ["--memory-mode", board_npu(board).memory_mode]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise CheckFailedError(f"Vela fails on the whole network: {words[-1] if words else done.returncode}")
    (summary,) = (folder / "out").glob("*_summary_*.csv")
    with summary.open(newline="") as file:
        sram = round(1024 * float(next(csv.DictReader(file))["sram_memory_used"]))
    return Plain(sram, (folder / "out" / "net_vela.tflite").stat().st_size)
