"""Streams that are wrong, or ask for what nobody has seen: refused by command and place, before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from mcugen.errors import InputError
from mcugen.ethosu.model import HazardError, Npu, StreamError, UnknownBehaviourError
from mcugen.ethosu.model.isa import U55, U85
from mcugen.ethosu.model.network import Invocation, Network
from mcugen.ethosu.model.stream import decode
from tests.ethosu.assembler import U65_256, assemble, dma, network, pool
from tests.ethosu.compiler import as_network, compile_network
from tests.ethosu.networks import deep_network

SHAPE = (4, 5, 3)
SIZE = 60
START = ("OP_POOL", 0)


def test_a_copy_by_hand() -> None:
    npu = Npu(network(assemble(pool(SHAPE, 0, 2048), START)))
    values = np.random.default_rng(0).integers(-128, 128, 2048).astype(np.int8)
    found = npu.run({"x": values})["y"]
    assert np.array_equal(found[:SIZE], values[:SIZE])
    assert not found[SIZE:].any()


Changes = dict[str, dict[str, int]]
REFUSED: dict[str, tuple[Changes, str]] = {
    "reads behind the region": ({"IFM_BASE0": {"addr": 4090}}, "reads its IFM outside region 1: bytes 4090 to 4149"),
    "writes behind the region": ({"OFM_BASE0": {"addr": 4040}}, "writes its OFM outside region 1"),
    "an address of more than 32 bits": ({"IFM_BASE0": {"addr": 1 << 35}}, "outside region 1"),
    "a stride that leaves the region": ({"IFM_STRIDE_Y": {"addr": 1 << 20}}, "outside region 1"),
    "a negative stride below the region": ({"IFM_STRIDE_Y": {"addr": (1 << 40) - 15}}, "bytes -45 to 14"),
    "a region that is not there": ({"IFM_REGION": {"value": 5}}, "region 5, which the network does not have"),
    "writes to constants": (
        {"OFM_REGION": {"value": 0}, "OFM_BASE0": {"addr": 0}},
        "writes its OFM to region 0, which holds the network's constants",
    ),
    "a tile outside": (
        {"IFM_HEIGHT0_M1": {"value": 1}, "IFM_BASE2": {"addr": 4090}},
        "reads its IFM outside region 1",
    ),
    "a type that does not exist": (
        {"IFM_PRECISION": {"activation_precision": 3}},
        "UNSIGNED B64, which does not exist",
    ),
    "padding as large as the input": ({"IFM_PAD_TOP": {"value": 100}}, "its padding is as large"),
    "channels that do not fit": ({"IFM_DEPTH_M1": {"value": 7}}, "pools 8 channels into 3"),
    "a clamp upside down": ({"ACTIVATION_MAX": {"value": -129}}, "clamps its output"),
    "a kernel that dilation does not divide": (
        {"KERNEL_STRIDE": {"dilation_x": 1}, "KERNEL_WIDTH_M1": {"value": 1}},
        "reaches over 2 elements with a dilation of 2",
    ),
    "a meaningless value": ({"OFM_PRECISION": {"round_mode": 3}}, "the value 3 of round_mode in OFM_PRECISION"),
    "undefined bits": ({"IFM_PRECISION": {"activation_type": 1, "activation_format": 2}}, "means nothing"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name: str) -> None:
    changes, words = REFUSED[name]
    with pytest.raises(StreamError) as caught:
        Npu(network(assemble(pool(SHAPE, 0, 2048) | changes, START)))
    assert words in str(caught.value)
    assert "at byte 0x" in str(caught.value) and "NPU_" in str(caught.value)
    assert caught.value.exit_code == 2


UNKNOWN: dict[str, tuple[Changes, int, str]] = {
    "floating-point accumulators": ({"ACC_FORMAT": {"value": 2}}, 1, "F16"),
    "4×4 decomposition": ({"KERNEL_STRIDE": {"decomposition": 1}}, 0, "4×4"),
    "a padded average with a scale": (
        {"IFM_PAD_TOP": {"value": 1}, "KERNEL_HEIGHT_M1": {"value": 1}, "OFM_SCALE": {"scale": 5}},
        1,
        "a padded average with a scale",
    ),
    "an average with scales of channels": (
        {"OFM_PRECISION": {"activation_type": 1, "scale_mode": 0, "round_mode": 2}},
        1,
        "AVERAGE with a scale for each channel",
    ),
}


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_what_nobody_knows_is_refused(name: str) -> None:
    changes, mode, words = UNKNOWN[name]
    with pytest.raises(UnknownBehaviourError, match=words):
        Npu(network(assemble(pool(SHAPE, 0, 2048) | changes, ("OP_POOL", mode))))


def test_a_strided_transfer_is_unknown() -> None:
    step = dma(0, 2048, 64) | {"DMA0_SRC_REGION": {"region": 1, "stride_mode": 1}}
    with pytest.raises(UnknownBehaviourError, match="strides"):
        Npu(network(assemble(step, ("OP_DMA_START", 0))))


def _copied(*changes: tuple[str, dict[str, int]], config: int = U65_256) -> bytes:
    """What lies from 2048 on after a transfer of four bytes from 0 on; every byte is its place, modulo 251."""
    step = dma(0, 2048, 4) | dict(changes)
    npu = Npu(network(assemble(step, ("OP_DMA_START", 0)), config=config))
    given = (np.arange(2048) % 251).astype(np.uint8).view(np.int8)
    return next(iter(npu.run({"x": given}).values())).tobytes()


ROWS = (
    ("DMA0_DST_REGION", {"region": 1, "stride_mode": 1}),
    ("DMA0_SIZE0", {"size": 3}),
    ("DMA0_SKIP0", {"addr": 6}),
)


def test_transfers_of_rows() -> None:
    """U65 writes rows; the source lies in one piece."""
    assert _copied() == bytes([0, 1, 2, 3]) + bytes(2044)
    rows = [bytes(range(4 * n, 4 * n + 4)) for n in range(6)]
    assert _copied(*ROWS) == bytes(6).join(rows[:3]) + bytes(2048 - 24)
    planes = (("DMA0_DST_REGION", {"region": 1, "stride_mode": 2}), ("DMA0_SIZE1", {"size": 2}))
    dense = (*ROWS[1:2], ("DMA0_SKIP0", {"addr": 0}), *planes, ("DMA0_SKIP1", {"addr": 5}))
    assert _copied(*dense) == b"".join(rows[:3]) + bytes(5) + b"".join(rows[3:]) + bytes(2048 - 29)
    with pytest.raises(UnknownBehaviourError, match="three dimensions with SKIP0"):
        _copied(*ROWS, *planes, ("DMA0_SKIP1", {"addr": 5}))
    with pytest.raises(UnknownBehaviourError, match="strides"):
        _copied(*ROWS, config=0x00001807)
    with pytest.raises(StreamError, match="writes its destination outside region 1: bytes 2048 to 4111"):
        _copied(*ROWS[:1], ("DMA0_SIZE0", {"size": 3}), ("DMA0_SKIP0", {"addr": 1026}))


def _gathered(*changes: tuple[str, dict[str, int]], indices: list[int]) -> bytes:
    """The same by a U85, with indices of 32 bits at byte 1024."""
    step = dma(0, 2048, 4) | dict(changes)
    words = assemble(step, ("OP_DMA_START", 0), isa=U85)
    given = (np.arange(2048) % 251).astype(np.uint8)
    given[1024 : 1024 + 4 * len(indices)] = np.array(indices, "<i4").view(np.uint8)
    npu = Npu(network(words, config=0x20000008))
    return next(iter(npu.run({"x": given.view(np.int8)}).values())).tobytes()


def _strides(source: int, target: int) -> tuple[tuple[str, dict[str, int]], ...]:
    return (
        ("DMA0_SIZE0", {"size": 3}),
        ("DMA0_SRC_STRIDE0", {"addr": source}),
        ("DMA0_DST_STRIDE0", {"addr": target}),
        ("DMA0_IDX_REGION", {"region": 1}),
        ("DMA0_IDX", {"addr": 1024}),
        ("DMA0_IDX_MAX", {"idx_max": 9}),
    )


def test_transfers_by_indices() -> None:
    rows = [bytes(range(10 * n, 10 * n + 4)) for n in range(10)]
    strided = ("DMA0_SRC_REGION", {"region": 1, "stride_mode": 1})
    assert _gathered(strided, *_strides(10, 6), indices=[]) == bytes(2).join(rows[:3]) + bytes(2048 - 16)
    gather = ("DMA0_SRC_REGION", {"region": 1, "stride_mode": 1, "idx_mode": 1})
    assert _gathered(gather, *_strides(10, 4), indices=[7, 2, 9])[:12] == rows[7] + rows[2] + rows[9]
    scatter = (strided, ("DMA0_DST_REGION", {"region": 1, "idx_mode": 1}))
    found = _gathered(*scatter, *_strides(10, 4), indices=[1, 0, 3])
    assert found[:16] == rows[1] + rows[0] + bytes(4) + rows[2]
    with pytest.raises(UnknownBehaviourError, match="an index beyond 0 to 9"):
        _gathered(gather, *_strides(10, 4), indices=[7, 10, 9])
    with pytest.raises(StreamError, match="reads its source outside region 1"):
        _gathered(gather, *_strides(1000, 4), indices=[0, 0, 0])
    with pytest.raises(StreamError, match="by indices on both sides"):
        _gathered(gather, *scatter[1:], *_strides(10, 4), indices=[0, 0, 0])


def test_an_overflow_of_the_accumulator_is_unknown() -> None:
    # A sum of 2^17 numbers, each 32639.
    steps = pool((1, 1, 1), 0, 400_000) | {
        "IFM_PRECISION": {"activation_type": 1, "activation_precision": 1},
        "IFM_STRIDE_X": {"addr": 0},
        "IFM_DEPTH_M1": {"value": 0xFFFF},
        "KERNEL_WIDTH_M1": {"value": 1},
        "IFM_WIDTH0_M1": {"value": 1},
    }
    npu = Npu(network(assemble(steps, ("OP_POOL", 2)), size=800_000))
    with pytest.raises(UnknownBehaviourError, match="overflows its accumulator of 32 bits"):
        npu.run({"x": np.full(400_000, 127, np.int8)})
    wide = steps | {"ACC_FORMAT": {"value": 1}}
    Npu(network(assemble(wide, ("OP_POOL", 2)), size=800_000)).run({"x": np.full(400_000, 127, np.int8)})


def test_a_missing_register() -> None:
    registers = pool(SHAPE, 0, 2048)
    idle = []
    for name in registers:
        left = {key: value for key, value in registers.items() if key != name}
        try:
            Npu(network(assemble(left, START)))
            idle.append(name)
        except StreamError as error:
            assert error.what == f"needs the register {name}, which was not set"
    # One tile does not need the bases of the others; one pool alone runs into none, and its block changes no result.
    assert " ".join(sorted(idle)) == (
        "BLOCKDEP IFM_BASE1 IFM_BASE2 IFM_BASE3 OFM_BASE1 OFM_BASE2 OFM_BASE3 OFM_BLK_DEPTH_M1 OFM_BLK_HEIGHT_M1 "
        "OFM_BLK_WIDTH_M1"
    )


def test_words_that_are_no_commands() -> None:
    words = assemble(pool(SHAPE, 0, 2048), START)
    with pytest.raises(InputError, match="cut short: it does not end with NPU_OP_STOP"):
        decode(words[:-1], U55)
    with pytest.raises(InputError, match="no such command") as caught:
        decode((*words[:3], 0x3FF, *words[3:]), U55)
    assert "word 000003ff" in str(caught.value)
    with pytest.raises(InputError, match="before the payload of NPU_SET_OFM_SCALE"):
        decode((0x4024,), U55)
    with pytest.raises(InputError, match="does not end"):
        decode((), U55)


# Hazards: a transfer into 1024 … 1087, and an operation that reads or writes there.
WAITED = {
    "reads what a transfer writes": (pool(SHAPE, 1024, 2048), "reads its IFM in region 1 while the destination"),
    "writes what a transfer reads": (pool(SHAPE, 300, 0), "writes its OFM in region 1 while the source"),
    "writes what a transfer writes": (pool(SHAPE, 300, 1040), "writes its OFM in region 1 while the destination"),
}


@pytest.mark.parametrize("config", [0x00001807, U65_256])
@pytest.mark.parametrize("name", sorted(WAITED))
def test_an_operation_that_does_not_wait_for_a_transfer(name: str, config: int) -> None:
    registers, words = WAITED[name]
    extra: Changes = {} if config != U65_256 else {"PARALLEL_MODE": {"value": 0}}
    steps = (extra | dma(0, 1024, 64), ("OP_DMA_START", 0), registers)
    with pytest.raises(HazardError, match=words) as caught:
        Npu(network(assemble(*steps, START), config=config))
    assert "NPU_OP_DMA_START at byte" in str(caught.value) and "NPU_OP_POOL at byte" in str(caught.value)
    Npu(network(assemble(*steps, ("OP_DMA_WAIT", 0), START), config=config))
    assert len(Npu(network(assemble(*steps, START), config=config), allow_hazards=True).hazards) == 1


def test_a_transfer_that_does_not_wait_for_an_operation() -> None:
    steps = (pool(SHAPE, 0, 1024), START, dma(1030, 3000, 16))
    with pytest.raises(HazardError, match="reads its source in region 1 while the OFM"):
        Npu(network(assemble(*steps, ("OP_DMA_START", 0))))
    Npu(network(assemble(*steps, ("OP_KERNEL_WAIT", 0), ("OP_DMA_START", 0))))


def test_a_wait_for_all_but_one() -> None:
    """Two operations are under way; waiting until one is left says nothing of the later one."""
    both = (pool(SHAPE, 0, 1024), START, {"OFM_BASE0": {"addr": 1200}}, START)
    first, second = dma(1024, 3000, 16), dma(1200, 3000, 16)
    Npu(network(assemble(*both, first, ("OP_KERNEL_WAIT", 1), ("OP_DMA_START", 0))))
    with pytest.raises(HazardError):
        Npu(network(assemble(*both, second, ("OP_KERNEL_WAIT", 1), ("OP_DMA_START", 0))))


def test_channels_between_each_other_are_no_hazard() -> None:
    """A transfer of one channel's row beside an operation that writes another's."""
    step = pool((1, 8, 1), 0, 1024) | {"OFM_STRIDE_X": {"addr": 8}}
    Npu(network(assemble(dma(0, 1025, 7), ("OP_DMA_START", 0), step, START)))
    with pytest.raises(HazardError):
        Npu(network(assemble(dma(0, 1025, 8), ("OP_DMA_START", 0), step, START)))


def test_a_table_that_nobody_loaded() -> None:
    table = {"ACTIVATION": {"activation_function": 17}}
    start = 24 * 1024 - 2048 + 256
    load = dma(0, start, 256) | {"DMA0_DST_REGION": {"region": 3, "region_mode": 1}}
    steps = (load, ("OP_DMA_START", 0), pool(SHAPE, 512, 2048) | table, ("OP_DMA_WAIT", 0), START)
    Npu(network(assemble(*steps)))
    with pytest.raises(HazardError, match="which no transfer has loaded"):
        Npu(network(assemble(pool(SHAPE, 512, 2048) | table, START)))
    with pytest.raises(HazardError, match="which no transfer has loaded"):
        Npu(network(assemble(*steps, {"ACTIVATION": {"activation_function": 18}}, START)))


def test_a_table_that_an_operation_overwrote() -> None:
    """An NPU with 16 KiB of SHRAM has no banks for tables alone."""
    table, none = {"ACTIVATION": {"activation_function": 16}}, {"ACTIVATION": {"activation_function": 0}}
    load = dma(0, 16 * 1024 - 2048, 256) | {"DMA0_DST_REGION": {"region": 3, "region_mode": 1}}
    first = (load, ("OP_DMA_START", 0), pool(SHAPE, 512, 2048) | table, ("OP_DMA_WAIT", 0), START)
    Npu(network(assemble(*first, START), config=0x1006))
    with pytest.raises(HazardError, match=r"NPU_OP_POOL at byte 0x[0-9a-f]+ of the command stream has overwritten"):
        Npu(network(assemble(*first, none, START, table, START), config=0x1006))


def _compiled() -> Network:
    return as_network(compile_network(deep_network(3)[0], "ethos-u55-128"))


def _with_words(given: Network, change: Callable[[list[int]], list[int]]) -> Network:
    step = given.invocations[0]
    payload = dataclasses.replace(step.payload, words=tuple(change(list(step.payload.words))))
    return dataclasses.replace(given, steps=(Invocation(payload, step.regions),))


def test_every_wait_of_a_compiled_network_is_needed() -> None:
    given = _compiled()
    words = given.invocations[0].payload.words
    waits = [c.offset // 4 for c in decode(words, U55) if "WAIT" in c.name]
    assert len(waits) > 3
    Npu(given)
    for at in waits:
        with pytest.raises(HazardError):
            Npu(_with_words(given, lambda w, at=at: w[:at] + w[at + 1 :]))


def test_weights_that_end_early() -> None:
    given = _compiled()
    commands = decode(given.invocations[0].payload.words, U55)
    length = next(c for c in commands if c.name == "NPU_SET_WEIGHT_LENGTH")
    at = length.offset // 4 + 1
    for left in (0, 16, 48):
        with pytest.raises(StreamError, match="weight") as caught:
            Npu(_with_words(given, lambda w, left=left: [*w[:at], left, *w[at + 1 :]]))
        assert "NPU_OP_CONV at byte" in str(caught.value)
    scales = next(c for c in commands if c.name == "NPU_SET_SCALE_LENGTH")
    at = scales.offset // 4 + 1
    with pytest.raises(StreamError, match="9 bytes of scales, which are not enough"):
        Npu(_with_words(given, lambda w: [*w[:at], 9, *w[at + 1 :]]))


def test_an_unknown_npu() -> None:
    with pytest.raises(InputError, match="no Ethos-U55 with 512 MACs"):
        network(assemble(), config=0x00001809)
    with pytest.raises(InputError, match="unknown NPU, product 7"):
        network(assemble(), config=0x70001807)
    with pytest.raises(InputError, match="no Ethos-U85 with 64 MACs"):
        network(assemble(), config=0x20000116)
