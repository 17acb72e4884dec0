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

from mcugen import api
from mcugen.emit.manifest import Manifest, load_manifest
from mcugen.emulate.renode_install import find_renode
from mcugen.errors import InputError
from mcugen.graph.quantization import dequantize, quantize
from mcugen.graph.tensor import IntArray, Quantization
from mcugen.testbench.serve import serve
from mcugen.verify.run import run_samples
from mcugen.verify.verify import verify_module
from tests.emulate.test_process import alive, wait_until
from tests.testbench.modules import addition, emit
from tests.testbench.terminal import Terminal, laps, opened, results

pytestmark = pytest.mark.emulator

HARNESS = api.Extras(mlperf_tiny=True)
needs_renode = pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emit(tmp_path_factory.mktemp("mlperf") / "tiny", "mps2_an386", HARNESS)


@pytest.fixture(scope="module")
def terminal(folder: Path) -> Iterator[Terminal]:
    with serve(folder) as served, opened(served.terminal) as port:
        assert served.runner == "qemu"
        yield port


def quantization(manifest: Manifest, group: str, index: int = 0) -> Quantization:
    entry = (manifest.inputs if group == "inputs" else manifest.outputs)[index].quantization
    return Quantization.per_tensor(entry.scale, entry.zero_point)


def images(count: int) -> IntArray:
    """In the model's own layout, channels first."""
    return np.random.default_rng(count).integers(-128, 128, (count, 3, 6, 5)).astype(np.int8)


def on_device(image: IntArray) -> bytes:
    return np.ascontiguousarray(image.transpose(1, 2, 0)).tobytes()


def expected(folder: Path, tmp_path: Path, samples: IntArray) -> IntArray:
    np.savez(tmp_path / "in.npz", image=samples)
    outcome = run_samples(folder, tmp_path / "in.npz", tmp_path / "out.npz")
    return outcome.outputs["scores"]


def quantized(values: np.ndarray, manifest: Manifest) -> IntArray:
    return quantize(values.astype(np.float32), quantization(manifest, "outputs"), "int8")


def test_what_the_runner_asks_first(terminal: Terminal, folder: Path) -> None:
    assert terminal.command("name") == ["m-name-dut-[mcugen mps2_an386]"]
    profile = terminal.command("profile")
    assert profile[0].startswith("m-profile-[") and profile[1] == "m-model-[tiny]"
    cycles = verify_module(folder).measurement.cycles
    assert profile[2] == f"m-[Time stamps: {cycles} cycles an inference by model:cortex-m4 at 25000000 Hz]"
    assert any(line.startswith("infer N") for line in terminal.command("help"))


def test_a_hundred_inferences_equal_those_of_run(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    samples, given = images(100), []
    for sample in samples:
        assert terminal.load(on_device(sample)) == ["m-load-done"]
        given.append(results(terminal.command("infer 1 0")))
    np.testing.assert_array_equal(
        quantized(np.stack(given), load_manifest(folder)), expected(folder, tmp_path, samples).reshape(100, -1)
    )


def test_real_numbers_are_quantized_as_on_the_workstation(terminal: Terminal, folder: Path) -> None:
    q = quantization(load_manifest(folder), "inputs")
    values = np.random.default_rng(3).normal(0, 4, 90).astype(np.float32)
    # Halves between two steps, beyond both ends, and what no clamp may trip over.
    values[:40] = (np.arange(40) - 20.5).astype(np.float32) * np.float32(q.scales[0])
    values[40:46] = (1e30, -1e30, np.inf, -np.inf, 0.0, -0.0)
    assert terminal.load(values.tobytes()) == ["m-load-done"]
    held = "".join(line.removeprefix("m-buffer-").replace("-", "") for line in terminal.command("db print"))
    np.testing.assert_array_equal(np.frombuffer(bytes.fromhex(held), np.int8), quantize(values, q, "int8"))


def test_time_stamps_are_those_of_the_cycle_model(terminal: Terminal, folder: Path) -> None:
    cycles = verify_module(folder).measurement.cycles
    assert cycles is not None
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


def test_unsigned_bytes(tmp_path: Path) -> None:
    extras = api.Extras(mlperf_tiny=True, input_format="uint8")
    with serve(emit(tmp_path / "tiny", "mps2_an386", extras)) as served, opened(served.terminal) as terminal:
        terminal.load(bytes(range(90)))
        held = "".join(line.removeprefix("m-buffer-").replace("-", "") for line in terminal.command("db print"))
    np.testing.assert_array_equal(np.frombuffer(bytes.fromhex(held), np.int8), np.arange(90) - 128)


@pytest.mark.parametrize("board", ["mps2_an385", "mps2_an500", "mps2_an521", "mps3_an547", "microbit"])
def test_several_inputs_and_negative_results_on_every_core(tmp_path: Path, board: str) -> None:
    folder = emit(tmp_path / "addition", board, HARNESS, addition())
    left, right = np.array([[-100, 3, 90]], np.int8), np.array([[-90, 127, 5]], np.int8)
    np.savez(tmp_path / "in.npz", left=left[None], right=right[None])
    outputs = run_samples(folder, tmp_path / "in.npz", tmp_path / "out.npz").outputs["sum"].reshape(-1)
    with serve(folder, runner="qemu") as served, opened(served.terminal) as terminal:
        terminal.load(left.tobytes() + right.tobytes())
        given = results(terminal.command("infer 1 0"))
        profile = terminal.command("profile")
    real = dequantize(outputs, quantization(load_manifest(folder), "outputs"))
    np.testing.assert_allclose(given, real, atol=1e-3)
    assert (given < 0).any()
    core = load_manifest(folder).target.cpu.core
    assert f"model:{'cortex-m4' if core == 'cortex-m33' else core}" in profile[2]


@needs_renode
@pytest.mark.renode
@pytest.mark.parametrize(
    "board",
    [
        "nrf5340dk",
        *(pytest.param(b, marks=pytest.mark.slow) for b in ("stm32f4_disco", "nucleo_f746zg", "rpi_pico")),
    ],
)
def test_the_emulated_boards_uart(tmp_path: Path, board: str) -> None:
    folder = emit(tmp_path / "tiny", board, HARNESS)
    samples, given = images(10), []
    with serve(folder, runner="renode") as served, opened(served.terminal) as terminal:
        for sample in samples:
            assert terminal.load(on_device(sample)) == ["m-load-done"]
            given.append(results(terminal.command("infer 1 0")))
    np.testing.assert_array_equal(
        quantized(np.stack(given), load_manifest(folder)), expected(folder, tmp_path, samples).reshape(10, -1)
    )


def test_a_module_without_the_firmware_is_refused(tmp_path: Path) -> None:
    folder = emit(tmp_path / "tiny", "mps2_an386", api.Extras())
    with pytest.raises(InputError, match="no firmware to serve"), serve(folder):
        pass


def test_a_runner_without_the_board_is_refused(tmp_path: Path) -> None:
    folder = emit(tmp_path / "tiny", "nrf5340dk", HARNESS)
    with pytest.raises(InputError, match="qemu has no nrf5340dk with its UART"), serve(folder, runner="qemu"):
        pass


def test_a_board_without_a_uart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no console UART"):
        emit(tmp_path / "tiny", "ek_ra8m1", HARNESS)
    assert not (tmp_path / "tiny").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_the_command_ends_without_a_trace(folder: Path, tmp_path: Path, number: signal.Signals) -> None:
    link = tmp_path / "uart"
    command = [sys.executable, "-m", "mcugen", "serve", str(folder), "--terminal", str(link)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
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
