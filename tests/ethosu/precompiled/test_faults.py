"""What can be wrong in a file that is compiled already: one error that names the operator, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.errors import DoesNotFitError, InputError
from mcugen.ethosu import machine
from mcugen.ethosu.precompiled import ROWS, given_partition
from mcugen.frontend import load_model
from mcugen.graph.graph import Graph
from tests.ethosu.assembler import U55_128, dma, pool
from tests.ethosu.precompiled.files import COPY, SHAPE, ByHand, payload
from tests.frontend.litert.files import T, ours

GOOD = ByHand()
X = T((1, *SHAPE), scale=0.1, name="x")


def copying(**registers: int) -> ByHand:
    """A copy with other registers, such as OFM_REGION."""
    return ByHand(payload(pool(SHAPE, 0, 32) | {k: {"value": v} for k, v in registers.items()}, ("OP_POOL", 0)))


def load(file: bytes, folder: Path) -> Graph:
    (folder / "net.tflite").write_bytes(file)
    return load_model(folder / "net.tflite", custom=ROWS)


def test_the_file_without_a_fault(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.int8).reshape(1, *SHAPE)
    (found,) = ours(load(GOOD.file(), tmp_path), [values])
    np.testing.assert_array_equal(found, values)


def at_one_place(height: int, depth: int) -> ByHand:
    """Feature maps of 65,536 columns whose rows and columns are all the same bytes: within any memory."""
    same = {"STRIDE_X": 0, "STRIDE_Y": 0, "WIDTH0_M1": 65535, "HEIGHT0_M1": height - 1, "HEIGHT1_M1": height - 1}
    maps = {
        f"{name}_{key}": value for name in ("IFM", "OFM") for key, value in (same | {"DEPTH_M1": depth - 1}).items()
    }
    return copying(OFM_WIDTH_M1=65535, OFM_HEIGHT_M1=height - 1, **maps)


CASES: dict[str, tuple[ByHand, Sequence[str]]] = {
    "wrong magic": (replace(GOOD, stream=b"COP9" + GOOD.stream[4:]), ("no known format", "COP1 and COP2")),
    "no payload": (replace(GOOD, stream=bytes(4)), ("no known format",)),
    "cut short": (replace(GOOD, stream=GOOD.stream[:-12]), ("is cut short", "of the payload")),
    "half a word": (replace(GOOD, stream=GOOD.stream[:-2]), ("no whole number of words",)),
    "no such NPU": (replace(GOOD, stream=payload(*COPY, config=0x00001809)), ("no Ethos-U55 with 512 MACs",)),
    "another SHRAM": (replace(GOOD, stream=payload(*COPY, config=U55_128 + 0x800)), ("Ethos-U55-128 with 32768",)),
    "bits that mean nothing": (copying(IFM_UPSCALE=0xFFFF), ("IFM_UPSCALE means nothing", "of the command stream")),
    "input behind its region": (copying(IFM_BASE0=48), ("reads its IFM outside region 1", "bytes 48 to 71", "of 64")),
    "input far away": (copying(IFM_BASE0=0xFFFFFFF0), ("outside region 1",)),
    "rows far apart": (copying(IFM_STRIDE_Y=0x7FFFFFFF), ("outside region 1",)),
    "output behind its region": (copying(OFM_BASE0=60), ("writes its OFM outside region 1",)),
    "output into constants": (copying(OFM_REGION=0), ("writes its OFM to region 0", "constants")),
    "no such region": (copying(IFM_REGION=5), ("region 5, which the network does not have",)),
    "larger than its memory": (copying(OFM_HEIGHT_M1=0xFFFF), ("outside region 1",)),
    "a table that is none": (copying(ACTIVATION=16), ("table",)),
    "constants that are too short": (
        replace(GOOD, stream=payload(dma(0, 0, 80, DMA0_SRC_REGION={"region": 0}), ("OP_DMA_START", 0), *COPY)),
        ("reads its source outside region 0", "of 64 bytes"),
    ),
    "a wait that is missing": (
        replace(GOOD, stream=payload(dma(32, 0, 24), ("OP_DMA_START", 0), *COPY)),
        ("a wait is missing",),
    ),
    "memory that nothing has written": (copying(IFM_BASE0=32, OFM_BASE0=32), ("depend on memory", "original model")),
    "scratch too small": (replace(GOOD, scratch=40), ("tensor 4 ('y'), 24 bytes at 32", "40 bytes of scratch")),
    "input in no memory": (replace(GOOD, inputs=((X, -1),)), ("tensor 3 ('x'), 24 bytes at -1",)),
    "input in no type": (replace(GOOD, inputs=((replace(X, type="FLOAT32"), 0),)), ("FLOAT32",)),
    "constant input": (
        replace(GOOD, inputs=(*GOOD.inputs, (replace(X, data=np.zeros((1, *SHAPE), np.int8), name="c"), 0))),
        ("operand 5, tensor 4 ('c'), is a constant",),
    ),
    "variable input": (
        replace(GOOD, inputs=(*GOOD.inputs, (replace(X, is_variable=True, name="state"), 0))),
        ("keeps tensor 4 ('state')", "from before Vela"),
    ),
    "no feature maps": (replace(GOOD, operands=lambda all_: all_[:4]), ("no command stream with inputs",)),
    "no scratch": (replace(GOOD, operands=lambda all_: [*all_[:2], -1, *all_[3:]]), ("no operand 2",)),
    "scratch with data": (replace(GOOD, operands=lambda a: [a[0], a[1], a[0], a[0], a[4]]), ("memory that is none",)),
    "too many inputs": (
        replace(GOOD, inputs=tuple((replace(X, name=f"x{k}"), 0) for k in range(9))),
        ("9 inputs", "the most are 8"),
    ),
    "no places": (replace(GOOD, allocation=None), ("OfflineMemoryAllocation", "the file has none")),
    "places of other tensors": (replace(GOOD, allocation=[0, 1, 4, -1, -1, 0, 0]), ("each of 5 tensors",)),
    "larger than any memory": (
        at_one_place(256, 4),
        ("IFM of 256×65536×4 elements", "more than the model takes on"),
    ),
    "scattered over memory": (at_one_place(121, 1), ("pieces of memory", "more than the model takes on")),
    "too much work": (at_one_place(1, 4), ("multiply-accumulates", "no microcontroller")),
}


@pytest.mark.parametrize("name", CASES)
def test_one_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "too much work":
        monkeypatch.setattr(machine, "MOST_BYTES", 1 << 16)
    network, words = CASES[name]
    with pytest.raises(InputError) as caught:
        load(network.file(), tmp_path)
    message = " ".join(str(caught.value).split())
    for word in ("net.tflite", *words):
        assert word in message, message
    assert caught.value.hint, message


PLACES: dict[str, tuple[str, dict[str, str], Sequence[str]]] = {
    "no NPU": ("nucleo_h743zi", {}, ("compiled for the ethos-u55-128", "nucleo_h743zi has no NPU")),
    "another NPU": (
        "ensemble_e8_dk_u85",
        {},
        ("the NPU of ensemble_e8_dk_u85 is an ethos-u85-256", "--accelerator-config ethos-u85-256"),
    ),
    "another one of the board's": (
        "mps3_corstone300",
        {"accelerator": "ethos-u55-64"},
        ("is an ethos-u55-64", "give --accelerator ethos-u55-128"),
    ),
    "off": ("mps3_corstone300", {"mode": "off"}, ("--npu off", "the file from before Vela")),
}


@pytest.mark.parametrize("name", PLACES)
def test_boards(name: str, tmp_path: Path) -> None:
    board, options, words = PLACES[name]
    with pytest.raises(InputError) as caught:
        given_partition(load(GOOD.file(), tmp_path), load_board(board), **options)
    message = " ".join(str(caught.value).split())
    for word in ("net.tflite operator 0", *words):
        assert word in message, message


def test_a_part_on_its_board(tmp_path: Path) -> None:
    graph = load(GOOD.file(), tmp_path)
    found = given_partition(graph, load_board("mps3_an547"), mode="require")
    (part,) = found.parts
    assert (found.vela, found.on_cpu, part.operators) == (None, (), ())
    assert dict(part.compiled.traffic_bytes)["sram"] == 48 and part.compiled.cycles > 0
    assert part.compiled.scratch_bytes == 64


def test_memory_of_the_board(tmp_path: Path) -> None:
    board = load_board("mps3_an547")
    small = replace(board, memories=tuple(replace(m, size=32) if m.name == "isram" else m for m in board.memories))
    with pytest.raises(DoesNotFitError, match=r"64 bytes of scratch memory, isram .* has 32"):
        given_partition(load(GOOD.file(), tmp_path), small)
