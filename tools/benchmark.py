"""Counts the example networks on every kind of core and writes docs/benchmarks.md.

    python -m tools.benchmark [--check]

`--check` compares with the page that is checked in and fails when a count differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from examples.export import export
from examples.models import MODELS
from mcugen import api
from mcugen.verify.result import Measurement
from mcugen.verify.verify import verify_module
from tools import npu_benchmark

BOARDS = ("nrf5340dk", "nrf52840dk", "stm32f4_disco", "nucleo_f746zg", "mps3_an547", "mps2_an385")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
HEADER = """# Benchmarks

Counted in the emulator with `python -m tools.benchmark`: default options, arm-none-eabi-gcc -O2, seeded weights.
Instructions are exact; cycles are `model:cortex-m4` where given. Flash is code and constants of the module, RAM is its
arena, stack is measured. Every row matched the integer reference bit for bit.

| network | board (core) | instructions | per MAC | cycles | flash | arena | tensors alive at once | stack |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def measure(model: str, board: str, folder: Path) -> tuple[api.Module, Measurement]:
    archive, calibration = export(model, folder)
    module = api.compile(archive, api.Options(board=board, calibration=calibration))
    module.write(folder / "module")
    outcome = verify_module(folder / "module")
    if not outcome.match:
        sys.exit(f"{model} on {board}: {outcome.failure}")
    return module, outcome.measurement


def row(model: str, board: str) -> str:
    with tempfile.TemporaryDirectory(prefix="mcugen-benchmark-") as scratch:
        module, measured = measure(model, board, Path(scratch))
    memory = module.manifest.memory
    cycles = "-" if measured.cycles is None else f"{measured.cycles:,}"
    return (
        f"| {model} | {board} ({module.manifest.target.cpu.core}) | {measured.instructions:,} "
        f"| {measured.instructions / module.manifest.macs:.2f} | {cycles} | {measured.flash_bytes:,} "
        f"| {memory.arena_bytes:,} | {memory.live_bound:,} | {measured.stack_bytes:,} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    page = HEADER + "\n".join(row(model, board) for model in MODELS for board in BOARDS) + "\n"
    page += npu_benchmark.section()
    if not arguments.check:
        PAGE.write_text(page)
    elif PAGE.read_text() != page:
        sys.exit("counts differ from docs/benchmarks.md: look at the change, then run python -m tools.benchmark")


if __name__ == "__main__":
    main()
