"""Real Zephyr images of modules with parts for an NPU, in Renode: Zephyr's driver, as it comes, runs them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mcugen import api
from mcugen.boards import load_board
from mcugen.emit.manifest import load_manifest
from mcugen.emulate.renode_install import find_renode
from mcugen.errors import CheckFailedError, InputError
from mcugen.firmware.zephyr.build import _npu_settings
from mcugen.firmware.zephyr.workspace import Workspace
from mcugen.verify.verify import verify_module
from tests.emit.test_golden import tiny


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("npu") / "tiny"
    api.compile(tiny(), api.Options(board="mps3_corstone300", npu="require", accelerator="ethos-u55-256")).write(folder)
    return folder


def test_the_driver_is_told_its_npu_by_the_name_that_it_has(emitted: Path, tmp_path: Path) -> None:
    manifest = load_manifest(emitted)
    source = tmp_path / "modules" / "hal_ethos_u" / "Kconfig"
    source.parent.mkdir(parents=True)
    workspace = Workspace(Path("west"), tmp_path, "4.1.0")
    for name in ("ARM_ETHOS_U55_256", "ETHOS_U55_256"):
        source.write_text(f"choice\nconfig {name}\n\tbool\nconfig ARM_ETHOS_U65_256\n\tbool\nendchoice\n")
        settings = _npu_settings(workspace, manifest, manifest.target)
        assert settings[f"CONFIG_{name}"] == "y"
        assert settings["CONFIG_MCUGEN_MODEL_TINY_ARENA_REGION"] == '"ISRAM"'
        assert settings["CONFIG_MCUGEN_MODEL_TINY_WEIGHTS_REGION"] == '"SRAM"'
    source.write_text("config ARM_ETHOS_U55_128\n")
    for _ in range(2):
        with pytest.raises(InputError, match=r"Zephyr 4\.1\.0 has no driver for ethos-u55-256"):
            _npu_settings(workspace, manifest, manifest.target)
        source.unlink(missing_ok=True)


zephyr = [
    pytest.mark.zephyr,
    pytest.mark.emulator,
    pytest.mark.renode,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not os.environ.get("ZEPHYR_BASE"), reason="no Zephyr workspace: ZEPHYR_BASE is not set"),
    pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH"),
]


def marked(test: object) -> object:
    for mark in zephyr:
        test = mark(test)  # type: ignore[operator]
    return test


@marked
def test_an_image_with_zephyrs_driver_matches(emitted: Path) -> None:
    outcome = verify_module(emitted, firmware="zephyr")
    assert outcome.match, outcome.failure
    measured = outcome.measurement
    assert measured.runner == "renode" and measured.zephyr is not None
    assert [layer.entry.kernel for layer in measured.layers] == ["ethos_u.npu"]
    assert 256 <= measured.zephyr.heap_bytes <= 2048
    assert measured.ram_bytes == load_manifest(emitted).memory.arena_bytes


@marked
def test_a_refused_stream_is_told_as_the_model_says_it(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    api.compile(tiny(), api.Options(board="mps3_corstone300", npu="require")).write(folder)
    weights = folder / "src" / "tiny_weights.c"
    text = weights.read_text()
    start = text.index("{", text.index("npu_0_stream")) + 1
    end = text.index("}", start)
    numbers = [int(n) for n in re.findall(r"\d+(?=u)", text[start:end])]
    # The address of the first weights: far outside every memory of the board.
    place = bytes(numbers).index(bytes([0x20, 0x40]), 16) + 4
    numbers[place + 3] = 0x7F
    weights.write_text(text[:start] + ", ".join(f"{n}u" for n in numbers) + text[end:])
    with pytest.raises(CheckFailedError, match="the NPU's model refuses a command stream") as caught:
        verify_module(folder, firmware="zephyr", allow_edited=True)
    assert "NPU_OP_" in str(caught.value.where)


def test_qemu_has_no_npu_for_an_image(emitted: Path) -> None:
    if load_board("mps3_corstone300").qemu_exact:
        with pytest.raises(InputError, match="no NPU is emulated"):
            verify_module(emitted, firmware="zephyr", runner="qemu")
