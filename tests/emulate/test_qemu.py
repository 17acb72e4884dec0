"""The QEMU runner: right outputs on every board, exact counts, and words for what goes wrong."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import Board, list_boards, load_board
from mcugen.emulate import QemuRunner, RunResult, select_runner
from mcugen.errors import CheckFailedError, InputError, MissingToolError
from mcugen.firmware import Elf, Firmware, build_firmware
from mcugen.graph.tensor import IntArray
from tests.firmware.fake_module import fake_layers, write_fake_module

pytestmark = pytest.mark.emulator

NRF = load_board("nrf5340dk")
MICROBIT = load_board("microbit")


def build(folder: Path, board: Board = NRF, mode: str = "measure", **module: object) -> Firmware:
    manifest = write_fake_module(folder / "module", board, **module)  # type: ignore[arg-type]
    return build_firmware(folder / "module", manifest, board, mode=mode, build_dir=folder / mode)  # type: ignore[arg-type]


def samples(count: int, size: int = 37, inputs: int = 1) -> list[IntArray]:
    generator = np.random.default_rng(count)
    return [generator.integers(-128, 128, (count, 1, size)).astype(np.int8) for _ in range(inputs)]


# Of the boards with an NPU by default those that QEMU has: the others are its Cortex-M55 and M33 again.
BOARDS = [
    pytest.param(b, id=b.name, marks=pytest.mark.slow if b.npu and not b.qemu_exact else []) for b in list_boards()
]


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_runs_and_counts(tmp_path: Path, board: Board) -> None:
    inputs = samples(3)
    result = select_runner("auto", board).run(build(tmp_path, board), inputs)
    np.testing.assert_array_equal(result.outputs[0], fake_layers(inputs)[1])
    assert len(result.layers) == 2
    # The way in and out of the module takes a few instructions more than its layers.
    between = result.instructions - sum(layer.instructions for layer in result.layers)
    assert 2 <= between <= 20
    core = "cortex-m4" if board.cpu.core == "cortex-m33" else board.cpu.core
    assert result.cycles_source == f"model:{core}"
    assert result.cycles is not None
    # Two instructions issue at once at the most; none takes longer than a division.
    assert result.instructions / 2 < result.cycles < 4 * result.instructions
    assert sum(f.instructions for f in result.functions) == result.instructions
    assert result.layer_outputs is None


def test_machine_is_described(tmp_path: Path) -> None:
    inputs = samples(1)
    assert QemuRunner().run(build(tmp_path, MICROBIT), inputs).machine == "microbit"
    words = "mps2-an505 (cortex-m33) with nrf5340dk's memory sizes"
    assert QemuRunner().run(build(tmp_path, NRF), inputs).machine == words
    pico = QemuRunner().run(build(tmp_path, load_board("rpi_pico")), inputs)
    assert pico.machine == "mps2-an385 (cortex-m3 running cortex-m0plus code) with rpi_pico's memory sizes"


def test_code_of_the_m0_counts_the_same_on_the_m3(tmp_path: Path) -> None:
    on_m0 = QemuRunner().run(build(tmp_path / "a", MICROBIT), samples(1))
    on_m3 = QemuRunner().run(build(tmp_path / "b", load_board("rpi_pico")), samples(1))
    # An M0 refills a stage more than an M0+ where it jumps.
    counts = [([layer.instructions for layer in run.layers], run.instructions) for run in (on_m0, on_m3)]
    assert counts[0] == counts[1] and on_m0.cycles > on_m3.cycles


@pytest.mark.parametrize(("count", "size", "inputs"), [(1, 1, 1), (7, 300, 2), (500, 5, 1)])
def test_shapes_and_numbers_of_samples(tmp_path: Path, count: int, size: int, inputs: int) -> None:
    given = samples(count, size, inputs)
    seen: list[tuple[int, int]] = []
    firmware = build(tmp_path, size=size, inputs=inputs)
    result = QemuRunner().run(firmware, given, progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_array_equal(result.outputs[0], fake_layers(given)[1])
    assert seen[-1] == (count, count)


def test_trace_gives_every_layer_of_every_sample(tmp_path: Path) -> None:
    given = samples(4, 33, 2)
    result = QemuRunner().run(build(tmp_path, mode="trace", size=33, inputs=2), given, count=False)
    assert result.layer_outputs is not None
    for actual, expected in zip(result.layer_outputs, fake_layers(given), strict=True):
        np.testing.assert_array_equal(actual, expected.reshape(4, 33))
    np.testing.assert_array_equal(result.outputs[0], fake_layers(given)[1])
    assert (result.layers, result.functions, result.instructions, result.cycles) == ((), (), 0, None)


def counts(result: RunResult) -> tuple[object, ...]:
    return result.layers, result.functions, result.instructions, result.cycles, result.stack_bytes


def test_counts_are_repeatable_and_independent_of_later_samples(tmp_path: Path) -> None:
    firmware, given = build(tmp_path), samples(20)
    once = QemuRunner().run(firmware, [given[0][:1]])
    assert counts(QemuRunner().run(firmware, given)) == counts(once)
    assert counts(QemuRunner().run(firmware, given)) == counts(once)


@pytest.mark.parametrize("name", ["nrf5340dk", "mps3_an547"])
def test_counts_do_not_depend_on_the_emulators_blocks(tmp_path: Path, name: str) -> None:
    """-singlestep makes every block one instruction long, so no block is ever split by a label."""
    firmware = build(tmp_path, load_board(name), size=100)
    blocks = QemuRunner().run(firmware, samples(1, 100))
    single = QemuRunner(options=["-singlestep"]).run(firmware, samples(1, 100))
    assert [layer.instructions for layer in single.layers] == [layer.instructions for layer in blocks.layers]
    assert single.instructions == blocks.instructions


def test_counts_agree_with_qemus_own_log(tmp_path: Path) -> None:
    """An oracle that is not ours: QEMU's execution log, one line an instruction."""
    firmware = build(tmp_path, MICROBIT)
    result = QemuRunner().run(firmware, samples(1))
    elf, log = Elf(firmware.elf), tmp_path / "exec.log"
    QemuRunner(options=["-singlestep", "-d", "exec,nochain", "-D", str(log)]).run(firmware, samples(1), count=False)
    executed = [int(m[1], 16) for m in re.finditer(r"^Trace .*?\[[0-9a-f]+/([0-9a-f]+)/", log.read_text(), re.M)]
    labels = ["fake_run", "fake_layer_0", "fake_layer_1", "fake_layer_end", "harness_run_end"]
    at = [executed.index(elf.address(label)) for label in labels]
    assert result.instructions == at[4] - at[0]
    assert [layer.instructions for layer in result.layers] == [at[2] - at[1], at[3] - at[2]]


