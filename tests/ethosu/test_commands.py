"""`mcugen npu …` in processes of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcugen.cli import main
from mcugen.ethosu.model import read_network
from mcugen.ethosu.model.stream import decode
from tests.ethosu.builder import run_litert
from tests.ethosu.compiler import compile_network
from tests.ethosu.networks import deep_network

Result = subprocess.CompletedProcess[str]


def mcugen(*arguments: object) -> Result:
    return subprocess.run(
        [sys.executable, "-m", "mcugen", "npu", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled network with five samples, and LiteRT's outputs for them."""
    path = tmp_path_factory.mktemp("npu")
    model, inputs = deep_network(3)
    (path / "net.tflite").write_bytes(compile_network(model, "ethos-u55-128"))
    (path / "u85.tflite").write_bytes(compile_network(model, "ethos-u85-256"))
    rng = np.random.default_rng(0)
    samples = [np.stack([rng.integers(-128, 128, x.shape[1:]).astype(np.int8) for _ in range(5)]) for x in inputs]
    names = [f"t{index}" for index in _input_tensors(model)]
    np.savez(path / "in.npz", **dict(zip(names, samples, strict=True)))
    wanted = [run_litert(model, [s[i][None] for s in samples])[0][0] for i in range(5)]
    np.save(path / "wanted.npy", np.stack(wanted))
    return path


def _input_tensors(model: bytes) -> list[int]:
    from mcugen.litert.schema import schema

    return [int(i) for i in schema().ModelT.InitFromPackedBuf(model, 0).subgraphs[0].inputs]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("file", "npu"), [("net.tflite", "Ethos-U55-128"), ("u85.tflite", "Ethos-U85-256")])
