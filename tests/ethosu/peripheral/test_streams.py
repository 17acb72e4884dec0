"""Command streams of an emulator's registers: memory by messages, faults as bits of STATUS."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mcugen.errors import InputError
from mcugen.ethosu.model import Npu, execute
from mcugen.ethosu.peripheral import Server, StreamJobs
from tests.ethosu.assembler import U55_128, U65_256, assemble, dma, pool
from tests.ethosu.compiler import as_network, compile_network
from tests.ethosu.networks import deep_network
from tests.ethosu.peripheral.emulator import Emulator, served

BUS, PARSE, WEIGHTS = 1 << 2, 1 << 4, 1 << 7
SHAPE = (2, 3, 4)
CODE, RAM = 0x1000_0000, 0x2000_0000
COPY = assemble(dma(0, 64, 64), ("OP_DMA_START", 0), ("OP_DMA_WAIT", 0))


@pytest.fixture
def refused() -> list[InputError]:
    return []


@pytest.fixture
def server(refused: list[InputError]) -> Iterator[Server]:
    with served(StreamJobs(refused.append).handle) as server:
        yield server


def emulator(server: Server) -> Emulator:
    return Emulator(server.path, {CODE: bytearray(65536), RAM: bytearray(range(256)) * 2})


@pytest.mark.parametrize(
    ("accelerator", "configuration"),
    [("ethos-u55-128", U55_128), ("ethos-u65-256", U65_256), ("ethos-u85-256", 0x2000_0118)],
)
def test_a_network_again_and_again(server: Server, accelerator: str, configuration: int) -> None:
    model, inputs = deep_network(3)
    network = as_network(compile_network(model, accelerator))
    npu, (invocation,) = Npu(network), network.invocations
    places = {block.name: RAM + 0x10_0000 * (i + 1) for i, block in enumerate(network.blocks)}
    at = emulator(server)
    at.memory |= {places[b.name]: bytearray(b.content or bytes(b.size)) for b in network.blocks}
    bases = [places[r.block] + r.offset for r in map(invocation.regions.__getitem__, sorted(invocation.regions))]
    (out,) = npu.outputs
    for shift in (0, 5):
        given = {p.name: np.roll(x, shift).reshape(p.shape) for p, x in zip(npu.inputs, inputs, strict=True)}
        for port in npu.inputs:
            at.write(places[port.block] + port.offset, given[port.name].tobytes())
        answer = at.run_stream(invocation.payload.words, CODE, bases, configuration=configuration)
        status, read, cycles, words = answer
        assert (status, read, words) == (0xFFFF << 16, 4 * len(invocation.payload.words), "")
        assert (
            cycles == execute(np.array(invocation.payload.words, "<u4").tobytes(), memory(network), accelerator).elapsed
        )
        assert at.read(places[out.block] + out.offset, out.size) == npu.run(given)[out.name].tobytes()


def memory(network: object) -> dict[int, bytearray]:
    contents = {b.name: bytearray(b.content or bytes(b.size)) for b in network.blocks}  # type: ignore[attr-defined]
    (invocation,) = network.invocations  # type: ignore[attr-defined]
    return {
        n: memoryview(contents[r.block])[r.offset : r.offset + r.size]  # type: ignore[misc]
        for n, r in invocation.regions.items()
    }


def test_regions_that_share_memory(server: Server) -> None:
    """What is written through one base address is read through another; nothing else changes."""
    at = emulator(server)
    stream = assemble(
        pool(SHAPE, 0, 100),
        ("OP_POOL", 0),
        {"OFM_BASE0": {"addr": 300}, "IFM_BASE0": {"addr": 0}} | {"IFM_REGION": {"value": 2}},
        ("OP_KERNEL_WAIT", 0),
        ("OP_POOL", 0),
    )
    before = bytes(at.memory[RAM])
    assert at.run_stream(stream, CODE, [0, RAM, RAM + 100], configuration=U55_128)[0] & 0xFFFF == 0
    after = bytes(at.memory[RAM])
    assert after[300:324] == after[100:124] == bytes(range(24))
    assert after[:100] + after[124:300] + after[324:] == before[:100] + before[124:300] + before[324:]


@pytest.mark.parametrize(
    ("bases", "size", "interfaces", "stream", "status", "said"),
    [
        ([0, RAM], 512, 0, COPY, 0, ""),
        # Nowhere at all; too short for the source (a read of the fifth channel), for the destination.
        (
            [0, 0x9000_0000],
            512,
            0,
            COPY,
            BUS | 4 << 12,
            "reads its source in region 1, which",
        ),
        ([0, RAM], 32, 0, COPY, BUS | 4 << 12, "reads its source outside region 1"),
        ([0, RAM], 100, 1 << 1, COPY, BUS | 9 << 12 | 1 << 11, "bytes 64 to 127 of a region of 100 bytes"),
        ([0, RAM], 100, 0, COPY, BUS | 9 << 12, "bytes 64 to 127 of a region of 100 bytes"),
        ([0, RAM], 512, 0, (*COPY[:-1], 0x3FE), PARSE, "has no such command"),
        ([0, RAM], 512, 0, COPY[:-1], PARSE, "cut short"),
        ([0, RAM], 512, 0, assemble(("OP_DMA_START", 0)), PARSE, "was not set"),
    ],
)
def test_faults(
    server: Server,
    refused: list[InputError],
    bases: list[int],
    size: int,
    interfaces: int,
    stream: tuple[int, ...],
    status: int,
    said: str,
) -> None:
    at = emulator(server)
    at.memory[RAM] = at.memory[RAM][:size]
    before = bytes(at.memory[RAM])
    found, read, cycles, words = at.run_stream(stream, CODE, bases, configuration=U55_128, interfaces=interfaces)
    assert found & 0xFFFF == status and said in words
    assert bool(refused) == bool(status) == (at.memory[RAM] == before) == (cycles == 0)
    if status & BUS:
        assert read == 4 * (len(COPY) - 3), "the offset of NPU_OP_DMA_START"
        assert "NPU_OP_DMA_START at byte" in words


def test_damaged_weights_are_a_fault_of_their_decoder(server: Server) -> None:
    network = as_network(compile_network(deep_network(5)[0], "ethos-u55-128"))
    (invocation,) = network.invocations
    at = emulator(server)
    at.memory |= {0x3000_0000: bytearray(b"\xff" * 65536), 0x4000_0000: bytearray(65536 * 8)}
    assert invocation.regions[0].block != invocation.regions[1].block
    bases = [0x3000_0000, *[0x4000_0000] * 2]
    status, _, _, words = at.run_stream(invocation.payload.words, CODE, bases, configuration=U55_128)
    assert status == WEIGHTS and "weight" in words


def test_registers_without_a_stream(server: Server) -> None:
    at = emulator(server)
    for place, size, configuration, status, said in (
        (0x9000_0000, 64, U55_128, BUS, "no memory for a stream of 64 bytes"),
        (CODE, 65536 + 4, U55_128, BUS, "no memory"),
        (CODE, 7, U55_128, PARSE, "whole words"),
        (CODE, 0xFFFFFFFC, U55_128, PARSE, "at most"),
        (CODE, 0, U55_128, PARSE, "cut short"),
        (CODE, 64, 0x2000_0006, PARSE, "no Ethos-U85 with 64 MACs"),
    ):
        found = at.run_registers(place, size, [], configuration=configuration)
        assert found[0] == status and said in found[3], found
