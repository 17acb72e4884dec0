"""Boards with an NPU: networks shared out between it and the CPU, emitted, run and verified as a user would."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.emit.vectors import load_vectors
from mcugen.emulate.renode_install import find_renode
from tests.e2e.test_examples import Command, Export

pytestmark = pytest.mark.emulator
BOARD = "mps3_corstone300"
needs_renode = pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH")
MODELS = ("ds_cnn", "mobilenet_v1", "resnet8", "autoencoder", "conv1d_net")


class Mixed(nn.Module):
    """A function by table, which LiteRT does not have, is for the NPU; a running sum in the middle is not."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1)
        self.last = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        early = nn.functional.hardswish(self.first(x))
        middle = torch.cumsum(0.1 * early, 3)
        late = torch.sigmoid(self.second(middle))
        return {"early": early.amax((2, 3)), "late": self.last(late.mean((2, 3)))}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with net.pt2 and cal.npz."""
    folder = tmp_path_factory.mktemp("mixed")
    torch.manual_seed(1)
    torch.export.save(torch.export.export(Mixed().eval(), (torch.zeros(1, 3, 16, 16),)), folder / "net.pt2")
    np.savez(folder / "cal.npz", x=torch.randn(6, 3, 16, 16).numpy())
    return folder


def emit(command: Command, folder: Path, output: Path, *options: object) -> None:
    arguments = (folder / "net.pt2", "--calibration", folder / "cal.npz", "--output", output)
    done = command("emit", *arguments, "--board", BOARD, *options)
    assert done.code == 0, done.err


def outputs(command: Command, module: Path, samples: Path, to: Path, *options: str) -> dict[str, np.ndarray]:
    done = command("run", module, "--inputs", samples, "--outputs", to, *options)
    assert done.code == 0, done.err
    with np.load(to) as found:
        return dict(found)


@pytest.fixture(scope="module")
def emitted(mixed: Path, command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mixed network as a module."""
    folder = tmp_path_factory.mktemp("emitted") / "net"
    emit(command, mixed, folder, "--name", "net")
    return folder


