"""The Armv7-M kernels compile without a warning with every optimization that users choose, and with a frame pointer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcugen.boards.board import Cpu
from mcugen.firmware.toolchain import cpu_flags, find_toolchain
from mcugen.resources import data_folder

pytestmark = pytest.mark.emulator

_SOURCE = """
%(includes)s
#define SIGNATURE const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch
void pointwise(SIGNATURE);
void depthwise(SIGNATURE);
void halving(SIGNATURE);
void convolution(SIGNATURE);
void rows(SIGNATURE);
void vector(SIGNATURE);
void pointwise(SIGNATURE)
{
    static const struct mcugen_armv7m_conv2d_direct_params params = {1, 0, 125, 64, 64, 64, -128, -128, 127, 23};
    mcugen_armv7m_conv2d_direct_s8(&params, input, weights, output, scratch);
}
void depthwise(SIGNATURE)
{
    static const struct mcugen_armv7m_depthwise_params params = {
        25, 5, 64, 25, 5, 64, 3, 3, 1, 1, 1, 1, 1, 1, 13, 7, 5, -128, -128, -128, 127};
    mcugen_armv7m_depthwise_conv2d_s8(&params, input, weights, output, scratch);
}
void halving(SIGNATURE)
{
    static const struct mcugen_armv7m_depthwise_params params = {
        12, 12, 32, 6, 6, 32, 3, 3, 2, 2, 0, 0, 1, 1, 3, 13, 12, 3, 5, -100, 90};
    mcugen_armv7m_depthwise_conv2d_s8(&params, input, weights, output, scratch);
}
void convolution(SIGNATURE)
{
    static const struct mcugen_armv7m_conv2d_params params = {
        31, 31, 15, 31, 31, 17, 3, 3, 1, 1, 1, 1, 1, 1, 3, 5, -100, 90, 24};
    mcugen_armv7m_conv2d_s8(&params, input, weights, output, scratch);
}
void rows(SIGNATURE)
{
    static const struct mcugen_armv7m_fully_connected_params params = {7, 61, 13, 0, -128, 127, 24};
    mcugen_armv7m_fully_connected_s8(&params, input, weights, output, scratch);
}
void vector(SIGNATURE)
{
    static const struct mcugen_armv7m_fully_connected_params params = {1, 61, 15, 0, -128, 127, 24};
    (void)scratch;
    mcugen_armv7m_fully_connected_vector_s8(&params, input, weights, output);
}
"""

CORES = {
    "m3": Cpu("cortex-m3", False, "none", "none", 100_000_000),
    "m33": Cpu("cortex-m33", False, "none", "none", 100_000_000),
}
FRAME_POINTER = ("-O2", "-fno-omit-frame-pointer")


def _compile(core: str, flags: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    library = data_folder("kernels_cmsis")
    includes = "\n".join(f'#include "armv7m/{p.name}"' for p in sorted((library / "armv7m").glob("*.c")))
    (folder / "kernels.c").write_text(_SOURCE % {"includes": includes})
    command = [find_toolchain().gcc, *cpu_flags(CORES[core]), "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    command += [*flags, f"-I{library}", f"-I{library / 'include'}", "-c", "kernels.c", "-o", "kernels.o"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("optimization", ["-O0", "-Og", "-Os", "-O2"])
def test_compiles(optimization: str, tmp_path: Path) -> None:
    done = _compile("m3", (optimization,), tmp_path)
    assert done.returncode == 0, done.stderr[:2000]


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("optimization", ["-O0", "-Og", "-O1", "-Os", "-O2", "-O3"])
def test_compiles_for_all_cores(core: str, optimization: str, tmp_path: Path) -> None:
    done = _compile(core, (optimization,), tmp_path)
    assert done.returncode == 0, done.stderr[:2000]


def test_compiles_with_a_frame_pointer(tmp_path: Path) -> None:
    """As Zephyr's option has it."""
    done = _compile("m3", (*FRAME_POINTER, "-DCONFIG_FRAME_POINTER=1"), tmp_path)
    assert done.returncode == 0, done.stderr[:2000]
