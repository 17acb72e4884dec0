"""Where arena and constants lie in an image, and what is said of places that are too small, before the linker is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.zephyr.workspace import MODELS, MODULE, Workspace, run_image

pytestmark = pytest.mark.zephyr

_CMAKE = """cmake_minimum_required(VERSION 3.20)
find_package(Zephyr REQUIRED HINTS $ENV{{ZEPHYR_BASE}})
project(places)
target_sources(app PRIVATE main.c)
mcugen_add_model(app NAME keyword VECTORS {arguments}
  MODEL {models}/keyword.pt2 CALIBRATION {models}/keyword_calibration.npz)
"""
_MAIN = """#include <mcugen/zephyr.h>
#include "keyword.h"

int main(void)
{
	bool matches = false;
	const int status = mcugen_check(&keyword_model, 1, &matches);

	printk("status %d, %s\\n", status, matches ? "PASS" : "FAIL");
	return 0;
}
"""
_PRJ = "CONFIG_MCUGEN=y\nCONFIG_MAIN_STACK_SIZE=2048\nCONFIG_CODE_DATA_RELOCATION=y\n"
_EXTERNAL = "WEIGHTS_REGION EXTFLASH WEIGHTS_NOCOPY ARENA_REGION PSRAM"
_BASE = {"EXTFLASH": 0x2100_0000, "PSRAM": 0x2180_0000}  # inside the AN385's PSRAM, which QEMU fills from the ELF file
_SLOT = "&slot0_partition { reg = <0x0000c000 0x00000400>; };\n"


def regions(**sizes: int) -> str:
    nodes = "".join(
        f'memory@{_BASE[name]:x} {{ compatible = "zephyr,memory-region"; reg = <{_BASE[name]:#x} {size:#x}>;'
        f' zephyr,memory-region = "{name}"; }};\n'
        for name, size in sizes.items()
    )
    return f"/ {{\n{nodes}}};\n"


def make_application(folder: Path, arguments: str, overlay: str, configuration: str = _PRJ) -> Path:
    (folder / "CMakeLists.txt").write_text(_CMAKE.format(arguments=arguments, models=MODELS))
    (folder / "main.c").write_text(_MAIN)
    (folder / "prj.conf").write_text(configuration)
    (folder / "app.overlay").write_text(overlay)
    return folder


def test_constants_in_external_flash_and_the_arena_in_a_region(workspace: Workspace, tmp_path: Path) -> None:
    application = make_application(tmp_path, _EXTERNAL, regions(EXTFLASH=0x80_0000, PSRAM=0x80_0000))
    build_dir = tmp_path / "build"
    result = workspace.build(application, "mps2/an385", build_dir, f"-DZEPHYR_EXTRA_MODULES={MODULE}")
    assert result.returncode == 0, result.stdout
    assert not re.search(r"warning:|CMake Warning", result.stdout)
    run_image(build_dir, "mps2/an385", "status 0, PASS")
    symbols = subprocess.run(
        ["arm-none-eabi-nm", build_dir / "zephyr" / "zephyr.elf"], capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(r"^(\w+) \w keyword_(\w+)$", symbols, re.MULTILINE)
    constants = {name: int(address, 16) for address, name in found if name.startswith(("conv2d", "linear"))}
    assert constants and all(_BASE["EXTFLASH"] <= a < _BASE["EXTFLASH"] + 0x80_0000 for a in constants.values())
    assert {name: int(address, 16) for address, name in found}["own_arena"] == _BASE["PSRAM"]


_TOO_SMALL = {
    "slot of the bootloader": (
        "nrf52840dk/nrf52840",
        "",
        _SLOT,
        "CONFIG_USE_DT_CODE_PARTITION=y\n",
        r"the constants need [\d,]+ bytes: [\d,]+ bytes more than the flash of \w+ \(flash\), 1,024 bytes.* conv2d",
    ),
    "external flash": (
        "mps2/an385",
        _EXTERNAL,
        regions(EXTFLASH=0x400, PSRAM=0x80_0000),
        "",
        r"the constants need [\d,]+ bytes: [\d,]+ bytes more than the flash of \w+ \(EXTFLASH\), 1,024 bytes.* conv2d",
    ),
    "region of the arena": (
        "mps2/an385",
        _EXTERNAL,
        regions(EXTFLASH=0x80_0000, PSRAM=0x400),
        "",
        r"the arena needs [\d,]+ bytes: [\d,]+ bytes more than the RAM of \w+ \(PSRAM\), 1,024 bytes"
        r".* alive at the peak.* conv2d",
    ),
    "region of the shared arena": (
        "mps2/an385",
        "ARENA shared",
        regions(PSRAM=0x400),
        'CONFIG_MCUGEN_SHARED_ARENA_REGION="PSRAM"\n',
        r"the arena needs [\d,]+ bytes: [\d,]+ bytes more than the RAM of \w+ \(PSRAM\), 1,024 bytes",
    ),
}


# A configuration takes seconds: the default run has one memory of the image, and one of the application's own.
_QUICK = ("slot of the bootloader", "external flash")


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("board", "arguments", "overlay", "configuration", "words"),
    [
        pytest.param(*row, id=name, marks=[] if name in _QUICK else [pytest.mark.slow])
        for name, row in _TOO_SMALL.items()
    ],
)
def test_a_place_that_is_too_small_stops_the_generate_step(
    workspace: Workspace,
    tmp_path: Path,
    board: str,
    arguments: str,
    overlay: str,
    configuration: str,
    words: str,
) -> None:
    application = make_application(tmp_path, arguments, overlay, _PRJ + configuration)
    build_dir, extra = tmp_path / "build", f"-DZEPHYR_EXTRA_MODULES={MODULE}"
    result = workspace.build(application, board, build_dir, extra, configure_only=True)
    assert result.returncode == 0, result.stdout
    result = workspace.ninja(build_dir, "mcugen-emit-keyword")
    assert result.returncode != 0
    assert re.search(words, " ".join(result.stdout.split())), result.stdout
    assert "Traceback" not in result.stdout


@pytest.mark.slow
def test_a_large_model_in_external_flash_is_not_held_against_the_internal_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    overlay = _SLOT + regions(EXTFLASH=0x80_0000)
    configuration = _PRJ + "CONFIG_USE_DT_CODE_PARTITION=y\n"
    application = make_application(tmp_path, "WEIGHTS_REGION EXTFLASH WEIGHTS_NOCOPY", overlay, configuration)
    build_dir, extra = tmp_path / "build", f"-DZEPHYR_EXTRA_MODULES={MODULE}"
    result = workspace.build(application, "nrf52840dk/nrf52840", build_dir, extra, configure_only=True)
    assert result.returncode == 0, result.stdout
    result = workspace.ninja(build_dir, "mcugen-emit-keyword")
    assert result.returncode == 0, result.stdout
