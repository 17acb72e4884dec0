"""The estimate of cycles: beside Vela's own over many networks, and what follows from its definition."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mcugen.commands.npu import app
from mcugen.errors import InputError
from mcugen.ethosu.model import Npu
from mcugen.ethosu.model.memories import Memories, Speed, read_memories
from mcugen.ethosu.model.summary import read_summary
from mcugen.ethosu.model.timeline import elapsed
from mcugen.ethosu.model.trace import Trace, trace
from tests.ethosu.assembler import assemble, dma, network, pool
from tests.ethosu.compiler import ACCELERATORS, as_network, compile_and_estimate, compile_network, run_vela
from tests.ethosu.networks import Case, RefusedError, deep_network, make_case, make_large_case

SHAPE = (2, 3, 4)
POOL = ("OP_POOL", 0)
START = ("OP_DMA_START", 0)


def _sections(target: str) -> tuple[str, str]:
    return ACCELERATORS[target][3], ACCELERATORS[target][4]


def _ratio(case: Case) -> float | None:
    """This estimate divided by Vela's; None where Vela leaves something to the CPU."""
    compiled, total = compile_and_estimate(case.model, case.accelerator)
    try:
        npu = Npu(as_network(compiled))
    except InputError:
        return None
    memories = read_memories(npu.programs[0].payload.configuration, *_sections(case.accelerator))
    return trace(npu, memories).elapsed / total


def _ratios(seeds: range) -> list[float]:
    found = []
    for seed in seeds:
        for make in (make_case, make_large_case):
            try:
                ratio = _ratio(make(seed))
            except RefusedError:
                continue
            found += [] if ratio is None else [ratio]
    return found


def test_beside_velas_estimate() -> None:
    found = _ratios(range(8))
    assert 0.8 < math.exp(np.mean(np.log(found))) < 1.25


@pytest.mark.slow
def test_beside_velas_estimate_over_the_sweep() -> None:
    """What docs/ethosu_model.md says of it."""
    low, quarter, half, rest, high = np.quantile(_ratios(range(1000, 1500)), [0.05, 0.25, 0.5, 0.75, 0.95])
    assert 0.5 < low < quarter and 0.8 < quarter < 0.95 < half < 1.02 and rest < 1.1 and high < 1.8


def _timeline(*steps: object, cycles: tuple[int, ...], config: int = 0x00001807) -> int:
    """Of a stream whose operations take these cycles."""
    npu = Npu(network(assemble(*steps), config=config, size=32768), allow_hazards=True)  # type: ignore[arg-type]
    (program,) = npu.programs
    offsets = [operation.command.offset for operation in program.operations]
    return elapsed(program, dict(zip(offsets, cycles, strict=True)))


def test_transfers_run_beside_operations() -> None:
    first, second = dma(0, 1024, 64), dma(0, 3072, 64)
    run = (pool(SHAPE, 128, 2048), POOL)
    assert _timeline(first, START, *run, cycles=(100, 30)) == 100
    assert _timeline(first, START, ("OP_DMA_WAIT", 0), *run, cycles=(100, 30)) == 130
    assert _timeline(*run, first, START, ("OP_DMA_WAIT", 0), *run, cycles=(100, 30, 5)) == 105
    assert _timeline(*run, ("OP_KERNEL_WAIT", 0), first, START, cycles=(100, 30)) == 130
    assert _timeline(*run, *run, ("OP_KERNEL_WAIT", 1), first, START, cycles=(100, 10, 30)) == 130
    # A second transfer waits for the first; an operation behind it too, on U55, which holds one.
    assert _timeline(first, START, second, START, *run, cycles=(100, 50, 10)) == 150
    assert _timeline(first, START, second, START, *run, cycles=(100, 5, 20)) == 120
    more = ({"PARALLEL_MODE": {"value": 0}},)
    assert _timeline(*more, first, START, second, START, *run, cycles=(100, 5, 20), config=0x10003008) == 105


def _with(speed: Speed, npu: Npu) -> Trace:
    return trace(npu, Memories("x", 1e9, dict.fromkeys(range(8), speed)))


