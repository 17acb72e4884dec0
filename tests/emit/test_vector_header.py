"""The C form of test vectors: compiled on this machine, its numbers are those of the arrays."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcugen.emit.vectors import HEADER_SAMPLES, Vectors, vector_header
from mcugen.resources import data_folder

_PROGRAM = """#include "m_vectors.h"
#include <stdio.h>
int main(void)
{
    for (int i = 0; i < M_VECTOR_COUNT; i++) {
        for (int j = 0; j < 6; j++) printf("%d ", m_vectors[i].inputs[0][j]);
        for (int j = 0; j < 2; j++) printf("%d ", m_vectors[i].inputs[1][j]);
        for (int j = 0; j < 3; j++) printf("%d ", m_vectors[i].outputs[0][j]);
    }
    return 0;
}
"""


def make(samples: int) -> Vectors:
    generator = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return generator.integers(-128, 128, size=(samples, *shape)).astype(np.int8)

    return Vectors({"x": draw(1, 2, 3), "y": draw(2)}, {"z": draw(1, 3)}, {})


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_numbers_survive(tmp_path: Path) -> None:
    vectors = make(4)
    ((path, text),) = vector_header("m", vectors, ["a", "b"], ["output"]).items()
    assert path.as_posix() == "vectors/m_vectors.h"
    (tmp_path / "vectors").mkdir()
    (tmp_path / path).write_bytes(text)
    (tmp_path / "include").symlink_to(data_folder("zephyr_module") / "include")
    (tmp_path / "main.c").write_text(_PROGRAM)
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-Ivectors"]
    subprocess.run(["gcc", *flags, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    expected = [
        int(value)
        for i in range(HEADER_SAMPLES)
        for array in (vectors.inputs["x"], vectors.inputs["y"], vectors.outputs["z"])
        for value in array[i].reshape(-1)
    ]
    assert [int(v) for v in printed.split()] == expected


def test_fewer_samples_than_the_header_takes() -> None:
    (text,) = vector_header("m", make(1), ["a", "b"], ["output"]).values()
    assert b"#define M_VECTOR_COUNT 1\n" in text