def test_stack_is_the_sum_of_the_frames(tmp_path: Path) -> None:
    firmware = build(tmp_path)
    frames = firmware.stack_usage
    expected = frames["fake_run"] + max(frames["add_layer"], frames["mix_layer"])
    assert QemuRunner().run(firmware, samples(1)).stack_bytes == expected


def test_a_large_frame_is_seen(tmp_path: Path) -> None:
    body = "volatile int8_t large[4000]; for (int32_t i = 0; i < 4000; i++) { large[i] = 1; } (void)large[0];"
    firmware = build(tmp_path, body=body)
    frames = firmware.stack_usage
    assert frames["fake_run"] >= 4000
    assert QemuRunner().run(firmware, samples(1)).stack_bytes == frames["fake_run"] + frames["add_layer"]


FAULTS = {
    "undefined instruction": '__asm__ volatile("udf #0");',
    "address without memory": "*(volatile int32_t *)0xB0000000u = 1;",
    "division by zero": "REG(0xE000ED14u) |= 16u; volatile int32_t z = 0; output_0[0] = (int8_t)(7 / z);",
    "unaligned access": '__asm__ volatile("ldrd r2, r3, [%0]" :: "r"(1) : "r2", "r3");',
}
REGISTER = "#define REG(address) (*(volatile uint32_t *)(address))"


@pytest.mark.parametrize("words", FAULTS)
def test_faults_are_explained(tmp_path: Path, words: str) -> None:
    firmware = build(tmp_path, prelude=REGISTER, body=FAULTS[words])
    with pytest.raises(CheckFailedError, match=f"the firmware faulted: .*{words}") as caught:
        QemuRunner().run(firmware, samples(1))
    assert "(fake_run + 0x" in str(caught.value)