def files_of(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_workstation_says_that_it_has_no_npu(emitted: Path, tmp_path: Path) -> None:
    command = ["make", "-C", emitted, "test", f"BUILD={tmp_path}", "CFLAGS=-O0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "net: not tested: parts of it run on an NPU" in done.stdout, done.stderr


def test_a_mixed_network_is_split_and_keeps_its_bits(
    mcugen: Command, command: Command, mixed: Path, emitted: Path, tmp_path: Path
) -> None:
    emit(mcugen, mixed, tmp_path / "auto", "--name", "net")
    assert files_of(tmp_path / "auto") == files_of(emitted), "emission is not repeatable"
    verified = command("verify", tmp_path / "auto", "--json")
    assert verified.code == 0, verified.err
    kernels = [layer["kernel"] for layer in verified.json["layers"]]
    assert kernels == ["ethos_u.npu", "cumulative_sum_s8.mve", "ethos_u.npu", "copy_s8.portable"]
    assert all(layer["match"] for layer in verified.json["layers"])
    (left,) = verified.json["npu"]["on_cpu"]
    assert left["op"] == "cumulative_sum" and "LiteRT" in left["reason"]
    # The firmware gives what the vectors say; without an NPU they are the same.
    emit(command, mixed, tmp_path / "off", "--npu", "off", "--name", "net")
    with_npu, without = (load_vectors(tmp_path / name) for name in ("auto", "off"))
    for ours, theirs in ((with_npu.inputs, without.inputs), (with_npu.outputs, without.outputs)):
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert with_npu.outputs.keys() == {"early", "late"}


def compiled_file(folder: Path, target: str) -> tuple[bytes, list[np.ndarray]]:
    """net.tflite, compiled by Vela, with a running sum and a softmax for the CPU; the file from before, and inputs."""
    from tests.ethosu.compiler import compile_network
    from tests.ethosu.precompiled.files import append_softmax
    from tests.ethosu.precompiled.test_networks import mixed

    (folder / "net.tflite").write_bytes(append_softmax(compile_network(mixed(softmax=False), target)))
    samples = np.random.default_rng(0).integers(-128, 128, (6, 4, 6, 8)).astype(np.int8)
    np.savez(folder / "in.npz", t0=samples)
    return mixed(softmax=True), list(samples[:, None])


@pytest.mark.parametrize("board", ["mps3_an547", pytest.param("ensemble_e8_dk_u85", marks=pytest.mark.slow)])
def test_a_file_that_vela_has_compiled(command: Command, board: str, tmp_path: Path) -> None:
    """Its command streams are the NPU's parts, without Vela; the outputs are TFLM's for the file from before."""
    from tests.frontend.litert.files import tflm

    original, samples = compiled_file(tmp_path, "ethos-u85-256" if "u85" in board else "ethos-u55-128")
    done = command("emit", tmp_path / "net.tflite", "--board", board, "--output", tmp_path / "out")
    assert done.code == 0, done.err
    verified = command("verify", tmp_path / "out", "--json")
    assert verified.code == 0 and verified.json["match"] is True, verified.err
    kernels = [layer["kernel"] for layer in verified.json["layers"]]
    assert kernels[0] == kernels[2] == "ethos_u.npu" and len(kernels) == 4
    assert all(layer["match"] for layer in verified.json["layers"])
    assert [part["operators"] for part in verified.json["npu"]["parts"]] == [[], []]
    found = outputs(command, tmp_path / "out", tmp_path / "in.npz", tmp_path / "out.npz")["shares"]
    wanted = [tflm(original, [sample])[0] for sample in samples]
    assert np.array_equal(found.reshape(-1), np.concatenate(wanted).reshape(-1))


@needs_renode
@pytest.mark.renode
@pytest.mark.slow
def test_renode_gives_the_same_bytes(command: Command, mixed: Path, emitted: Path, tmp_path: Path) -> None:
    renode, qemu = (
        outputs(command, emitted, mixed / "cal.npz", tmp_path / f"{runner}.npz", "--runner", runner)
        for runner in ("renode", "qemu")
    )
    assert renode.keys() == {"early", "late"}
    assert all(np.array_equal(renode[name], qemu[name]) for name in renode)


@needs_renode
@pytest.mark.renode
@pytest.mark.slow
@pytest.mark.parametrize("accelerator", ["ethos-u55-128", "ethos-u55-256"])
@pytest.mark.parametrize("model", [*MODELS, "mixed"])
def test_renode_verifies_and_counts_as_qemu(
    command: Command, exported: Export, mixed: Path, model: str, accelerator: str, tmp_path: Path
) -> None:
    if model == "mixed":
        archive, calibration = mixed / "net.pt2", mixed / "cal.npz"
    else:
        archive, calibration = exported(model).archive, exported(model).calibration
    options = ("--board", BOARD, "--accelerator", accelerator, "--output", tmp_path / "out")
    done = command("emit", archive, "--calibration", calibration, *options)
    assert done.code == 0, done.err
    renode, qemu = (
        command("verify", tmp_path / "out", "--json", "--layers", "--runner", runner) for runner in ("renode", "qemu")
    )
    assert renode.code == 0, renode.err
    assert renode.json["match"] and all(layer["match"] for layer in renode.json["layers"])
    for figure in ("instructions", "cycles", "layers", "stack_bytes", "npu"):
        assert renode.json[figure] == qemu.json[figure]


def check_whole(command: Command, exported: Export, model: str, accelerator: str, folder: Path, *options: str) -> None:
    """All of it on the NPU, matching, with the bytes that the CPU gives."""
    files = exported(model)
    arguments = ("emit", files.archive, "--calibration", files.calibration, "--board", BOARD, *options)
    done = command(*arguments, "--output", folder / "npu", "--npu", "require", "--accelerator", accelerator)
    assert done.code == 0, done.err
    verified = command("verify", folder / "npu", "--json")
    assert verified.code == 0 and verified.json["match"] is True, verified.err
    assert [layer["kernel"] for layer in verified.json["layers"]] == ["ethos_u.npu"]
    assert verified.json["npu"]["accelerator"] == accelerator
    done = command(*arguments, "--output", folder / "cpu", "--npu", "off")
    assert done.code == 0, done.err
    for module in ("npu", "cpu"):
        outputs(command, folder / module, files.calibration, folder / f"{module}.npz")
    with np.load(folder / "npu.npz") as npu, np.load(folder / "cpu.npz") as cpu:
        assert all(np.array_equal(npu[name], cpu[name]) for name in cpu.files)


@pytest.mark.slow
@pytest.mark.parametrize("accelerator", ["ethos-u55-128", "ethos-u55-256"])
@pytest.mark.parametrize("model", MODELS)
def test_examples_run_as_a_whole(
    command: Command, exported: Export, model: str, accelerator: str, tmp_path: Path
) -> None:
    check_whole(command, exported, model, accelerator, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_int4_weights_go_to_the_npu(command: Command, exported: Export, model: str, tmp_path: Path) -> None:
    """As int8, which Vela codes with as many bits as the numbers need."""
    check_whole(command, exported, model, "ethos-u55-128", tmp_path, "--precision", "int4")


@pytest.mark.parametrize(
    ("board", "options", "said"),
    [
        ("nrf5340dk", ("--npu", "require"), "has no NPU"),
        ("nrf5340dk", ("--accelerator", "ethos-u55-128"), "has no NPU"),
        (BOARD, ("--accelerator", "ethos-u85-256"), "has no ethos-u85-256"),
        (BOARD, ("--npu", "off", "--accelerator", "ethos-u55-256"), "--npu off leaves it alone"),
        (BOARD, ("--npu", "require"), "cumsum (cumulative_sum;"),
    ],
)
def test_what_cannot_be_is_one_error(
    command: Command, mixed: Path, tmp_path: Path, board: str, options: tuple[str, ...], said: str
) -> None:
    arguments = ("emit", mixed / "net.pt2", "--calibration", mixed / "cal.npz", "--output", tmp_path / "out")
    done = command(*arguments, "--board", board, *options)
    assert done.code == 2 and said in done.err.replace("\n", " "), done.err
    assert not (tmp_path / "out").exists()


def test_a_damaged_manifest_is_one_error(command: Command, emitted: Path, tmp_path: Path) -> None:
    module = tmp_path / "out"
    shutil.copytree(emitted, module)
    content = json.loads((module / "mcugen.json").read_text())
    content["npu"]["clock_hz"] = 0
    (module / "mcugen.json").write_text(json.dumps(content))
    done = command("verify", module)
    assert done.code == 2 and "npu.clock_hz" in done.err, done.err


@pytest.mark.parametrize(
    "runner", ["qemu", pytest.param("renode", marks=[needs_renode, pytest.mark.renode, pytest.mark.slow])]
)
def test_a_damaged_stream_is_an_error_that_names_its_command(
    command: Command, emitted: Path, tmp_path: Path, runner: str
) -> None:
    module = tmp_path / "out"
    shutil.copytree(emitted, module)
    weights = module / "src" / "net_weights.c"
    text = weights.read_text()
    start = text.index("{", text.index("npu_0_stream")) + 1
    end = text.index("}", start)
    numbers = text[start:end].split(",")
    # The address of the first operation's weights: far outside its region.
    stream = bytes(int(n.strip().rstrip("u")) for n in numbers if n.strip())
    place = stream.index(bytes([0x20, 0x40]), 16) + 4
    numbers[place + 2] = " 127u"
    weights.write_text(text[:start] + ",".join(numbers) + text[end:])
    done = command("verify", module, "--json", "--allow-edited", "--runner", runner)
    assert done.code == 1
    assert "the NPU's model refuses a command stream" in done.err and "NPU_OP" in done.err, done.err
    assert json.loads(done.out or "{}") == {}
