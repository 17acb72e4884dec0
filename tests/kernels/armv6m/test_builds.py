"""The Armv6-M kernels compile without a warning on every such core and with every optimization that users choose."""

from __future__ import annotations

import subprocess
from itertools import product
from pathlib import Path

import pytest

from mcugen.firmware.toolchain import find_toolchain
from mcugen.resources import data_folder

pytestmark = pytest.mark.emulator

_SOURCE = """
%(includes)s
#define CONSTANTS const int32_t *bias, const int32_t *multiplier, const int8_t *shift, int8_t *output
void direct(const int8_t *input, const int8_t *weights, CONSTANTS, void *scratch);
void convolution(const int8_t *input, const int8_t *weights, CONSTANTS, void *scratch);
void depthwise(const int8_t *input, const int8_t *weights, CONSTANTS, void *scratch);
void vector(const int8_t *input, const uint8_t *weights, CONSTANTS);
void direct(const int8_t *input, const int8_t *weights, CONSTANTS, void *scratch)
{
    static const struct mcugen_armv6m_direct_params params = {1, 0, 125, 64, 64, 64, -128, -128, 127, 2, 0};
    mcugen_armv6m_conv2d_direct_s8(&params, input, weights, bias, multiplier, shift, output, scratch);
}
void convolution(const int8_t *input, const int8_t *weights, CONSTANTS, void *scratch)
{
    static const struct mcugen_armv6m_conv2d_params params = {
        16, 16, 15, 16, 16, 9, 3, 3, 1, 1, 1, 1, 1, 1, 3, 5, -128, 127, 1, 1};
    mcugen_armv6m_conv2d_s8(&params, input, weights, bias, multiplier, shift, output, scratch);
}
void depthwise(const int8_t *input, const int8_t *weights, CONSTANTS, void *scratch)
{
    static const struct mcugen_armv6m_depthwise_params params = {
        25, 5, 64, 25, 5, 64, 3, 3, 1, 1, 1, 1, 1, 7, 5, -128, -128, -128, 127, 1, 2, 0};
    mcugen_armv6m_depthwise_conv2d_s8(&params, input, weights, bias, multiplier, shift, output, scratch);
}
void vector(const int8_t *input, const uint8_t *weights, CONSTANTS)
{
    static const struct mcugen_armv6m_vector_params params = {61, 13, 3, -128, 127, 0};
    mcugen_armv6m_fully_connected_vector_s8(&params, input, weights, bias, multiplier, shift, output);
}
"""


CORES = ["cortex-m0", "cortex-m0plus", "cortex-m23"]
LEVELS = ["-O0", "-Og", "-O1", "-Os", "-O2", "-O2 -fno-omit-frame-pointer", "-O3"]
DEFAULT = [("cortex-m0", "-O0"), ("cortex-m0plus", "-Os"), ("cortex-m23", "-O2 -fno-omit-frame-pointer")]
SLOW = [pytest.param(*case, marks=pytest.mark.slow) for case in product(CORES, LEVELS) if case not in DEFAULT]


@pytest.mark.parametrize(("core", "optimization"), [*DEFAULT, *SLOW])
def test_compiles(core: str, optimization: str, tmp_path: Path) -> None:
    library = data_folder("kernels_cmsis")
    includes = "\n".join(f'#include "armv6m/{p.name}"' for p in sorted((library / "armv6m").glob("*.c")))
    (tmp_path / "kernels.c").write_text(_SOURCE % {"includes": includes})
    command = [find_toolchain().gcc, f"-mcpu={core}", "-mthumb", "-std=c11", "-Wall", "-Wextra", "-Wconversion"]
    command += ["-Werror", "-Wa,--fatal-warnings", *optimization.split(), f"-I{library}", f"-I{library / 'include'}"]
    done = subprocess.run(
        [*command, "-c", "kernels.c", "-o", "kernels.o"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[:2000]
