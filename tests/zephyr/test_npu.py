"""Images with the driver of an Ethos-U: the sample, emitted modules, and what they do where there is no NPU."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mcugen.api import Options, compile
from mcugen.boards import load_board
from mcugen.emulate.renode_install import find_renode
from mcugen.emulate.renode_npu import describe_npu
from tests.zephyr.workspace import MODELS, MODULE, Workspace, run_image, run_image_in_renode

pytestmark = [pytest.mark.zephyr, pytest.mark.slow]

SAMPLE = MODULE / "samples" / "npu_or_cpu"
AN547 = "mps3/corstone300/an547"
APPLICATION = Path(__file__).parent / "app"
_PLACES = (
    '-DCONFIG_MCUGEN_MODEL_KEYWORD_ARENA_REGION="ISRAM"',
    "-DCONFIG_MCUGEN_MODEL_KEYWORD_WEIGHTS_IN_REGION=y",
    '-DCONFIG_MCUGEN_MODEL_KEYWORD_WEIGHTS_REGION="SRAM"',
)


@pytest.fixture(autouse=True)
def needs_the_drivers_module(workspace: Workspace) -> None:
    if "hal_ethos_u" not in workspace.modules():
        pytest.skip("needs the module hal_ethos_u in the Zephyr workspace")


def build_sample(workspace: Workspace, board: str, folder: Path) -> Path:
    result = workspace.build(SAMPLE, board, folder)
    assert result.returncode == 0, result.stdout
    assert not re.search(r"warning:|CMake Warning", result.stdout)
    return folder


@pytest.fixture(scope="module")
def sample(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of the sample for the AN547."""
    return build_sample(workspace, AN547, tmp_path_factory.mktemp("sample") / "build")


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The model of the NPU, on the path of a socket."""
    socket = f"/tmp/mcugen-zephyr-{os.getpid()}"
    command = [sys.executable, "-m", "mcugen", "npu", "serve", socket]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline().strip() == socket
            yield socket
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def run_sample(build_dir: Path, change: Callable[[str], str] = str) -> str:
    """The sample's console in Renode, up to its verdict; `change` is made to the NPU's description."""
    if find_renode() is None:
        pytest.skip("Renode is neither in RENODE_ROOT nor on PATH")
    board = load_board("mps3_an547")
    assert board.npu is not None
    with served() as socket:
        npu = change(describe_npu(board.npu, "ethos-u55-128", socket))
        return run_image_in_renode(build_dir, board, "npu_or_cpu: 2 samples, ", npu=npu)


@pytest.mark.timeout(1800)
def test_the_sample_builds_for_the_fvp(workspace: Workspace, tmp_path: Path) -> None:
    build_sample(workspace, "mps3/corstone300/fvp", tmp_path / "build")


@pytest.mark.timeout(1800)
def test_without_an_npu_the_sample_fails_and_says_so(sample: Path) -> None:
    """QEMU's AN547 has none: the driver finds that out when it starts."""
    console = run_image(sample, AN547, "npu_or_cpu: 2 samples, FAIL")
    assert console.count("the NPU failed with status -3\n") == 2


@pytest.mark.timeout(1800)
@pytest.mark.renode
def test_zephyrs_driver_runs_the_network_in_renode(sample: Path) -> None:
    console = run_sample(sample)
    assert "npu_or_cpu: 2 samples, PASS" in console
    assert len(re.findall(r"sample \d: equal, cycles of the system clock: NPU \d+, CPU \d+", console)) == 2


@pytest.mark.timeout(1800)
@pytest.mark.renode
def test_an_npu_that_takes_too_long_is_a_time_out(sample: Path) -> None:
    """At 1 kHz the network would take 15 seconds. The second sample shows that the driver is of use again."""
    console = run_sample(sample, lambda npu: re.sub("frequency: .*", "frequency: 1000", npu))
    assert console.count("the NPU failed with status -4, a time-out") == 2
    assert "npu_or_cpu: 2 samples, FAIL" in console


