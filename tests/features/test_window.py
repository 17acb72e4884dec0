"""mcugen_window.h: the ring of rows, against slices of the whole stream; in C and as part of a C++ program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.features import LogMel, write, write_window
from tests.emit import program

TEXT = """#include "mcugen_window.h"
int program(void)
{
    static int8_t memory[4096], copy[4096];
    uint16_t shape[4]; /* rows, bytes of a row, stride, pushes */
    for (;;) {
        take(shape, sizeof shape);
        if (shape[0] == 0u) {
            return 0;
        }
        struct mcugen_window window;
        mcugen_window_init(&window, memory, shape[0], shape[1]);
        for (uint16_t k = 0; k < shape[3]; k++) {
            take(mcugen_window_row(&window), shape[1]);
            mcugen_window_push(&window);
            if (mcugen_window_ready(&window)) {
                mcugen_window_copy(&window, shape[2], copy);
                give(copy, (size_t)shape[0] * shape[1]);
            }
        }
    }
}
"""


def test_windows_are_slices_of_the_stream(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    given, expected = b"", b""
    for _ in range(40):
        rows, width, stride = (int(rng.integers(1, top)) for top in (12, 9, 15))
        stream = rng.integers(-128, 128, (int(rng.integers(1, 60)), width)).astype(np.int8)
        given += np.array([rows, width, stride, len(stream)], np.uint16).tobytes() + stream.tobytes()
        starts = range(0, len(stream) - rows + 1, stride)
        expected += b"".join(stream[start : start + rows].tobytes() for start in starts)
    write_window(tmp_path / "include")
    found = program.on_host(tmp_path, TEXT, given + bytes(8), tmp_path / "work")
    assert found == expected


def test_headers_in_cpp(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    write(LogMel(), tmp_path, name="audio", quantization={"scale": 0.25, "zero_point": -3})
    (tmp_path / "main.cpp").write_text(
        '#include "audio.h"\n#include "mcugen_window.h"\nint main() { return audio_scale.shift; }\n'
    )
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    subprocess.run(["g++", *flags, "main.cpp"], cwd=tmp_path, check=True)
