"""Streams of ExecuTorch's Ethos-U delegate, which come from TOSA: against the quantized PyTorch program's outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcugen.cli import main
from mcugen.errors import InputError
from mcugen.ethosu.model import Npu, read_network
from mcugen.ethosu.model.containers.executorch import _HEADER

FOLDER = Path(__file__).parent / "executorch"
TARGETS = ("ethos-u55-128", "ethos-u85-256")


@pytest.mark.parametrize("target", TARGETS)
def test_outputs_are_those_of_the_quantized_program(target: str) -> None:
    npu = Npu(read_network(FOLDER / f"{target}.bin"))
    with np.load(FOLDER / f"{target}.npz") as file:
        samples, wanted = file["input_0"], file["wanted"]
    for values, expected in zip(samples, wanted, strict=True):
        (found,) = npu.run({"input_0": values}).values()
        assert np.array_equal(found, expected)


def test_the_command_runs_it(tmp_path: Path) -> None:
    with np.load(FOLDER / "ethos-u55-128.npz") as file:
        np.savez(tmp_path / "in.npz", input_0=file["input_0"][:, 0])
        wanted = file["wanted"]
    out = tmp_path / "out.npz"
    file_, samples = str(FOLDER / "ethos-u55-128.bin"), str(tmp_path / "in.npz")
    with pytest.raises(SystemExit) as stop:
        main(["npu", "run", file_, "--inputs", samples, "--outputs", str(out)])
    assert stop.value.code == 0
    with np.load(out) as file:
        assert np.array_equal(file["output_0"], wanted[:, 0])


def _blocks(data: bytes) -> list[tuple[int, str]]:
    """Where each block's header stands, and its name."""
    found, at = [], 0
    while at < len(data):
        name, length, _ = _HEADER.unpack_from(data, at)
        found.append((at, name.rstrip(b"\0").decode()))
        at += _HEADER.size + -(-length // 16) * 16
    return found


def test_what_is_wrong(tmp_path: Path) -> None:
    good = (FOLDER / "ethos-u55-128.bin").read_bytes()
    blocks = _blocks(good)
    places = {name: at for at, name in blocks}
    path = tmp_path / "damaged.bin"

    def refused(content: bytes, words: str) -> None:
        path.write_bytes(content)
        with pytest.raises(InputError, match=words) as caught:
            read_network(path)
        assert caught.value.exit_code == 2

    for at, _ in blocks[1:]:
        refused(good[:at], "is cut short: it does not end with vela_end_stream")
        refused(good[: max(at - 20, 16)], "is cut short")
    behind = {name: next(at for at, _ in blocks if at > places[name]) for name in places if name != "vela_end_stream"}
    for name in ("cmd_data", "weight_data", "scratch_size", "inputs", "outputs"):
        refused(good[: places[name]] + good[behind[name] :], f"has no block {name}")
    outside = bytearray(good)
    outside[places["weight_data"] + 20] = 1
    refused(bytes(outside), "keeps its weight_data elsewhere")
    for name, place, words in (
        ("scratch_size", 3, "bytes of scratch memory"),
        ("inputs", 0, "its length is not that of its ports"),
        ("inputs", 4 + 4 * 8, "is damaged"),
        ("outputs", 4 + 4 * 7 + 2, "do not lie in memory"),
    ):
        changed = bytearray(good)
        changed[places[name] + _HEADER.size + place] = 0x7F
        refused(bytes(changed), words)
