"""`emit --harness mlperf-tiny` and `mcugen serve`: the runner's protocol over a pseudo-terminal."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mcugen.emit.manifest import load_manifest
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import IntArray
from mcugen.testbench.serve import serve
from mcugen.verify.verify import verify_module
from tests.emulate.test_process import alive, wait_until
from tests.testbench.mlperf import HARNESS, expected, images, on_device, quantization, quantized
from tests.testbench.modules import emit
from tests.testbench.terminal import Terminal, laps, opened, results

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emit(tmp_path_factory.mktemp("mlperf") / "tiny", "mps2_an386", HARNESS)


@pytest.fixture(scope="module")
def cycles(folder: Path) -> int:
    found = verify_module(folder).measurement.cycles
    assert found is not None
    return found


@pytest.fixture(scope="module")
def wanted(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> IntArray:
    """Results of a hundred inferences, as `run` has them."""
    return expected(folder, tmp_path_factory.mktemp("run"), images(100)).reshape(100, -1)


@pytest.fixture(scope="module")
def terminal(folder: Path, cycles: int, wanted: IntArray) -> Iterator[Terminal]:
    """Last of all: firmware that waits for a command keeps a processor busy."""
    with serve(folder) as served, opened(served.terminal) as port:
        assert served.runner == "qemu"
        yield port


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_the_command_ends_without_a_trace(folder: Path, tmp_path: Path, number: signal.Signals) -> None:
    link = tmp_path / "uart"
    command = [sys.executable, "-m", "mcugen", "serve", str(folder), "--terminal", str(link)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # Whoever starts the tests in the background has SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == str(link)
        (emulator,) = [int(p) for p in Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()][-1:]
        with opened(link) as terminal:
            assert terminal.command("name")
        child.send_signal(number)
        assert (child.wait(20) == 0) == (number == signal.SIGINT)
    deadline = time.monotonic() + 10
    wait_until(lambda: not alive(emulator), deadline - time.monotonic())
    assert link.is_symlink() == (number == signal.SIGKILL)


def test_what_the_runner_asks_first(terminal: Terminal, cycles: int) -> None:
    assert terminal.command("name") == ["m-name-dut-[mcugen mps2_an386]"]
    profile = terminal.command("profile")
    assert profile[0].startswith("m-profile-[") and profile[1] == "m-model-[tiny]"
    assert profile[2] == f"m-[Time stamps: {cycles} cycles an inference by model:cortex-m4 at 25000000 Hz]"
    assert any(line.startswith("infer N") for line in terminal.command("help"))


def test_a_hundred_inferences_equal_those_of_run(terminal: Terminal, folder: Path, wanted: IntArray) -> None:
    given = []
    for sample in images(100):
        assert terminal.load(on_device(sample)) == ["m-load-done"]
        given.append(results(terminal.command("infer 1 0")))
    np.testing.assert_array_equal(quantized(np.stack(given), load_manifest(folder)), wanted)


def test_real_numbers_are_quantized_as_on_the_workstation(terminal: Terminal, folder: Path) -> None:
    q = quantization(load_manifest(folder), "inputs")
    values = np.random.default_rng(3).normal(0, 4, 90).astype(np.float32)
    # Halves between two steps, beyond both ends, and what no clamp may trip over.
    values[:40] = (np.arange(40) - 20.5).astype(np.float32) * np.float32(q.scales[0])
    values[40:46] = (1e30, -1e30, np.inf, -np.inf, 0.0, -0.0)
    assert terminal.load(values.tobytes()) == ["m-load-done"]
    held = "".join(line.removeprefix("m-buffer-").replace("-", "") for line in terminal.command("db print"))
    np.testing.assert_array_equal(np.frombuffer(bytes.fromhex(held), np.int8), quantize(values, q, "int8"))


def test_time_stamps_are_those_of_the_cycle_model(terminal: Terminal, cycles: int) -> None:
    terminal.load(on_device(images(1)[0]))
    (before,) = laps(terminal.command("timestamp"))
    start, end = laps(terminal.command("infer 500 7"))
    assert end - start == pytest.approx(500 * cycles / 25, abs=1)
    assert start - before == pytest.approx(7 * cycles / 25, abs=1)


def test_the_order_of_an_inferences_lines(terminal: Terminal) -> None:
    terminal.load(on_device(images(1)[0]))
    kinds = [line.split("-[")[0] for line in terminal.command("infer 2 3")]
    assert kinds[:3] == ["m-warmup-start-3", "m-warmup-done", "m-infer-start-2"]
    assert [k.rsplit("-", 1)[0] for k in kinds[3:5]] == ["m-lap-us"] * 2
    assert kinds[5:] == ["m-infer-done", "m-results"]
    assert terminal.command("results")[0].startswith("m-results-[")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nonsense", "e-[Unknown command: nonsense]"),
        ("", "e-[Unknown command: ]"),
        ("db", "e-[Command 'db' requires a subcommand]"),
        ("db load", "e-[Command 'db load' requires the # of bytes]"),
        ("db load 0", "e-[Command 'db load' must be >0 bytes]"),
        ("db load -5", "e-[Command 'db load' must be >0 bytes]"),
        ("db load 91", "e-[Wrong size, the model takes 90 bytes int8 or 360 bytes float32]"),
        ("db load 99999999999", "e-[Command 'db load' must be >0 bytes]"),
        ("infer 0", "e-[Inference iterations must be >0]"),
        ("infer 1 x", "e-[Inference warmup must be >=0]"),
        ("x" * 600, "e-[The command is too long]"),
    ],
)
def test_what_is_refused(terminal: Terminal, command: str, words: str) -> None:
    assert terminal.command(command) == [words]


def test_bytes_that_are_refused(terminal: Terminal) -> None:
    terminal.command("db load 91")
    assert terminal.command("db 00") == ["e-[No bytes are expected: use 'db load']"]
    assert terminal.command("infer 1 0") == ["e-[The input is not loaded: use 'db load']"]
    terminal.command("db load 90")
    assert terminal.command("db 001") == ["e-[Insufficient number of hex digits]"]
    assert terminal.command("db 0g") == ["e-[Invalid hex digit]"]
    assert terminal.command("infer 1 0") == ["e-[The input is not loaded: use 'db load']"]


def test_lines_are_no_commands(terminal: Terminal) -> None:
    """A terminal that is not set up yet echoes what the firmware says."""
    assert terminal.command("m-init-done\r\nm-ready\r\nname") == ["m-name-dut-[mcugen mps2_an386]"]
