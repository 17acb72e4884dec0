"""One command stream on memory of the caller's."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.errors import InputError
from mcugen.ethosu.model import HazardError, Npu, StreamError, execute
from mcugen.ethosu.model.configuration import named
from mcugen.ethosu.model.execution import forget
from mcugen.ethosu.model.network import Network
from mcugen.ethosu.model.operations import constants
from tests.ethosu.assembler import assemble, dma, pool
from tests.ethosu.compiler import ACCELERATORS, as_network, compile_network
from tests.ethosu.networks import deep_network

SHAPE = (2, 3, 4)


def _stream(*steps: object) -> bytes:
    return np.array(assemble(*steps), "<u4").tobytes()  # type: ignore[arg-type]


def _memory(network: Network) -> dict[int, np.ndarray]:
    """What the base addresses of the only invocation point to."""
    contents = {block.name: block.content or bytearray(block.size) for block in network.blocks}
    return {
        number: np.frombuffer(contents[region.block], np.uint8)[region.offset : region.offset + region.size]
        for number, region in network.invocations[0].regions.items()
    }


@pytest.mark.parametrize("target", ["ethos-u55-32", "ethos-u55-256", "ethos-u65-512", "ethos-u85-1024"])
def test_a_network_on_memory_of_the_callers(target: str) -> None:
    model, inputs = deep_network(3)
    network = as_network(compile_network(model, target))
    npu = Npu(network)
    words = np.array(network.invocations[0].payload.words, "<u4").tobytes()
    memory = _memory(network)
    ports = {port.name: port for port in (*npu.inputs, *npu.outputs)}
    for shift in (0, 50):
        given = {port.name: np.roll(x, shift).reshape(port.shape) for port, x in zip(npu.inputs, inputs, strict=True)}
        for name, values in given.items():
            place = ports[name].offset - network.invocations[0].regions[1].offset
            memory[1][place : place + values.nbytes] = values.ravel().view(np.uint8)
        trace = execute(words, memory, target)
        for name, values in npu.run(given).items():
            place = ports[name].offset - network.invocations[0].regions[1].offset
            assert np.array_equal(memory[1][place : place + values.nbytes], values.ravel().view(np.uint8))
    assert trace.npu.lower() == target and trace.macs == sum(o.work.macs for o in npu.programs[0].operations)


def test_weights_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On other memory with the same bytes, too; other bytes are decoded, though the place is the same."""
    network = as_network(compile_network(deep_network(5)[0], "ethos-u55-128"))
    words = np.array(network.invocations[0].payload.words, "<u4").tobytes()
    decoded: list[int] = []
    original = constants.decode
    constants._decoded.cache_clear()
    monkeypatch.setattr(constants, "decode", lambda data: (decoded.append(len(data)), original(data))[1])
    for _ in range(2):
        memory = _memory(network)
        for _ in range(2):
            trace = execute(words, memory, "ethos-u55-128")
    layers = [row for row in trace.rows if row.kind in ("convolution", "depthwise")]
    assert len(decoded) == len(layers)
    weights = memory[0].copy()
    memory[0] = weights
    execute(words, memory, "ethos-u55-128")
    count = len(decoded)
    weights[:] = 0xFF
    with pytest.raises(StreamError, match="weight"):
        execute(words, memory, "ethos-u55-128")
    assert len(decoded) > count


def test_regions_that_share_memory() -> None:
    """What is written through one base address is read through another."""
    stream = _stream(
        pool(SHAPE, 0, 100),
        ("OP_POOL", 0),
        {"OFM_BASE0": {"addr": 300}, "IFM_BASE0": {"addr": 0}} | {"IFM_REGION": {"value": 2}},
        ("OP_KERNEL_WAIT", 0),
        ("OP_POOL", 0),
    )
    memory = bytearray(range(256)) * 2
    execute(stream, {1: memory, 2: memoryview(memory)[100:]}, "ethos-u55-128")
    assert memory[300:324] == memory[100:124] == memory[:24] == bytes(range(24))


def test_what_is_read_only_holds_constants() -> None:
    stream = _stream(dma(0, 64, 64), ("OP_DMA_START", 0))
    with pytest.raises(StreamError, match="holds the network's constants"):
        execute(stream, {1: bytes(128)}, "ethos-u55-128")
    memory = bytearray(range(128))
    execute(stream, {1: memory}, "ethos-u55-128")
    assert memory[64:] == bytes(range(64))
    with pytest.raises(BufferError):
        memory.clear()
    forget()
    memory.clear()


def test_what_is_wrong() -> None:
    stream = _stream(dma(0, 64, 64), ("OP_DMA_START", 0))
    early = _stream(dma(0, 64, 64), ("OP_DMA_START", 0), pool(SHAPE, 64, 0), ("OP_POOL", 0))
    memory = bytearray(range(128))
    for given, regions, npu, words in (
        (stream, {1: memory}, None, "does not name its NPU"),
        (stream, {1: memory}, "ethos-u55-512", "there is no NPU ethos-u55-512"),
        (stream[:-2], {1: memory}, "ethos-u55-64", "no whole words"),
        (stream[:-4], {1: memory}, "ethos-u55-64", "cut short"),
        (stream, {1: memory, 8: memory}, "ethos-u55-64", "no region 8"),
        (stream, {1: np.zeros((4, 4), np.uint8)}, "ethos-u55-64", "contiguous row of uint8"),
        (stream, {1: memory[:100]}, "ethos-u55-64", "outside region 1: bytes 64 to 127 of a region of 100 bytes"),
        (b"COP1" + stream, {1: memory}, None, "payload"),
    ):
        with pytest.raises(InputError, match=words):
            execute(given, regions, npu)
    with pytest.raises(HazardError):
        execute(early, {1: memory}, "ethos-u55-64")
    assert memory == bytes(range(128))
    trace = execute(early, {1: memory}, "ethos-u55-64", allow_hazards=True)
    assert [len(row.hazards) for row in trace.rows] == [0, 2]


@pytest.mark.parametrize("name", list(ACCELERATORS))
def test_npus_by_their_names(name: str) -> None:
    """The same as what Vela writes for it."""
    found = as_network(compile_network(deep_network(3)[0], name)).invocations[0].payload.configuration
    wanted = named(name)
    assert (found.product, found.macs, found.cores, found.shram) == (
        wanted.product,
        wanted.macs,
        wanted.cores,
        wanted.shram,
    )
