"""How far an operation may run into the next: BLOCKDEP, what first jobs read and the last ones before them write."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcugen.ethosu.model import HazardError, Npu
from mcugen.ethosu.model.feature_map import Box, FeatureMap, read_feature_map
from mcugen.ethosu.model.isa import U55
from mcugen.ethosu.model.network import Invocation, Network
from mcugen.ethosu.model.operations.window import Window
from mcugen.ethosu.model.registers import Registers
from mcugen.ethosu.model.stream import decode
from tests.ethosu.assembler import Step, assemble, dma, network, pool, registers
from tests.ethosu.compiler import as_network, compile_network
from tests.ethosu.networks import TARGETS, deep_network

START = ("OP_POOL", 0)
SHAPE = (8, 8, 16)


def _block(height: int, width: int, depth: int) -> dict[str, dict[str, int]]:
    sizes = {"HEIGHT": height, "WIDTH": width, "DEPTH": depth}
    return {f"OFM_BLK_{axis}_M1": {"value": size - 1} for axis, size in sizes.items()}


def _limit(first: Step, second: Step, *, start: tuple[str, int] = START, between: tuple[Step, ...] = ()) -> int:
    """The largest BLOCKDEP that is no hazard."""
    for depth in range(4):
        assert isinstance(second, dict)
        steps = (first, START, *between, second | {"BLOCKDEP": {"value": depth}}, start)
        try:
            Npu(network(assemble(*steps), size=32768))
        except HazardError as error:
            assert "may read its IFM" in error.what and f"BLOCKDEP is {depth}" in (error.hint or "")
            assert "NPU_OP_POOL at byte" in error.what
            return depth - 1
    return 3


FIRST = pool(SHAPE, 0, 1024)


@pytest.mark.parametrize(
    ("before", "after", "limit"),
    [
        # One block: the first job reads what the last one writes.
        (_block(8, 8, 16), {}, 0),
        # Two blocks: the second job reads what the last one writes, the first what the last but one does.
        (_block(4, 8, 16), _block(4, 8, 16), 1),
        (_block(4, 8, 16), _block(8, 8, 16), 0),
        (_block(2, 8, 16), _block(2, 8, 16), 3),
        (_block(8, 4, 16), _block(8, 2, 16), 1),
        # Channels come before columns.
        (_block(8, 4, 8), _block(8, 4, 8), 3),
        (_block(4, 8, 16), _block(8, 8, 8), 0),
        # Another feature map; a part of it alone.
        (_block(8, 8, 16), registers("IFM", SHAPE, 4096), 3),
        (_block(2, 8, 16), _block(2, 8, 16) | registers("IFM", SHAPE, 1024 - 7 * 128), 3),
        (_block(2, 8, 16), _block(2, 8, 16) | registers("IFM", SHAPE, 1024 + 7 * 128), 0),
    ],
)
def test_limits(before: dict, after: dict, limit: int) -> None:
    assert _limit(FIRST | before, pool(SHAPE, 1024, 8192) | before | after) == limit


def test_a_kernel_reads_more_than_a_block() -> None:
    tall = {"KERNEL_HEIGHT_M1": {"value": 2}, "IFM_PAD_TOP": {"value": 1}, "IFM_PAD_BOTTOM": {"value": 1}}
    block = _block(2, 8, 16)
    assert _limit(FIRST | block, pool(SHAPE, 1024, 8192) | block) == 3
    # The first job reads three rows, of which the last but two blocks write one; the second one five.
    assert _limit(FIRST | block, pool(SHAPE, 1024, 8192) | block | tall) == 2


def test_a_wait_is_enough() -> None:
    assert _limit(FIRST | _block(8, 8, 16), pool(SHAPE, 1024, 8192), between=(("OP_KERNEL_WAIT", 0),)) == 3
    assert _limit(FIRST | _block(8, 8, 16), pool(SHAPE, 1024, 8192), between=(("OP_KERNEL_WAIT", 1),)) == 0


def test_an_operand_that_is_broadcast() -> None:
    """The first job reads all of a second operand that has one row."""
    row = (1, 8, 16)
    add = {
        **pool(SHAPE, 4096, 8192),
        **registers("IFM2", row, 1024),
        "IFM2_PRECISION": {"activation_type": 1},
        "IFM2_BROADCAST": {"broadcast_h": 1},
        "OPA_SCALE": {"scale": 1},
        "OPB_SCALE": {"scale": 1},
        **_block(1, 8, 16),
    }
    first = pool(row, 0, 1024) | _block(1, 1, 16)
    start = ("OP_ELEMENTWISE", 1)
    Npu(network(assemble(first, START, add, start), size=32768))
    with pytest.raises(HazardError, match="may read its IFM2"):
        Npu(network(assemble(first, START, add | {"BLOCKDEP": {"value": 1}}, start), size=32768))


def test_a_table_without_banks_of_its_own() -> None:
    load = dma(0, 16 * 1024 - 2048, 256) | {"DMA0_DST_REGION": {"region": 3, "region_mode": 1}}
    table, other = {"ACTIVATION": {"activation_function": 16}}, pool((2, 3, 4), 512, 3000) | {"ACTIVATION": {}}
    first = (load, ("OP_DMA_START", 0), pool((2, 3, 4), 256, 2048) | table, ("OP_DMA_WAIT", 0), START)
    deep = {"BLOCKDEP": {"value": 1}}
    Npu(network(assemble(*first, other, START), config=0x1006))
    Npu(network(assemble(*first, other | table | deep, START), config=0x1006))
    with pytest.raises(HazardError, match="may overwrite the table that NPU_OP_POOL"):
        Npu(network(assemble(*first, other | deep, START), config=0x1006))
    load = load | {"DMA0_DST": {"addr": 24 * 1024 - 2048}}
    Npu(network(assemble(load, *first[1:], other | deep, START)))


@pytest.mark.parametrize("target", TARGETS)
def test_what_vela_allows_is_the_limit(target: str) -> None:
    """No BLOCKDEP of Vela's is a hazard, and most could not be larger."""
    given = as_network(compile_network(deep_network(3)[0], target))
    step = given.invocations[0]
    words = list(step.payload.words)
    Npu(given)
    found = [0, 0]
    for command in decode(words, U55):
        if command.name == "NPU_SET_BLOCKDEP" and command.parameter < 3:
            changed = list(words)
            changed[command.offset // 4] += 3 - command.parameter << 16
            payload = dataclasses.replace(step.payload, words=tuple(changed))
            changed_network: Network = dataclasses.replace(given, steps=(Invocation(payload, step.regions),))
            found[bool(Npu(changed_network, allow_hazards=True).hazards)] += 1
    assert found[1] > found[0]


@pytest.mark.parametrize("seed", range(60))
def test_rows_and_columns_that_outputs_need(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = {
        name: tuple(int(n) for n in rng.integers(low, high, 2))
        for name, (low, high) in {"kernel": (1, 6), "stride": (1, 4), "dilation": (1, 3), "output": (1, 7)}.items()
    }
    span = [(k - 1) * d + 1 for k, d in zip(pairs["kernel"], pairs["dilation"], strict=True)]
    before = tuple(int(rng.integers(0, s)) for s in span)
    window = Window(**pairs, before=before, after=(0, 0), upscale=str(rng.choice(["NONE", "NEAREST"])))
    if min(window.upscaled) < 1:
        return
    height, width = window.input
    numbers = np.arange(1, height * width + 1).reshape(height, width, 1)
    seen = list(window.taps(window.expand(numbers, 0)))
    low = [int(rng.integers(0, n)) for n in window.output]
    box = [slice(a, int(rng.integers(a + 1, n + 1))) for a, n in zip(low, window.output, strict=True)]
    touched = {int(n) for _, _, values in seen for n in values[box[0], box[1]].ravel()} - {0}
    rows, columns = window.seen(box[0], box[1], (99, 99))
    inside = set(numbers[rows, columns].ravel().tolist())
    assert touched <= inside
    if touched:
        # No row and no column too many.
        at = [divmod(n - 1, width) for n in touched]
        assert (rows.start, rows.stop) == (min(y for y, _ in at), max(y for y, _ in at) + 1) or window.dilation[0] > 1
        assert columns.start >= min(x for _, x in at) - (window.dilation[1] - 1)


@pytest.mark.parametrize("seed", range(60))
def test_the_bytes_of_a_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width, depth = shape = tuple(int(n) for n in rng.integers(1, [6, 6, 50]))
    bricks, item = bool(rng.integers(2)), int(rng.integers(2)) + 1
    place = registers("IFM", shape, 64) | {
        "IFM_PRECISION": {"activation_type": 1, "activation_precision": item - 1, "activation_format": bricks},
        "IFM_HEIGHT0_M1": {"value": int(rng.integers(height))},
        "IFM_WIDTH0_M1": {"value": int(rng.integers(width))},
        "IFM_BASE1": {"value": 10_000},
        "IFM_BASE2": {"value": 20_000},
        "IFM_BASE3": {"value": 30_000},
        "IFM_STRIDE_Y": {"value": (16 if bricks else depth) * width * item},
        "IFM_STRIDE_X": {"value": depth * item},
        "IFM_STRIDE_C": {"value": 16 * width * height * item},
    }
    commands = decode(assemble(place), U55)
    values = {c.definition.name.removeprefix("SET_"): c for c in commands}
    payload = network(assemble()).invocations[0].payload
    fm = read_feature_map(Registers(commands[-1], values, payload.configuration), "IFM", shape)
    low = [int(rng.integers(0, n)) for n in shape]
    box = tuple(slice(a, int(rng.integers(a + 1, n + 1))) for a, n in zip(low, shape, strict=True))
    assert _bytes(fm, box) == _elements(fm, box)
    assert _bytes(fm, None) == _elements(fm, tuple(slice(0, n) for n in shape))


def _bytes(fm: FeatureMap, box: Box | None) -> set[int]:
    found = [
        int(start) + at
        for access in fm.accesses(writes=False, box=box)
        for start in access.starts
        for at in range(access.length)
    ]
    assert len(found) == len(set(found))
    return set(found)


def _elements(fm: FeatureMap, box: tuple[slice, ...]) -> set[int]:
    """By writing: the bytes that change when the elements of the box do."""
    memory = np.zeros(60_000, np.uint8)
    marks = np.zeros(fm.shape, fm.dtype)
    marks[box] = -1
    for part, view in fm.views(memory):
        view[...] = marks[part.rows, part.columns, part.channels].reshape(view.shape)
    return set(np.flatnonzero(memory).tolist())