def test_run(file: str, npu: str, folder: Path) -> None:
    result = mcugen("run", folder / file, "--inputs", folder / "in.npz", "--outputs", folder / "out.npz", "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["npu"], told["samples"]) == (npu, 5)
    with np.load(folder / "out.npz") as found:
        (name,) = found.files
        assert np.array_equal(found[name], np.load(folder / "wanted.npy"))
        assert told["outputs"][name] == {"dtype": "int8", "shape": list(found[name].shape)}


def test_trace(folder: Path) -> None:
    told = json.loads(mcugen("trace", folder / "net.tflite", "--json").stdout)
    convolutions = [row for row in told["operations"] if row["kind"] in ("convolution", "depthwise")]
    for row in convolutions:
        height, width, depth = row["ofm"]
        assert row["macs"] % (height * width * depth * row["kernel"][0] * row["kernel"][1]) == 0
        assert row["estimated_cycles"] >= row["macs"] / 128
    assert told["macs"] == sum(row["macs"] for row in told["operations"])
    assert told["traffic"]["region 0"]["read"] > 0 == told["traffic"]["region 0"]["written"]
    assert told["estimated_cycles"] >= told["estimated_cycles_of_operations"] > 0 and told["clock_hz"] is None
    text = mcugen("trace", folder / "net.tflite").stdout
    assert text.startswith("Ethos-U55-128; cycles are an estimate") and f"{told['macs']:,} MACs" in text


def test_disassemble(folder: Path) -> None:
    for name, npu in (("net.tflite", "Ethos-U55-128"), ("u85.tflite", "Ethos-U85-256")):
        result = mcugen("disassemble", folder / name)
        assert result.returncode == 0
        lines = result.stdout.splitlines()
        assert lines[0].startswith(f"stream 0: {npu}, ")
        assert lines[-1].endswith("NPU_OP_STOP                mask = 65535")


def _changed(folder: Path, name: str, command: str, words: tuple[int, ...]) -> Path:
    """The network with the first command of a name replaced by other words, as many."""
    payload = read_network(folder / "net.tflite").invocations[0].payload
    content = bytearray((folder / "net.tflite").read_bytes())
    stream = np.array(payload.words, "<u4").tobytes()
    found = next(c for c in decode(payload.words, payload.configuration.isa) if c.name == command)
    place = content.index(stream) + found.offset
    content[place : place + 4 * len(words)] = np.array(words, "<u4").tobytes()
    (folder / name).write_bytes(content)
    return folder / name


def _damaged(folder: Path) -> Path:
    """The network with its first address of an input far outside."""
    return _changed(folder, "damaged.tflite", "NPU_SET_IFM_BASE0", (0x00004000, 0x7FFFFFF0))


WRONG = {
    "an address outside": (
        ("NPU_SET_IFM_BASE0", (0x00004000, 0x7FFFFFF0)),
        r"reads its IFM outside region 1: bytes \d+ to \d+ of a region of \d+ bytes",
        "NPU_OP_CONV",
    ),
    "an output outside": (
        ("NPU_SET_OFM_BASE0", (0x00004010, 0x7FFFFFF0)),
        "writes its OFM outside region 1",
        "NPU_OP_CONV",
    ),
    "a region that is not there": (
        ("NPU_SET_IFM_REGION", (0x0005010F,)),
        "in region 5, which the network does not have",
        "NPU_OP_CONV",
    ),
    "constants to write to": (
        ("NPU_SET_OFM_REGION", (0x0000011F,)),
        "writes its OFM to region 0, which holds the network's constants|outside region 0",
        "NPU_OP_CONV",
    ),
    "a stream cut short": (("NPU_OP_STOP", (0x00000012,)), "cut short: it does not end with NPU_OP_STOP", "byte 0x"),
    "a payload that is missing": (
        ("NPU_OP_STOP", (0x00004024,)),
        "ends before the payload of NPU_SET_OFM_SCALE",
        "byte 0x",
    ),
    "weights that end early": (
        ("NPU_SET_WEIGHT_LENGTH", (0x00004021, 16)),
        r"the weight stream (of 16 bytes ends inside a slice|has \d+ weights, \d+ are needed)",
        "NPU_OP_CONV",
    ),
    "no weights": (
        ("NPU_SET_WEIGHT_LENGTH", (0x00004021, 0)),
        "0 bytes of weights, which are not enough",
        "NPU_OP_CONV",
    ),
}


FRESH = ("an address outside", "a stream cut short", "weights that end early")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_streams(name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Some in a process of their own."""
    change, words, place = WRONG[name]
    file, out = _changed(folder, f"{name.replace(' ', '_')}.tflite", *change), tmp_path / "out.npz"
    command = ["run", str(file), "--inputs", str(folder / "in.npz"), "--outputs", str(out)]
    if name in FRESH:
        result = mcugen(*command)
        code, printed, told = result.returncode, result.stdout, result.stderr
    else:
        with pytest.raises(SystemExit) as stop:
            main(["npu", *command])
        code, (printed, told) = stop.value.code, capsys.readouterr()
    assert (code, printed) == (2, "") and not out.exists()
    told = " ".join(told.split())
    assert re.search(words, told), told
    offset = "[0-9a-f]{6} of the command stream"
    assert re.search(rf"{place}( at byte 0x)?{offset}", told), told
    assert "Traceback" not in told and "fix: " in told, told


def test_what_is_wrong_ends_with_2_and_writes_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, samples = tmp_path / "out.npz", folder / "in.npz"
    floats = tmp_path / "floats.npz"
    with np.load(samples) as file:
        np.savez(floats, **{name: file[name].astype(np.float32) for name in file.files})
    (tmp_path / "text").write_text("no network")
    for file, given, target, words in (
        (_damaged(folder), samples, out, "outside region 1"),
        (tmp_path / "text", samples, out, "neither a .tflite nor an .npz"),
        (tmp_path / "none", samples, out, "does not exist"),
        (folder / "net.tflite", floats, out, "samples are float32"),
        (folder / "net.tflite", folder / "net.tflite", out, "is not an .npz"),
        (folder / "net.tflite", samples, tmp_path / "no" / "out.npz", "the folder of"),
        (folder / "net.tflite", samples, samples, "is a file that is read"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["npu", "run", str(file), "--inputs", str(given), "--outputs", str(target)])
        assert stop.value.code == 2
        assert words in capsys.readouterr().err
        assert not out.exists()
    result = mcugen("run", _damaged(folder), "--inputs", samples, "--outputs", out)
    assert result.returncode == 2 and not out.exists()
    assert "NPU_OP_CONV at byte 0x" in result.stderr and "Traceback" not in result.stderr


def test_torch_is_not_imported(folder: Path) -> None:
    code = (
        "import sys\nfrom mcugen.cli import main\n"
        "try:\n    main(sys.argv[1:])\nfinally:\n    assert not {'torch', 'flatbuffers', 'ethosu'} & set(sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "npu", "disassemble", str(folder / "net.tflite")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
