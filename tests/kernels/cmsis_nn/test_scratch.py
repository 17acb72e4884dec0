"""What the plan says about CMSIS-NN's working memory and constants, against the library's own functions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.firmware.cmsis_nn import build_archive, default_cache, include_dirs
from mcugen.firmware.toolchain import Toolchain
from mcugen.graph.ops import FullyConnected
from mcugen.kernels.cmsis_nn import INTERFACES, CmsisNn, CoreClass
from mcugen.kernels.cmsis_nn.core import (
    avgpool_bytes,
    convolve_bytes,
    convolve_s16_bytes,
    depthwise_fast_s16_bytes,
    depthwise_opt_bytes,
    kernel_sum_bytes,
)
from mcugen.kernels.cmsis_nn.fully_connected import FullyConnectedPerTensor
from mcugen.kernels.cmsis_nn.interface import HeliumSums
from tests.graph import strategies
from tests.kernels.cmsis_nn.cases import collect, release_name, release_or_skip, releases
from tests.kernels.cmsis_nn.program import HOST_FLAGS

pytestmark = pytest.mark.cmsis_nn

_SIZES = """
#include <arm_nnfunctions.h>
#include <stdio.h>
int main(void)
{
    int h, w, c, kh, kw, o;
    while (scanf("%d %d %d %d %d %d", &h, &w, &c, &kh, &kw, &o) == 6) {
        const cmsis_nn_dims input = {1, h, w, c}, filter = {o, kh, kw, c}, output = {1, h - kh + 1, w - kw + 1, o};
        const cmsis_nn_dims dw_filter = {1, kh, kw, c}, dw_output = {1, h - kh + 1, w - kw + 1, c};
        const cmsis_nn_dims fc_filter = {c, 1, 1, o};
        const cmsis_nn_conv_params conv = {0, 0, {1, 1}, {0, 0}, {1, 1}, {-128, 127}};
        const cmsis_nn_dw_conv_params dw = {0, 0, 1, {1, 1}, {0, 0}, {1, 1}, {-128, 127}};
        printf("%d %d %d %d %d %d %d %d %d %d %d %d", arm_convolve_s8_get_buffer_size(&input, &filter),
               arm_convolve_wrapper_s8_get_buffer_size_dsp(&conv, &input, &filter, &output),
               arm_convolve_wrapper_s8_get_buffer_size_mve(&conv, &input, &filter, &output),
               arm_depthwise_conv_s8_opt_get_buffer_size(&input, &dw_filter),
               arm_depthwise_conv_wrapper_s8_get_buffer_size_dsp(&dw, &input, &dw_filter, &dw_output),
               arm_depthwise_conv_wrapper_s8_get_buffer_size_mve(&dw, &input, &dw_filter, &dw_output),
               arm_avgpool_s8_get_buffer_size(w, c), arm_avgpool_s8_get_buffer_size_dsp(w, c),
               arm_avgpool_s8_get_buffer_size_mve(w, c), arm_fully_connected_s8_get_buffer_size(&fc_filter),
               arm_fully_connected_s8_get_buffer_size_dsp(&fc_filter),
               arm_fully_connected_s8_get_buffer_size_mve(&fc_filter));
        printf(" %d %d %d %d %d %d %d\\n", arm_convolve_s16_get_buffer_size(&input, &filter),
               arm_convolve_wrapper_s16_get_buffer_size_dsp(&conv, &input, &filter, &output),
               arm_convolve_wrapper_s16_get_buffer_size_mve(&conv, &input, &filter, &output),
               arm_depthwise_conv_wrapper_s16_get_buffer_size_dsp(&dw, &input, &dw_filter, &dw_output),
               arm_depthwise_conv_wrapper_s16_get_buffer_size_mve(&dw, &input, &dw_filter, &dw_output),
               arm_avgpool_s16_get_buffer_size_dsp(w, c), arm_fully_connected_s16_get_buffer_size_mve(&fc_filter));
    }
    return 0;
}
"""

_SUMS = """
#include <arm_nnfunctions.h>
#include <arm_nnsupportfunctions.h>
#include <stdio.h>
int main(void)
{
    static int8_t weights[1 << 20];
    static int32_t bias[1 << 12], sums[1 << 12];
    int rows, columns, offset, value;
    while (scanf("%d %d %d", &rows, &columns, &offset) == 3) {
        for (int i = 0; i < rows * columns; i++) {
            (void)!scanf("%d", &value);
            weights[i] = (int8_t)value;
        }
        for (int i = 0; i < rows; i++) {
            (void)!scanf("%d", &bias[i]);
        }
        arm_vector_sum_s8(sums, columns, rows, weights, offset, 0, bias);
        for (int i = 0; i < rows; i++) {
            printf("%d ", sums[i]);
        }
        printf("\\n");
    }
    return 0;
}
"""


@pytest.fixture(scope="module", params=releases(), ids=release_name)
def release(request: pytest.FixtureRequest) -> CmsisNn:
    return release_or_skip(request.param)


def run_c(source: str, lines: list[str], release: CmsisNn, folder: Path) -> list[list[int]]:
    """Output lines of a C program, linked with CMSIS-NN for this machine, that reads input lines."""
    gcc = Toolchain(Path("/usr/bin/gcc"))
    archive = build_archive(release, HOST_FLAGS, gcc, default_cache())
    (folder / "program.c").write_text(source)
    includes = [f"-I{path}" for path in include_dirs(release)]
    gcc.link([*HOST_FLAGS, *includes, "program.c", str(archive), "-o", "program"], cwd=folder)
    done = subprocess.run(
        [folder / "program"], input="\n".join(lines), capture_output=True, text=True, timeout=60, check=True
    )
    return [list(map(int, line.split())) for line in done.stdout.splitlines()]


def test_sizes_equal_those_of_the_library(release: CmsisNn, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    shapes = []
    for _ in range(400):
        kernel = [int(k) for k in rng.integers(1, 7, 2)]
        # More than one row, a kernel above 1x1, and not 3x3: other functions of CMSIS-NN take those.
        kernel[0] += kernel[0] == 1
        kernel[1] += kernel == [3, 3]
        height, width = (k + int(extra) for k, extra in zip(kernel, rng.integers(1, 30, 2), strict=True))
        channels = int(rng.choice([2, 3, 4, 15, 16, 17, 64, 123, 124, 125, 300]))
        shapes.append((height, width, channels, *kernel, int(rng.integers(1, 300))))
    results = run_c(_SIZES, [" ".join(map(str, shape)) for shape in shapes], release, tmp_path)
    assert len(results) == len(shapes)
    interface = INTERFACES[release.major]
    for (_, _, c, kh, kw, o), sizes in zip(shapes, results, strict=True):
        mirrored = [
            [convolve_bytes(core, kh * kw * c) for core in CoreClass],
            [depthwise_opt_bytes(core, kh * kw, c) for core in CoreClass],
            [avgpool_bytes(core, c) for core in CoreClass],
            [kernel_sum_bytes(core, o, interface.helium_sums) for core in CoreClass],
            [convolve_s16_bytes(core, kh * kw * c) for core in CoreClass],
            [depthwise_fast_s16_bytes(core, kh * kw, c) for core in (CoreClass.DSP, CoreClass.MVE)],
            [avgpool_bytes(CoreClass.DSP, c), 0],
        ]
        if interface.major == 11:
            # Depends on the release; what is planned has to suffice.
            assert all(planned - 60 <= size <= planned for size, planned in zip(sizes, mirrored[0], strict=False))
            sizes[:3] = mirrored[0]
            # Its functions gather columns for DSP instructions only, and less than 512 elements.
            assert sizes[12:15] == [0, 4 * kh * kw * c if kh * kw * c < 512 else 0, 0]
            sizes[12:15] = mirrored[4]
        assert sizes == [size for sizes_of_cores in mirrored for size in sizes_of_cores], (c, kh, kw, o)


def test_helium_sums_equal_those_of_the_library(release: CmsisNn, tmp_path: Path) -> None:
    if INTERFACES[release.major].helium_sums is not HeliumSums.ACCUMULATORS:
        pytest.skip(f"CMSIS-NN {release.version} adds the bias in its kernel")
    lines, expected = [], []
    for case in collect(strategies.fully_connected_graphs(bias=True), 20, 13):
        op = case.graph.operators[0]
        assert isinstance(op, FullyConnected)
        x, weights, bias = case.graph.input_tensors(op)
        assert weights.data is not None and bias.data is not None
        numbers = [*weights.data.reshape(-1).tolist(), *bias.data.tolist()]
        lines += [f"{weights.shape[0]} {weights.shape[1]} {-x.zero_point}", " ".join(map(str, numbers))]
        sums = FullyConnectedPerTensor(CoreClass.MVE, INTERFACES[release.major])._sums(op, case.graph)
        expected.append(sums.tolist())
    assert run_c(_SUMS, lines, release, tmp_path) == expected