def test_faults_of_the_m0_are_explained(tmp_path: Path) -> None:
    firmware = build(tmp_path, MICROBIT, body='__asm__ volatile("udf #0");')
    with pytest.raises(CheckFailedError, match=r"hard fault\n.*\(fake_run \+ 0x"):
        QemuRunner().run(firmware, samples(1))


def test_the_modules_error_is_reported(tmp_path: Path) -> None:
    given = samples(3)
    given[0][:, 0, 0] = [1, 2, 99]
    with pytest.raises(CheckFailedError, match="returned error -7 for sample 2"):
        QemuRunner().run(build(tmp_path, body="if (input_0[0] == 99) { return -7; }"), given)


@pytest.mark.parametrize(("size", "words"), [(15_000, "used all of the stack"), (40_000, "more stack than there is")])
def test_stack_overflow_is_an_error(tmp_path: Path, size: int, words: str) -> None:
    body = f"volatile int8_t large[{size}]; for (int32_t i = 0; i < {size}; i++) {{ large[i] = 1; }} (void)large[0];"
    with pytest.raises(CheckFailedError, match=words):
        QemuRunner().run(build(tmp_path, MICROBIT, body=body, size=400), samples(1, 400))


def test_a_hang_is_ended_and_located(tmp_path: Path) -> None:
    firmware = build(tmp_path, body="volatile int32_t forever = 1; while (forever) { }")
    with pytest.raises(CheckFailedError, match=r"hung: sample 0 of 1 took more than 1 s\n.*pc 0x.*\(fake_run \+ 0x"):
        QemuRunner(stall_seconds=1).run(firmware, samples(1))


def test_an_image_that_is_not_firmware(tmp_path: Path) -> None:
    firmware = build(tmp_path)
    command = ["arm-none-eabi-objcopy", "--set-section-flags", ".vectors=noload", "--remove-section", ".vectors"]
    subprocess.run([*command, str(firmware.elf)], check=True)
    with pytest.raises(CheckFailedError, match=r"locked up, a fault inside a fault:\nR00="):
        QemuRunner().run(firmware, samples(1), count=False)


def test_a_machine_that_this_qemu_does_not_have(tmp_path: Path) -> None:
    firmware = build(tmp_path)
    other = dataclasses.replace(firmware, machine=dataclasses.replace(firmware.machine, name="mps9"))
    with pytest.raises(CheckFailedError, match=r"exit code 1 and no report(.|\n)*unsupported machine type"):
        QemuRunner().run(other, samples(1))


def test_a_trace_that_does_not_match_the_manifest(tmp_path: Path) -> None:
    manifest = write_fake_module(tmp_path / "module", NRF)
    source = tmp_path / "module" / "src" / "fake.c"
    source.write_text(source.read_text().replace("LAYER_OUTPUT(1, output_0, 37)", "LAYER_OUTPUT(1, output_0, 36)"))
    firmware = build_firmware(tmp_path / "module", manifest, NRF, mode="trace", build_dir=tmp_path / "build")
    with pytest.raises(CheckFailedError, match="does not match its manifest at layer mix"):
        QemuRunner().run(firmware, samples(1), count=False)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "0 inputs given"),
        ([np.zeros((1, 1, 36), np.int8)], "input input_0 is int8"),
        ([np.zeros((1, 1, 37), np.int16)], "input input_0 is int16"),
        ([np.zeros((0, 1, 37), np.int8)], "samples"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path: Path, inputs: list[IntArray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        QemuRunner().run(build(tmp_path), inputs)


def test_traced_firmware_cannot_be_counted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mode 'measure'"):
        QemuRunner().run(build(tmp_path, mode="trace"), samples(1), count=True)


def test_missing_emulator_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firmware = build(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="apt-get install qemu-system-arm") as caught:
        QemuRunner().run(firmware, samples(1))
    assert caught.value.exit_code == 3


def test_a_path_with_a_comma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a,b c"))
    result = QemuRunner().run(build(tmp_path / "x,y z"), samples(1))
    assert result.instructions > 0


def test_unknown_runners() -> None:
    with pytest.raises(InputError, match="not part of this version"):
        select_runner("fvp", NRF)
