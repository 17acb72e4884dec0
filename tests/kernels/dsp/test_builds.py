"""The DSP kernels compile without a warning on every core and with every optimization that users choose."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcugen.boards.board import Cpu
from mcugen.firmware.toolchain import cpu_flags, find_toolchain
from mcugen.resources import data_folder

pytestmark = pytest.mark.emulator

_SOURCE = """
%(includes)s
void pointwise(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void depthwise(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void convolution(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void vector(const int8_t *input, const uint32_t *weights, int8_t *output);
void pointwise_pairs(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void convolution_pairs(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void vector_pairs(const int8_t *input, const uint32_t *weights, int8_t *output);
void winograd(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void winograd_light(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void sums(const int8_t *input, const int8_t *more, const int32_t *table0, const int32_t *table1, int8_t *output);
void sums(const int8_t *input, const int8_t *more, const int32_t *table0, const int32_t *table1, int8_t *output)
{
    static const struct mcugen_dsp_add_table_params params = {
        {1, 1, 1, 1, 1, 99}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1}, -3, 1518500250, 19, -100, 127};
    mcugen_dsp_add_table_s8(&params, input, more, table0, table1, output);
}
void wide_sums(const int16_t *input, const int16_t *more, int16_t *output);
void wide_sums(const int16_t *input, const int16_t *more, int16_t *output)
{
    static const struct mcugen_add_params params = {
        {1, 1, 1, 1, 1, 99}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1}, 15, 0, 1073741824, 0, 0, -1503238554, -1,
        0, 1431655765, -14, 0, 32767};
    mcugen_dsp_add_s16(&params, input, more, output);
}
void narrow(const int8_t *input, int8_t *output);
void narrow(const int8_t *input, int8_t *output)
{
    static const struct mcugen_requantize_wide_params params = {99, 2, 0, 1, -7, 1073741824, -7, -100, 127};
    mcugen_dsp_requantize_wide(&params, input, output);
}
void widen(const int8_t *input, int8_t *output);
void widen(const int8_t *input, int8_t *output)
{
    static const struct mcugen_requantize_wide_params params = {99, 1, -7, 2, 0, 1073741824, 9, -32768, 100};
    mcugen_dsp_requantize_wide(&params, input, output);
}
void pointwise(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_conv2d_params params = {
        25, 5, 64, 25, 5, 64, 1, 1, 1, 1, 0, 0, 1, 1, -128, -128, -128, 127, 0};
    mcugen_dsp_conv2d_1x1_s8(&params, input, weights, output, scratch);
}
void depthwise(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_depthwise_params params = {
        25, 5, 64, 25, 5, 64, 3, 3, 1, 1, 1, 1, -128, -128, -128, 127, 0, 8, 5, 25, 320, 64, 320, 64, 8};
    mcugen_dsp_depthwise_conv2d_s8(&params, input, weights, output, scratch);
}
void convolution(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_conv2d_params params = {
        32, 32, 16, 32, 32, 16, 3, 3, 1, 1, 1, 1, 1, 1, 3, 5, -100, 90, 1};
    mcugen_dsp_conv2d_s8(&params, input, weights, output, scratch);
}
void vector(const int8_t *input, const uint32_t *weights, int8_t *output)
{
    static const struct mcugen_dsp_fully_connected_params params = {1, 61, 13, 0, 0, -128, 127, 0};
    mcugen_dsp_fully_connected_vector_s8(&params, input, weights, output);
}
void pointwise_pairs(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_conv2d_params params = {
        25, 5, 64, 25, 5, 63, 1, 1, 1, 1, 0, 0, 1, 1, -128, -128, -128, 127, 0};
    mcugen_dsp_conv2d_1x1_paired_s8(&params, input, weights, output, scratch);
}
void convolution_pairs(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_conv2d_params params = {
        32, 32, 15, 32, 32, 17, 3, 3, 1, 1, 1, 1, 1, 1, 3, 5, -100, 90, 0};
    mcugen_dsp_conv2d_paired_s8(&params, input, weights, output, scratch);
}
void winograd(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_conv2d_params params = {
        15, 17, 15, 15, 17, 17, 3, 3, 1, 1, 1, 1, 1, 1, 3, 5, -100, 90, 0};
    mcugen_dsp_conv2d_winograd_s8(&params, input, weights, output, scratch);
}
void winograd_light(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_conv2d_params params = {
        16, 16, 16, 16, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 3, 5, -128, 127, 0};
    mcugen_dsp_conv2d_winograd_light_s8(&params, input, weights, output, scratch);
}
void winograd_row(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch);
void winograd_row(const int8_t *input, const uint32_t *weights, int8_t *output, void *scratch)
{
    static const struct mcugen_dsp_conv2d_params params = {
        1, 64, 15, 1, 64, 17, 1, 3, 1, 1, 0, 2, 1, 2, 3, 5, -128, 127, 0};
    mcugen_dsp_conv2d_winograd_row_s8(&params, input, weights, output, scratch);
}
void vector_pairs(const int8_t *input, const uint32_t *weights, int8_t *output)
{
    static const struct mcugen_dsp_fully_connected_params params = {1, 61, 13, 0, 0, -128, 127, 0};
    mcugen_dsp_fully_connected_vector_paired_s8(&params, input, weights, output);
}
"""

CORES = {
    "m4": Cpu("cortex-m4", True, "single", "none", 100_000_000),
    "m7": Cpu("cortex-m7", True, "double", "none", 100_000_000),
    "m33": Cpu("cortex-m33", True, "single", "none", 100_000_000),
    "m55": Cpu("cortex-m55", True, "double", "float", 100_000_000),
}
FRAME_POINTER = ("-O2", "-fno-omit-frame-pointer")


def _compile(core: str, flags: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    library = data_folder("kernels_cmsis")
    includes = "\n".join(f'#include "{p.relative_to(library)}"' for p in sorted((library / "dsp").rglob("*.c")))
    (folder / "kernels.c").write_text(_SOURCE % {"includes": includes})
    command = [find_toolchain().gcc, *cpu_flags(CORES[core]), "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    command += [*flags, f"-I{library}", f"-I{library / 'include'}", "-c", "kernels.c", "-o", "kernels.o"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _functions(folder: Path) -> dict[str, int]:
    """Bytes of each function of the object."""
    with (folder / "kernels.o").open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab").iter_symbols()
        return {s.name: s["st_size"] for s in symbols if s["st_info"]["type"] == "STT_FUNC"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("optimization", ["-O0", "-Og", "-Os", "-O2", "-O3"])
def test_compiles(core: str, optimization: str, tmp_path: Path) -> None:
    done = _compile(core, (optimization,), tmp_path)
    assert done.returncode == 0, done.stderr[:2000]
    sizes, common = _functions(tmp_path), ("mcugen_dsp_paired_small", "mcugen_dsp_vector_paired_block")
    if optimization == "-Os":
        # One function for all layers, and little code for each of them.
        assert all(sizes[name] > 300 for name in common) and sizes["vector_pairs"] < 150
        assert sizes["pointwise_pairs"] < 600
    elif optimization == "-O2":
        assert not any(name in sizes for name in common)
        assert sizes["vector_pairs"] > 600 and sizes["pointwise_pairs"] > 1200


def test_a_build_with_a_frame_pointer_says_so(tmp_path: Path) -> None:
    assert "impossible constraints" in _compile("m4", FRAME_POINTER, tmp_path).stderr
    for define in ("-DMCUGEN_DSP_SPARE_REGISTERS=1", "-DCONFIG_FRAME_POINTER=1"):
        done = _compile("m4", (*FRAME_POINTER, define), tmp_path)
        assert done.returncode == 0, done.stderr[:2000]
