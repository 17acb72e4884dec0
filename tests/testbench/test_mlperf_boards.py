"""Firmware for the MLPerf Tiny runner on other boards and with other inputs, and where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcugen import api
from mcugen.emit.manifest import load_manifest
from mcugen.emulate.renode_install import find_renode
from mcugen.errors import InputError
from mcugen.graph.quantization import dequantize
from mcugen.testbench.serve import serve
from mcugen.verify.run import run_samples
from tests.testbench.mlperf import HARNESS, expected, images, on_device, quantization, quantized
from tests.testbench.modules import addition, emit
from tests.testbench.terminal import opened, results

pytestmark = pytest.mark.emulator
needs_renode = pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH")


def test_unsigned_bytes(tmp_path: Path) -> None:
    extras = api.Extras(mlperf_tiny=True, input_format="uint8")
    with serve(emit(tmp_path / "tiny", "mps2_an386", extras)) as served, opened(served.terminal) as terminal:
        terminal.load(bytes(range(90)))
        held = "".join(line.removeprefix("m-buffer-").replace("-", "") for line in terminal.command("db print"))
    np.testing.assert_array_equal(np.frombuffer(bytes.fromhex(held), np.int8), np.arange(90) - 128)


@pytest.mark.sampled(2)
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
