"""The check of the core, held against what the cross compiler says of itself."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emit.core_check import core_check

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="needs arm-none-eabi-gcc"),
]

_CORES = {
    "m0+": ["-mcpu=cortex-m0plus"],
    "m3": ["-mcpu=cortex-m3"],
    "m4": ["-mcpu=cortex-m4"],
    "m7": ["-mcpu=cortex-m7"],
    "m23": ["-mcpu=cortex-m23"],
    "m33": ["-mcpu=cortex-m33"],
    "m33 without DSP": ["-mcpu=cortex-m33+nodsp"],
    "m55": ["-mcpu=cortex-m55", "-mfloat-abi=hard"],
    "m55 soft": ["-mcpu=cortex-m55", "-mfloat-abi=soft"],
}
_WITH_DSP = {"m4", "m7", "m33", "m55", "m55 soft"}


def accepted(tmp_path: Path, condition: str) -> set[str]:
    source = tmp_path / "check.c"
    source.write_text(f"#if !{condition}\n#error no\n#endif\n")
    command = ["arm-none-eabi-gcc", "-mthumb", "-E", str(source)]
    runs = {
        name: subprocess.run([*command, *flags], capture_output=True, check=False) for name, flags in _CORES.items()
    }
    return {name for name, run in runs.items() if run.returncode == 0}


@pytest.mark.parametrize(
    ("board", "source", "cores"),
    [
        ("nrf5340dk", "dsp/convolution/conv2d_s8.c", _WITH_DSP),
        ("mps3_an547", "mve/convolution/conv2d_s8.c", {"m55"}),
        ("mps2_an385", "cmsis_nn/convolution/convolve_s8.c", set(_CORES) - _WITH_DSP),
        ("nrf5340dk", "cmsis_nn/convolution/convolve_s8.c", _WITH_DSP - {"m55"}),
        ("mps3_an547", "cmsis_nn/convolution/convolve_s8.c", {"m55"}),
    ],
)
def test_accepts_just_the_cores_with_the_instructions(tmp_path: Path, board: str, source: str, cores: set[str]) -> None:
    check = core_check(load_board(board), [source, "portable/reduction/mean_s8.c"])
    assert check is not None
    assert accepted(tmp_path, check.condition) == cores


@pytest.mark.parametrize(
    ("core", "words"),
    [
        ("m0+", "Armv6-M"),
        ("m3", "Armv7-M "),
        ("m4", "Armv7E-M"),
        ("m23", "Armv8-M Baseline"),
        ("m33", "Armv8-M Mainline with DSP"),
        ("m33 without DSP", "Armv8-M Mainline without DSP"),
        ("m55", "Armv8.1-M with Helium"),
        ("m55 soft", "without the hard-float ABI"),
    ],
)
def test_names_the_core_that_is_built(tmp_path: Path, core: str, words: str) -> None:
    check = core_check(load_board("nrf5340dk"), ["dsp/convolution/conv2d_s8.c"])
    assert check is not None
    lines = [f"#{'el' if i else ''}if {c}\n#error {t}" for i, (c, t) in enumerate(check.targets)]
    source = tmp_path / "targets.c"
    source.write_text("\n".join([*lines, "#endif", ""]))
    command = ["arm-none-eabi-gcc", "-mthumb", *_CORES[core], "-E", str(source)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert words in said
    assert said.count("error:") == 1


def test_says_what_the_module_was_made_for() -> None:
    board = load_board("nrf5340dk")
    without = replace(board, cpu=replace(board.cpu, dsp=False))
    check = core_check(board, ["dsp/convolution/conv2d_s8.c"])
    scalar = core_check(without, ["cmsis_nn/convolution/convolve_s8.c"])
    assert check is not None and check.made_for == "cortex-m33 with DSP (nrf5340dk)"
    assert scalar is not None and scalar.made_for == "cortex-m33 without DSP (nrf5340dk)"


def test_portable_kernels_run_anywhere() -> None:
    assert (
        core_check(load_board("nrf5340dk"), ["portable/reduction/mean_s8.c", "portable/convolution/conv2d_s8.c"])
        is None
    )
