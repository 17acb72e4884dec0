"""`emit --renode`: what is written, and what `renode-test` says of good and of damaged firmware."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mcugen import api
from mcugen.boards import load_board
from mcugen.boards.machines import board_machine
from mcugen.emit.manifest import load_manifest
from mcugen.emit.vectors import load_vectors
from mcugen.emulate.renode_install import find_renode_test
from mcugen.errors import CheckFailedError, InputError
from mcugen.firmware import Elf, build_firmware
from mcugen.firmware.applications import SELF_TEST
from mcugen.resources import data_folder
from mcugen.testbench.renode_suite import TOLERANCE, library_files
from tests.emit.test_golden import tiny
from tests.testbench.modules import addition, emit

pytestmark = pytest.mark.emulator

RENODE = api.Extras(renode=True)
NAME = "tiny"

needs_renode_test = pytest.mark.skipif(
    find_renode_test() is None, reason="renode-test is neither in RENODE_ROOT nor on PATH"
)


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emit(tmp_path_factory.mktemp("emitted") / NAME, "nrf52840dk", RENODE)


def copy(emitted: Path, folder: Path) -> Path:
    shutil.copytree(emitted, folder / NAME)
    return folder / NAME


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_folder_has_all_that_renode_needs(emitted: Path) -> None:
    names = {f"{NAME}.elf", f"{NAME}.resc", f"{NAME}.robot", "module.json", "platform.repl"}
    assert {p.name for p in (emitted / "renode").iterdir()} == names | set(library_files())
    listed = load_manifest(emitted).files
    assert {f"renode/{name}" for name in names} <= set(listed)


def test_every_run_writes_the_same_bytes(emitted: Path, tmp_path: Path) -> None:
    again = files(emit(tmp_path / NAME, "nrf52840dk", RENODE))
    assert again == files(emitted)
    assert str(tmp_path).encode() not in b"".join(again.values())


def test_the_description_is_the_modules(emitted: Path) -> None:
    described = json.loads((emitted / "renode" / "module.json").read_text())
    manifest, vectors = load_manifest(emitted), load_vectors(emitted)
    assert [layer["name"] for layer in described["layers"]] == [layer.name for layer in manifest.layers]
    for layer, texts in zip(manifest.layers, described["samples"]["layers"], strict=True):
        wanted = [vectors.layers[result.name].tobytes() for result in layer.results]
        assert [base64.b64decode(text) for text in texts] == wanted
    elf = Elf(emitted / "renode" / f"{NAME}.elf")
    assert all(label in elf.symbols for label in described["labels"])
    for result in (result for layer in described["layers"] for result in layer["results"]):
        assert elf.symbols[result["symbol"]].size >= result["offset"] + result["bytes"]


def limit_in(folder: Path, figure: str = "INSTRUCTIONS") -> int:
    found = re.search(rf"^\$\{{MAX_{figure}\}} +(\d+)$", (folder / "renode" / f"{NAME}.robot").read_text(), re.M)
    assert found
    return int(found[1])


def test_the_budget_is_what_was_counted_and_a_little_more(emitted: Path) -> None:
    described = json.loads((emitted / "renode" / "module.json").read_text())
    for figure in ("instructions", "cycles"):
        layers = sum(layer[figure] for layer in described["layers"])
        assert layers < described[figure] <= limit_in(emitted, figure.upper()) < layers * (1 + TOLERANCE) + 300


@pytest.mark.slow
def test_a_limit_of_ones_own(tmp_path: Path) -> None:
    assert limit_in(emit(tmp_path / NAME, "nrf52840dk", RENODE, max_instructions=10**6)) == 10**6
    with pytest.raises(CheckFailedError, match=r"over --max-instructions \(100\)"):
        emit(tmp_path / "other", "nrf52840dk", RENODE, max_instructions=100)
    assert limit_in(emit(tmp_path / "cycles", "nrf52840dk", RENODE, max_cycles=10**6), "CYCLES") == 10**6
    with pytest.raises(CheckFailedError, match=r"cycles \(model:cortex-m4\).* over --max-cycles \(100\)"):
        emit(tmp_path / "other", "nrf52840dk", RENODE, max_cycles=100)
    assert not (tmp_path / "other").exists()


def test_a_core_without_a_timing_model_has_no_budget_of_cycles(tmp_path: Path) -> None:
    f746 = (data_folder("boards") / "nucleo_f746zg.yml").read_text()
    m52 = re.sub(r"cpu: .*", "cpu: {core: cortex-m52, dsp: true, clock: 216M}", f746)
    (tmp_path / "m52.yml").write_text(re.sub(r"(?m)^(zephyr_board|renode_zephyr): .*\n", "", m52))
    board = str(tmp_path / "m52.yml")
    with pytest.raises(InputError, match="no timing model for cortex-m52"):
        api.compile(tiny(), api.Options(board=board, max_cycles=10**6))
    folder = emit(tmp_path / NAME, board, RENODE)
    assert "cycles" not in (folder / "renode" / f"{NAME}.robot").read_text().lower()
    assert json.loads((folder / "renode" / "module.json").read_text())["timings"] is None


def test_a_board_without_a_uart_in_renode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Renode console UART for ek_ra8m1"):
        emit(tmp_path / NAME, "ek_ra8m1", RENODE)
    assert not (tmp_path / NAME).exists()


def renode_test(folder: Path, results: Path, *variables: str) -> tuple[int, str]:
    program = find_renode_test()
    assert program is not None
    results.mkdir()
    options = [word for v in variables for word in ("--variable", v)]
    suite = next((folder / "renode").glob("*.robot"))
    done = subprocess.run(
        [program, "-r", str(results), *options, str(suite)], cwd=results, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def verdicts(output: str) -> dict[str, bool]:
    rows = re.findall(r"Finished test '\w+\.([^']+)' in .* with status \S*?(OK|failed)", output)
    return {name: status == "OK" for name, status in rows}


@needs_renode_test
@pytest.mark.renode
def test_the_suite_passes(emitted: Path, tmp_path: Path) -> None:
    code, output = renode_test(emitted, tmp_path / "results")
    assert code == 0, output
    assert len(verdicts(output)) == 6 and all(verdicts(output).values())
    described = json.loads((emitted / "renode" / "module.json").read_text())
    counts = f"{described['instructions']:,} instructions, {described['cycles']:,} cycles (model:cortex-m4)"
    assert f"{NAME} on nrf52840dk: {counts}" in output


@needs_renode_test
@pytest.mark.renode
@pytest.mark.slow
@pytest.mark.parametrize("board", ["nrf5340dk", "mps2_an385", "stm32f4_disco", "nucleo_f746zg", "mps3_an547"])
def test_the_suite_passes_on_other_boards_and_with_several_inputs(tmp_path: Path, board: str) -> None:
    code, output = renode_test(emit(tmp_path / "addition", board, RENODE, addition()), tmp_path / "results")
    assert code == 0, output
    assert len(verdicts(output)) == 6 - (load_board(board).cpu.core in ("cortex-m7", "cortex-m55"))


@needs_renode_test
@pytest.mark.renode
def test_firmware_that_hangs_is_told_with_its_place_and_its_last_output(emitted: Path, tmp_path: Path) -> None:
    folder = copy(emitted, tmp_path)
    source = folder / "src" / f"{NAME}.c"
    text = source.read_text()
    label = "LAYER_LABEL(layer_1);"
    place = text.index("\n", text.index(label)) + 1
    hanging = "    for (volatile int forever = 1; forever;) {\n    }\n"
    source.write_text(text[:place] + hanging + text[place:])
    manifest, board = load_manifest(folder), load_board("nrf52840dk")
    firmware = build_firmware(
        folder, manifest, board, build_dir=tmp_path / "b", machine=board_machine(board), application=SELF_TEST
    )
    suite = folder / "renode" / f"{NAME}.robot"
    # One start of Renode, one test: each of the suite's would say the same.
    cases = suite.read_text().index("Outputs Match The Reference")
    suite.write_text(suite.read_text()[:cases])
    code, output = renode_test(folder, tmp_path / "results", f"ELF:{firmware.elf}")
    assert code != 0
    assert re.search(rf"the firmware hung at pc 0x[0-9a-f]{{8}} \({NAME}_run(?:_with)? \+ 0x[0-9a-f]+\)", output), (
        output
    )
    assert re.search(rf"last output:[\s║]+mcugen {NAME} on nrf52840dk", output), output
    assert "Terminal tester failed" not in output


@needs_renode_test
@pytest.mark.renode
@pytest.mark.slow
def test_a_flipped_weight_is_found_in_its_layer(emitted: Path, tmp_path: Path) -> None:
    folder = copy(emitted, tmp_path)
    elf = folder / "renode" / f"{NAME}.elf"
    symbols = Elf(elf).symbols
    weights = next(s for name, s in sorted(symbols.items()) if name.startswith(f"{NAME}_depthwise") and s.size >= 16)
    data = Elf(elf).read(weights.address, weights.size)
    content = elf.read_bytes()
    assert content.count(data) == 1
    position = content.index(data) + len(data) // 2
    elf.write_bytes(content[:position] + bytes([content[position] ^ 0x40]) + content[position + 1 :])
    code, output = renode_test(folder, tmp_path / "results")
    assert code != 0
    found = verdicts(output)
    assert not found["Layers Match The Reference"] and found["Arena And Stack Stay Intact"]
    assert re.search(r"layer depthwise \(depthwise_conv2d, \S+\) differs from the reference: \d+ of 120 values", output)


@needs_renode_test
@pytest.mark.renode
@pytest.mark.slow
def test_a_budget_lowered_by_three_percent_is_exceeded(emitted: Path, tmp_path: Path) -> None:
    limit = int(limit_in(emitted) * 0.97)
    code, output = renode_test(emitted, tmp_path / "results", f"MAX_INSTRUCTIONS:{limit}")
    assert code != 0
    assert {name for name, ok in verdicts(output).items() if not ok} == {"Instructions Stay Within The Budget"}
    assert re.search(rf"took \d+ instructions, \d+ more than {limit}", output)
    assert "the largest is layer stem (conv2d" in output


@needs_renode_test
@pytest.mark.renode
@pytest.mark.slow
def test_an_arena_that_is_too_small_is_noticed(emitted: Path, tmp_path: Path) -> None:
    folder = copy(emitted, tmp_path)
    header = folder / "include" / f"{NAME}.h"
    text = header.read_text()
    size = load_manifest(folder).memory.arena_bytes
    header.write_text(text.replace(f"_ARENA_SIZE {size}\n", f"_ARENA_SIZE {size - 16}\n"))
    assert header.read_text() != text
    manifest = load_manifest(folder)
    board = manifest.target
    firmware = build_firmware(
        folder, manifest, board, build_dir=tmp_path / "b", machine=board_machine(board), application=SELF_TEST
    )
    code, output = renode_test(folder, tmp_path / "results", f"ELF:{firmware.elf}")
    assert code != 0
    assert not verdicts(output)["Arena And Stack Stay Intact"]
    assert "the module wrote outside its arena" in output