def test_slower_memory_takes_longer() -> None:
    npu = Npu(as_network(compile_network(deep_network(3)[0], "ethos-u55-128")))
    fast, slow, late, coarse = (
        _with(Speed("m", *figures), npu).elapsed for figures in ((8.0,), (0.5,), (8.0, 100, 100), (8.0, 0, 0, 512))
    )
    assert fast < slow and fast < late and fast < coarse
    moved = trace(npu).traffic()
    most = sum(read + written for name, (read, written) in moved.items() if name != "SHRAM")
    assert slow >= most / 0.5 / 2
    bounds = {row.bound for row in _with(Speed("m", 0.01), npu).rows}
    assert bounds == {"m"}


INI = """
[System_Config.Base]
core_clock=400e6
axi0_port=Sram
axi1_port=OffChipFlash
Sram_clock_scale=1.0
Sram_read_latency=7
OffChipFlash_clock_scale=0.25
OffChipFlash_burst_length=128
[System_Config.Ours]
inherit=System_Config.Base
Sram_clock_scale=0.5
[Memory_Mode.Shared]
const_mem_area=Axi1
arena_mem_area=Axi0
cache_mem_area=Axi0
[Memory_Mode.Wrong]
const_mem_area=Axi7
arena_mem_area=Axi0
cache_mem_area=Axi0
[System_Config.Loop]
inherit=System_Config.Loop
[System_Config.Text]
axi0_port=Sram
axi1_port=Sram
Sram_clock_scale=fast
"""


def test_a_configuration_file(tmp_path: Path) -> None:
    file = tmp_path / "our.ini"
    file.write_text(INI)
    u55, u65 = (
        as_network(compile_network(deep_network(3)[0], name)).invocations[0].payload.configuration
        for name in ("ethos-u55-64", "ethos-u65-256")
    )
    found = read_memories(u55, "Ours", "Shared", file)
    assert found.clock == 400e6
    assert found.regions[0] == Speed("OffChipFlash", 2.0, 0, 0, 128)
    assert found.regions[1] == found.regions[2] == Speed("Sram", 4.0, 7, 0, 1)
    assert read_memories(u65, "Base", "Shared", file).regions[1].bytes_per_cycle == 16
    for system, mode, words in (
        ("None", "Shared", "has no section System_Config.None; of this kind it has Base, Ours, Loop, Text"),
        ("Ours", "Wrong", "names the port Axi7"),
        ("Loop", "Shared", "inherit from each other"),
        ("Text", "Shared", "has 'fast' for Sram_clock_scale"),
    ):
        with pytest.raises(InputError, match=words):
            read_memories(u55, system, mode, file)
    file.write_text("no section")
    with pytest.raises(InputError, match="cannot be read: File contains no section headers"):
        read_memories(u55, "Ours", "Shared", file)


def test_the_command_sets_vela_beside(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(deep_network(3)[0])
    sections = ("--system-config", "Ethos_U55_Deep_Embedded", "--memory-mode", "Shared_Sram")
    run_vela(tmp_path / "net.tflite", tmp_path, "--accelerator-config", "ethos-u55-128", *sections)
    summary = next(tmp_path.glob("*_summary_*.csv"))
    command = ["trace", str(tmp_path / "net_vela.tflite")]
    told = json.loads(CliRunner().invoke(app, [*command, *sections, "--vela-summary", str(summary), "--json"]).stdout)
    assert told["clock_hz"] == 200e6 and told["memories"] == "Ethos_U55_Deep_Embedded, Shared_Sram"
    # Vela counts a maximum's comparisons, too.
    assert told["macs"] <= told["vela"]["macs"] < 1.1 * told["macs"]
    assert 0.7 < told["estimated_cycles"] / told["vela"]["cycles"] < 1.4
    text = CliRunner().invoke(app, [*command, *sections, "--vela-summary", str(summary)]).stdout
    assert "ms at 200 MHz" in text and f"Vela estimates {told['vela']['cycles']:,} cycles" in text
    with pytest.raises(InputError, match="belong together"):
        CliRunner().invoke(app, [*command, *sections[:2]], catch_exceptions=False)


def test_a_summary_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    for content, words in (
        (b"", "has no network"),
        (b"a,b\n1,2\n", "does not have Vela's columns"),
        (b"\xff\xfe", "is no table"),
    ):
        file.write_bytes(content)
        with pytest.raises(InputError, match=words):
            read_summary(file)
