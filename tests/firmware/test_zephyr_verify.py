"""Real Zephyr images: right outputs, the counts of bare-metal firmware, sizes, stacks, and what goes wrong."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples.export import export
from mcugen import api
from mcugen.boards import list_boards, load_board
from mcugen.emit.manifest import load_manifest
from mcugen.emulate import QemuRunner, RenodeRunner, Runner
from mcugen.emulate.renode_install import find_renode
from mcugen.errors import CheckFailedError, DoesNotFitError
from mcugen.firmware import Firmware, Mode, build_firmware
from mcugen.firmware.zephyr import build_zephyr_firmware, find_workspace
from mcugen.graph.tensor import IntArray
from mcugen.verify.verify import verify_module
from tests.firmware.fake_module import fake_layers, write_fake_module

pytestmark = [
    pytest.mark.zephyr,
    pytest.mark.emulator,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not os.environ.get("ZEPHYR_BASE"), reason="no Zephyr workspace: ZEPHYR_BASE is not set"),
]

BOARD = load_board("mps2_an385")
_KCONFIG = 'config MCUGEN_FAKE\n\tbool "the fake module"\n\tdefault y\n'
_CMAKE = """
zephyr_library_named(mcugen_fake)
zephyr_library_sources(src/fake.c src/fake_weights.c)
zephyr_library_include_directories(include kernels)
zephyr_library_compile_options(-O2)
zephyr_include_directories(include)
"""

Build = Callable[..., Firmware]

needs_renode = pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH")
RUNNERS = [
    pytest.param(QemuRunner, id="qemu"),
    pytest.param(RenodeRunner, id="renode", marks=[needs_renode, pytest.mark.renode]),
]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds the fake module, always in one folder: later builds compile only what differs."""
    folder = tmp_path_factory.mktemp("zephyr")

    @functools.cache
    def make(mode: Mode = "measure", **module: Any) -> Firmware:
        manifest = write_fake_module(folder / "module", BOARD, **module)
        files = {"zephyr/module.yml": "name: mcugen_fake\nbuild:\n  cmake: .\n  kconfig: Kconfig\n"}
        for name, text in {**files, "Kconfig": _KCONFIG, "CMakeLists.txt": _CMAKE}.items():
            (folder / "module" / name).parent.mkdir(exist_ok=True)
            if not (folder / "module" / name).exists():
                (folder / "module" / name).write_text(text)
        return build_zephyr_firmware(folder / "module", manifest, BOARD, mode=mode, build_dir=folder / "build")

    return make


SIZE = 500  # longer than one line of the console, and no multiple of it
GOOD, FAULT, STATUS, HANG, OVERFLOW, DEEP = range(6)

# One image for all that may happen: the last byte of the second input chooses.
PRELUDE = """
static __attribute__((noinline)) void use_stack(int bytes)
{
    volatile int8_t space[bytes];
    for (int i = bytes - 1; i >= 0; i--) { space[i] = 3; }
    (void)space[0];
}
"""
BODY = f"""
    switch (input_1[{SIZE} - 1]) {{
    case {FAULT}: __asm__ volatile("udf #0"); break;
    case {STATUS}: return -7;
    case {HANG}: for (;;) {{ __asm__ volatile(""); }}
    case {OVERFLOW}: use_stack(8300); break;
    case {DEEP}: use_stack(900); break;
    default: break;
    }}
"""
MODULE: dict[str, Any] = {"size": SIZE, "inputs": 2, "prelude": PRELUDE, "body": BODY}


def samples(count: int, case: int = GOOD) -> list[IntArray]:
    generator = np.random.default_rng(count)
    arrays = [generator.integers(-128, 128, (count, 1, SIZE)).astype(np.int8) for _ in range(2)]
    arrays[1][0, 0, -1] = case
    arrays[1][1:, 0, -1] = GOOD
    return arrays