@pytest.mark.timeout(1800)
@pytest.mark.renode
def test_a_stream_with_a_broken_address_is_an_error(workspace: Workspace, sample: Path) -> None:
    constants = sample / "mcugen" / "keyword_npu" / "src" / "keyword_npu_weights.c"
    text = constants.read_text()
    constants.write_text(with_broken_address(text))
    try:
        result = workspace.ninja(sample)
        assert result.returncode == 0, result.stdout
        console = run_sample(sample)
    finally:
        constants.write_text(text)
        workspace.ninja(sample)
    assert console.count("the NPU failed with status -3\n") == 2
    assert "NPU error(s) occured during inference" in console


def with_broken_address(text: str) -> str:
    """The module's constants with a stream that reads its input 16 MB behind the scratch memory."""
    found = re.search(r"_stream\[\d+\][^{]*\{([^}]*)\}", text)
    assert found is not None
    data = np.array([int(number) for number in re.findall(r"\d+", found[1])], np.uint8)
    words = data.view("<u4")
    # The first NPU_SET_IFM_BASE0, a command with a payload.
    place = next(i for i, word in enumerate(words) if word & 0xFFFF == 0x4000 and i > 8)
    words[place + 1] = 0x0100_0000
    return text[: found.start(1)] + ", ".join(map(str, data)) + text[found.end(1) :]


@pytest.mark.timeout(1800)
def test_an_emitted_module_brings_the_driver(workspace: Workspace, tmp_path: Path) -> None:
    options = Options(board="mps3_an547", calibration=MODELS / "keyword_calibration.npz", npu="require")
    compile(MODELS / "keyword.pt2", options).write(tmp_path / "keyword")
    extra = f"-DZEPHYR_EXTRA_MODULES={tmp_path / 'keyword'}"
    vectors = "-DCONFIG_MCUGEN_MODEL_KEYWORD_VECTORS=y"
    result = workspace.build(APPLICATION, AN547, tmp_path / "build", extra, vectors, *_PLACES)
    assert result.returncode == 0, result.stdout
    assert not re.search(r"warning:|CMake Warning", result.stdout)
    assert re.search(r"keyword: 0 of 2 match", run_image(tmp_path / "build", AN547, "^done"))
    # Other boards have no such driver, or another one.
    other = workspace.build(APPLICATION, "mps2/an385", tmp_path / "other", extra, configure_only=True)
    words = " ".join(other.stdout.split())
    assert other.returncode != 0 and "no NPU of the devicetree" not in words
    larger = "-DCONFIG_ARM_ETHOS_U55_256=y"
    other = workspace.build(APPLICATION, AN547, tmp_path / "larger", extra, larger, configure_only=True)
    words = " ".join(other.stdout.split())
    assert other.returncode != 0
    assert "it is for an ethos-u55-128, and the image's driver for an ethos-u55-256" in words
    own = workspace.build(
        APPLICATION, AN547, tmp_path / "own", extra, "-DCONFIG_MCUGEN_NPU_OTHER_DRIVER=y", configure_only=True
    )
    assert own.returncode == 0, own.stdout
    assert "ethos_u_driver.c" not in (tmp_path / "own" / "build.ninja").read_text()


@pytest.mark.timeout(1800)
@pytest.mark.renode
def test_verify_in_a_zephyr_image(workspace: Workspace, tmp_path: Path) -> None:
    if find_renode() is None:
        pytest.skip("Renode is neither in RENODE_ROOT nor on PATH")
    options = Options(board="mps3_corstone300", calibration=MODELS / "keyword_calibration.npz", npu="require")
    compile(MODELS / "keyword.pt2", options).write(tmp_path / "keyword")
    command = [sys.executable, "-m", "mcugen", "verify", tmp_path / "keyword", "--firmware", "zephyr", "--json"]
    done = subprocess.run(command, env=workspace.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["match"] is True and found["runner"] == "renode"
    assert [layer["kernel"] for layer in found["layers"]] == ["ethos_u.npu"]
