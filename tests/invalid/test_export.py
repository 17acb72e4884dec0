"""What a user can get wrong with `mcugen export-tflite` and files of state: one message, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mcugen import cli
from mcugen.litert.names import KEY
from mcugen.litert.schema import schema
from tests.ethosu.precompiled.files import ByHand
from tests.frontend.litert.files import Op, T, file_of

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")


class Memory(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]


def recurrent(folder: Path) -> Path:
    torch.export.save(torch.export.export(Memory().eval(), (torch.zeros(2, 1, 3),)), folder / "memory.pt2")
    return folder / "memory.pt2"


def tflite(content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "model.tflite").write_bytes(content)
        return folder / "model.tflite"

    return write


REAL = T((1, 4), scale=0.1)
HANDLE = T((1,), "RESOURCE")
NAMED = {"table": "VarHandleOptions", "options": {"container": "", "sharedName": "h"}}


def variable(*operators: Op) -> bytes:
    """Tensors: input, handle, read, output."""
    more = [Op("VAR_HANDLE", [], [1], **NAMED), *operators, Op("ADD", [0, 2], [3], {}, "AddOptions")]
    return file_of([REAL, HANDLE, REAL, REAL], more, [0], [3])


def svdf(state: T, weights: T | None = None) -> bytes:
    constants = [
        T((2, 4), data=np.ones((2, 4), np.int8), scale=0.1),
        T((2, 3), data=np.ones((2, 3), np.int8), scale=0.1),
    ]
    bias = T((2,), "INT32", data=np.zeros(2, np.int32), scale=0.01)
    tensors = [REAL, weights or constants[0], constants[1], bias, state, T((1, 2), scale=0.1)]
    return file_of(tensors, [Op("SVDF", [0, 1, 2, 3, 4], [5], {"rank": 1}, "SVDFOptions")], [0], [5])


READ, ASSIGN = Op("READ_VARIABLE", [1], [2]), Op("ASSIGN_VARIABLE", [1, 0], [])
STATE = T((1, 6), scale=0.1, is_variable=True)
ADDED = [T((1, 4), scale=0.1)] * 2, [Op("ADD", [0, 0], [1], {}, "AddOptions")], [0], [1]

CASES: dict[str, tuple[Callable[[Path], Path], tuple[str, ...]]] = {
    "no such model": (lambda folder: folder / "none.pt2", ("does not exist",)),
    "a layer that LiteRT has in other integers": (recurrent, ("1 of 1 layers", "test_export.py:", "lstm")),
    "a variable that nothing sets": (tflite(variable(READ)), ("READ_VARIABLE", "which nothing sets")),
    "a handle that nothing makes": (tflite(file_of([REAL, HANDLE, REAL, REAL], [READ], [0], [2])), ("no VAR_HANDLE",)),
    "a variable read in another scale": (
        tflite(
            file_of(
                [REAL, HANDLE, T((1, 4), scale=0.2), T((1, 4), scale=0.2)],
                [Op("VAR_HANDLE", [], [1], **NAMED), READ, ASSIGN, Op("ADD", [2, 2], [3], {}, "AddOptions")],
                [0],
                [3],
            )
        ),
        ("'h'", "assigned"),
    ),
    "CALL_ONCE of no subgraph": (
        tflite(variable(Op("CALL_ONCE", [], [], {"initSubgraphIndex": 7}, "CallOnceOptions"), READ, ASSIGN)),
        ("calls subgraph 7 of 1",),
    ),
    "SVDF whose state is no variable": (tflite(svdf(T((1, 6), scale=0.1))), ("no variable tensor",)),
    "SVDF with another state": (tflite(svdf(T((1, 5), scale=0.1, is_variable=True))), ("has a state of [1, 5]",)),
    "SVDF with shared weights": (
        tflite(svdf(STATE, T((2, 4), data=np.ones((2, 4), np.int8), scale=[0.1, 0.2]))),
        ("quantized per channel",),
    ),
    "a file that Vela has compiled": (
        tflite(ByHand().file()),
        ("1 of 1 layers", "ethos_u_0 (ethos_u)", "operator 0"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_message(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, words = CASES[name]
    target = tmp_path / "out.tflite"
    code = cli._run(["export-tflite", str(make(tmp_path)), "--calibration", "random", "--output", str(target)])
    printed = capsys.readouterr()
    message = " ".join((printed.err + printed.out).split())
    assert code == 2 and "Traceback" not in message, message
    assert message.count("error:") == 1
    for word in words:
        assert word in message, message
    assert not target.exists() and not list(tmp_path.glob(".out*"))


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tflite(file_of(*ADDED))(tmp_path)
    assert cli._run(["export-tflite", str(model), "--output", str(tmp_path / "none" / "x.tflite")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_metadata_that_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    s = schema()
    entry, buffer = s.MetadataT(), s.BufferT()
    entry.name, entry.buffer = KEY, 1
    buffer.data = np.frombuffer(b"{", np.uint8)
    model = tflite(file_of(*ADDED, metadata=[entry], buffers=[s.BufferT(), buffer]))(tmp_path)
    assert cli._run(["emit", str(model), "--board", "nrf5340dk", "--output", str(tmp_path / "m")]) == 2
    assert "is no JSON" in capsys.readouterr().err