@pytest.mark.parametrize("runner", RUNNERS)
def test_outputs_counts_and_sizes(build: Build, tmp_path: Path, runner: Callable[[], Runner]) -> None:
    firmware, inputs = build(**MODULE), samples(3)
    result = runner().run(firmware, inputs)
    np.testing.assert_array_equal(result.outputs[0], fake_layers(inputs)[1])

    manifest = write_fake_module(tmp_path / "module", BOARD, **MODULE)
    bare = build_firmware(tmp_path / "module", manifest, BOARD, build_dir=tmp_path / "bare")
    expected = QemuRunner().run(bare, inputs)
    # Interrupts are locked: the very instructions of the module, and nothing else.
    assert result.instructions == expected.instructions
    assert [layer.instructions for layer in result.layers] == [layer.instructions for layer in expected.layers]
    assert abs(result.stack_bytes - expected.stack_bytes) <= 16
    assert firmware.ram_bytes == bare.ram_bytes == SIZE
    assert abs(firmware.flash_bytes - bare.flash_bytes) <= 16

    stacks = {t.name: t for t in result.threads}
    assert stacks.keys() >= {"main", "inference"}
    assert result.stack_bytes < stacks["inference"].used < stacks["inference"].size == 8192
    check_image(firmware)


def check_image(firmware: Firmware) -> None:
    """Sizes of the whole image against its program headers."""
    image = firmware.zephyr
    assert image is not None and image.board == "mps2/an385"
    assert re.fullmatch(r"\d+\.\d+\.\d+", image.version)
    command = ["arm-none-eabi-readelf", "-lW", str(firmware.elf)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    loads = [[int(n, 16) for n in re.findall(r"0x[0-9a-f]+", line)] for line in text.splitlines() if "LOAD" in line]
    assert image.flash_bytes == pytest.approx(sum(filled for _, _, _, filled, *_ in loads), abs=64)
    in_ram = [memory for _, address, _, _, memory, *_ in loads if address >= 0x2000_0000]
    assert image.ram_bytes == pytest.approx(sum(in_ram), abs=64)


def test_stack_use_is_measured(build: Build) -> None:
    result = QemuRunner().run(build(**MODULE), samples(2, DEEP))
    assert 900 <= result.stack_bytes <= 960
    used = next(t.used for t in result.threads if t.name == "inference")
    # Below the call: the loop of the thread and its start.
    assert 16 <= used - result.stack_bytes <= 128


@pytest.mark.parametrize("runner", RUNNERS)
def test_layers_come_out_of_the_traced_image(build: Build, runner: Callable[[], Runner]) -> None:
    inputs = samples(2)
    result = runner().run(build("trace", **MODULE), inputs, count=False)
    assert result.layer_outputs is not None
    hidden, output = fake_layers(inputs)
    np.testing.assert_array_equal(result.layer_outputs[0], hidden.reshape(2, -1))
    np.testing.assert_array_equal(result.layer_outputs[1], output.reshape(2, -1))
    np.testing.assert_array_equal(result.outputs[0], output)


FAULTS = {
    FAULT: r"the image faulted(.|\n)*pc 0x[0-9a-f]{8} \(fake_run",
    STATUS: "the module returned error -7 for sample 0",
    HANG: r"hung: it said nothing for 15 s(.|\n)*pc 0x[0-9a-f]{8} \(fake_run",
    OVERFLOW: "all of its thread's stack, 8192 bytes",
}


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("case", FAULTS)
def test_what_a_module_may_do_wrong(build: Build, case: int, runner: Callable[..., Runner]) -> None:
    with pytest.raises(CheckFailedError, match=FAULTS[case]):
        runner(stall_seconds=15).run(build(**MODULE), samples(1, case), count=False)


@pytest.mark.slow
def test_a_heap_is_refused(build: Build) -> None:
    with pytest.raises(CheckFailedError, match="can take memory from a heap: it has malloc"):
        build(prelude="#include <stdlib.h>", body="if (malloc(100) == NULL) { return -1; }")


@pytest.mark.slow
def test_a_module_that_does_not_fit(build: Build) -> None:
    with pytest.raises(DoesNotFitError, match="bytes of RAM more than there are"):
        build(prelude="static int8_t huge[5000000];", body="huge[input_0[0] & 7]++;")


@pytest.mark.slow
def test_a_module_that_does_not_compile(build: Build) -> None:
    with pytest.raises(CheckFailedError, match=r"does not build(.|\n)*fake\.c:\d+:\d+: error: 'nothing' undeclared"):
        build(body="nothing = 1;")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("exported")
    return functools.cache(lambda name: export(name, folder, samples=16))


def emit(files: tuple[Path, Path], board: str, kernels: str, folder: Path) -> None:
    archive, calibration = files
    options = api.Options(board=board, calibration=calibration, kernels=kernels, npu="off")
    if kernels == "cmsis-nn":
        # The image is built with the workspace's, whatever CMSIS_NN_PATH says.
        code, output = find_workspace().run_west(["list", "-f", "{abspath}", "cmsis-nn"])
        assert code == 0, output
        options = dataclasses.replace(options, cmsis_nn=Path(output.strip()))
    api.compile(archive, options).write(folder)


BOARDS = ("mps2_an385", "mps2_an386", "mps2_an500", "mps2_an521", "mps3_an547")


@pytest.mark.slow
@pytest.mark.parametrize("kernels", ["native", "cmsis-nn"])
@pytest.mark.parametrize("model", ["ds_cnn", "resnet8"])
@pytest.mark.parametrize("board", BOARDS)
def test_example_models(
    exported: Callable[[str], tuple[Path, Path]], tmp_path: Path, board: str, model: str, kernels: str
) -> None:
    emit(exported(model), board, kernels, tmp_path / "module")
    image, bare = (verify_module(tmp_path / "module", firmware=kind) for kind in ("zephyr", "bare"))
    assert image.match, image.failure
    ours, theirs = image.measurement, bare.measurement
    if kernels == "native" and board in ("mps2_an386", "mps3_an547"):
        assert ours.instructions == theirs.instructions
    # The C library's memset and memcpy are others here, and Zephyr's mps2/an500 has no FPU, where GCC spills other
    # registers.
    assert ours.instructions == pytest.approx(theirs.instructions, rel=0.05)
    assert ours.flash_bytes == pytest.approx(theirs.flash_bytes, rel=0.02)
    assert ours.ram_bytes == theirs.ram_bytes


RENODE_BOARDS = [
    pytest.param(b.name, marks=[] if b.name == "nrf5340dk" else pytest.mark.slow)
    for b in list_boards()
    if b.renode_zephyr
]


@needs_renode
@pytest.mark.renode
@pytest.mark.parametrize("board", RENODE_BOARDS)
def test_images_in_renode(exported: Callable[[str], tuple[Path, Path]], tmp_path: Path, board: str) -> None:
    emit(exported("ds_cnn"), board, "native", tmp_path / "module")
    image = verify_module(tmp_path / "module", firmware="zephyr", runner="renode")
    bare = verify_module(tmp_path / "module", firmware="bare", runner="renode")
    assert image.match, image.failure
    assert image.measurement.instructions == pytest.approx(bare.measurement.instructions, rel=0.02)
    assert image.measurement.ram_bytes == bare.measurement.ram_bytes


@pytest.mark.slow
def test_sizes_are_those_of_zephyrs_reports(exported: Callable[[str], tuple[Path, Path]], tmp_path: Path) -> None:
    folder, build_dir = tmp_path / "module", tmp_path / "build"
    emit(exported("ds_cnn"), "mps2_an386", "native", folder)
    manifest = load_manifest(folder)
    firmware = build_zephyr_firmware(folder, manifest, manifest.target, build_dir=build_dir)
    for report, ours in (("rom", firmware.flash_bytes), ("ram", firmware.ram_bytes)):
        code, text = find_workspace().run_west(["build", "-d", str(build_dir), "-t", f"{report}_report"])
        assert code == 0, text
        tree = json.loads((build_dir / f"{report}.json").read_text())
        theirs = sum(size for name, size in leaves(tree["symbols"]) if f"{folder}/" in name or ":/ds_cnn_" in name)
        assert ours == pytest.approx(theirs, rel=0.01)


def leaves(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Symbols of a size report: paths of the source with the symbol's name, or ":/" and the name without debug data."""
    if not node.get("children"):
        yield node["identifier"], node["size"]
    for child in node.get("children", ()):
        yield from leaves(child)
