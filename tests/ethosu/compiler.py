"""Vela's compiler core inside this process: thousands of small networks a minute instead of one a second."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from mcugen.borders.files import Source
from mcugen.ethosu.model.containers.tflite import read_tflite
from mcugen.ethosu.model.network import Network

regor = pytest.importorskip("ethosu.regor", reason="ethos-u-vela is not installed")

# product, MACs, cores, system configuration, memory mode: as Vela chooses them.
ACCELERATORS = {
    "ethos-u55-32": ("EthosU55", 32, 1, "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "ethos-u55-64": ("EthosU55", 64, 1, "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "ethos-u55-128": ("EthosU55", 128, 1, "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "ethos-u55-256": ("EthosU55", 256, 1, "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "ethos-u65-256": ("EthosU65", 256, 1, "Ethos_U65_Client_Server", "Dedicated_Sram_384KB"),
    "ethos-u65-512": ("EthosU65", 256, 2, "Ethos_U65_Client_Server", "Dedicated_Sram_384KB"),
    "ethos-u85-128": ("EthosU85", 128, 1, "Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
    "ethos-u85-256": ("EthosU85", 256, 1, "Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
    "ethos-u85-512": ("EthosU85", 512, 1, "Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
    "ethos-u85-1024": ("EthosU85", 1024, 1, "Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
    "ethos-u85-2048": ("EthosU85", 2048, 1, "Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
}


@cache
def _configuration(accelerator: str) -> tuple[str, str]:
    product, macs, cores, system, memory = ACCELERATORS[accelerator]
    sections = (resources.files("ethosu") / "config_files" / "Arm" / "vela.ini").read_text()
    head = (
        f"[architecture]\nmacs={macs}\ncores={cores}\n[vela]\nsystem_config_name={system}\nmemory_mode_name={memory}\n"
    )
    return product, head + sections


def compile_raw(model: bytes, accelerator: str, path: Path) -> Path:
    """The `.npz` of Vela's raw output, written by Vela's own writer."""
    from ethosu.vela.rawdata_writer import write_rawdata_output_from_model

    product, configuration = _configuration(accelerator)
    options = "\n[compiler]\noutput_format=Raw\n\n[scheduler]\noptimize=Performance\narena_size_limit=393216\n"
    compiled = regor.compile(product, model, "TFLITE", configuration, options=options, verbose=False)
    write_rawdata_output_from_model(str(path), compiled)
    return path.with_name(f"{path.name}_vela.npz")


def compile_by_the_other_core(model: bytes, accelerator: str, folder: Path, form: str = "tflite") -> Path:
    """What Vela's deprecated compiler core writes, which is in Python and uses other instructions.

    Raises:
        AssertionError: its own, on some networks.
    """
    from ethosu.vela import vela

    source = folder / "network.tflite"
    source.write_bytes(model)
    options = ["--debug-force-legacy-core", "--accelerator-config", accelerator, "--output-format", form]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        vela.main([str(source), "--output-dir", str(folder), *options])
    return folder / ("network_vela.tflite" if form == "tflite" else "network_vela_sg0.npz")


def run_vela(model: Path, folder: Path, *options: str) -> str:
    """What the command `vela` prints, in a process of its own."""
    command = [sys.executable, "-m", "ethosu.vela", str(model), "--output-dir", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def compile_network(
    model: bytes, accelerator: str, *, cop: str = "COP1", extra: str = "", arena: int = 384 * 1024
) -> bytes:
    """A compiled `.tflite`; of operators that Vela refuses, the model keeps them for the CPU.

    Args:
        extra: lines for the section of the scheduler.
    """
    # Its `model` is memory of the compiled object, which has to live until it is copied.
    compiled = _compile(model, accelerator, cop, extra, arena)
    return bytes(compiled.model)


def compile_and_estimate(model: bytes, accelerator: str) -> tuple[bytes, int]:
    """A compiled `.tflite`, and the cycles that Vela estimates for it."""
    compiled = _compile(model, accelerator, "COP1", "", 384 * 1024)
    return bytes(compiled.model), compiled.perf_report.totalCycles


def _compile(model: bytes, accelerator: str, cop: str, extra: str, arena: int) -> Any:
    product, configuration = _configuration(accelerator)
    options = (
        f"\n[compiler]\noutput_format=TFLite\ncop_format={cop}\n\n[scheduler]\noptimize=Performance\n"
        f"arena_size_limit={arena}\ncpu_tensor_alignment=16\ntensor_allocator=HillClimb\n{extra}\n[graph]\n"
    )
    return regor.compile(product, model, "TFLITE", configuration, options=options, verbose=False)


def as_network(compiled: bytes) -> Network:
    """What the model reads from it."""
    return read_tflite(Source(Path("network_vela.tflite"), "the compiled network", "compile it again"), compiled)
