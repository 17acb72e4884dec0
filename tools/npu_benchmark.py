"""The example networks on an NPU, beside what plain Vela makes of the same file: a part of docs/benchmarks.md."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from examples.export import export
from mcugen import api
from mcugen.boards import load_board
from mcugen.ethosu.configuration import board_npu, system_configuration, vela_configuration
from mcugen.frontend import load_model
from mcugen.frontend.sequences import Sequences
from mcugen.litert.writer import write
from mcugen.verify.verify import verify_module

BOARD = "mps3_corstone300"
ACCELERATORS = ("ethos-u55-128", "ethos-u55-256")
MODELS = ("ds_cnn", "mobilenet_v1", "resnet8", "autoencoder")
HEADER = f"""
## With an Ethos-U

The same networks on {BOARD}, whole on the NPU; every output equals the integer reference, which the CPU
gives as well. Instructions are those of the CPU, counted; NPU cycles are Vela's estimate. Beside it plain Vela, from
the same LiteRT file with the same configuration: the SRAM that it reports, to which an interpreter adds its own, and
its .tflite, which takes the place of weights and commands in flash.

| network | accelerator | CPU instructions | NPU cycles | arena | Vela's SRAM | weights, commands | Vela's .tflite |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Plain:
    """What Vela alone makes of a file, in bytes."""

    sram: int
    file: int


def plain_vela(model: bytes, accelerator: str, folder: Path) -> Plain:
    """Runs Vela's own command line."""
    board = load_board(BOARD)
    (folder / "net.tflite").write_bytes(model)
    (folder / "vela.ini").write_text(vela_configuration(board))
    command = [sys.executable, "-m", "ethosu.vela", "net.tflite", "--output-dir", "out", "--config", "vela.ini"]
    command += ["--accelerator-config", accelerator, "--system-config", system_configuration(board)]
    command += ["--memory-mode", board_npu(board).memory_mode]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (summary,) = (folder / "out").glob("*_summary_*.csv")
    with summary.open(newline="") as file:
        sram = round(1024 * float(next(csv.DictReader(file))["sram_memory_used"]))
    return Plain(sram, (folder / "out" / "net_vela.tflite").stat().st_size)


def row(model: str, accelerator: str) -> str:
    with tempfile.TemporaryDirectory(prefix="mcugen-benchmark-") as scratch:
        folder = Path(scratch)
        archive, calibration = export(model, folder)
        options = api.Options(board=BOARD, calibration=calibration, npu="require", accelerator=accelerator)
        module = api.compile(archive, options)
        module.write(folder / "module")
        outcome = verify_module(folder / "module")
        if not outcome.match:
            sys.exit(f"{model} on {accelerator}: {outcome.failure}")
        plain = plain_vela(write(load_model(archive, calibration, None, Sequences((), None))), accelerator, folder)
    npu, memory = module.manifest.npu, module.manifest.memory
    assert npu is not None
    return (
        f"| {model} | {accelerator} | {outcome.measurement.instructions:,} | {npu.npu_cycles:,} "
        f"| {memory.arena_bytes:,} | {plain.sram:,} | {memory.constant_bytes:,} | {plain.file:,} |"
    )


def section() -> str:
    """The part of the page."""
    return HEADER + "\n".join(row(model, accelerator) for model in MODELS for accelerator in ACCELERATORS) + "\n"


if __name__ == "__main__":
    print(section())
