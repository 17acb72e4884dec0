"""Constant arrays: merged when equal, and the same numbers again when a C compiler has read them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from mcugen.emit.constants import ConstantPool
from mcugen.kernels.base import Constant


def test_equal_arrays_are_stored_once_with_the_stricter_alignment() -> None:
    pool = ConstantPool("m")
    data = np.arange(8, dtype=np.int32)
    first = pool.add("a", Constant("bias", data, alignment=4))
    second = pool.add("b", Constant("bias", data.copy(), alignment=16))
    assert second.symbol == first.symbol == "m_a_bias"
    assert [a.alignment for a in pool.arrays] == [16]
    assert pool.total_bytes == 32


def test_same_bytes_of_another_type_stay_apart() -> None:
    pool = ConstantPool("m")
    pool.add("a", Constant("weights", np.zeros(4, np.int8)))
    pool.add("a", Constant("bias", np.zeros(1, np.int32)))
    assert len(pool.arrays) == 2


def test_two_layers_with_the_same_role_get_distinct_symbols() -> None:
    pool = ConstantPool("m")
    symbols = {pool.add("a", Constant("w", np.full(4, i, np.int8))).symbol for i in range(3)}
    assert len(symbols) == 3


def test_a_compiler_reads_the_same_numbers(tmp_path: Path) -> None:
    arrays = [
        np.array([-128, 127, 0, -1], np.int8),
        np.array([-(2**31), 2**31 - 1, 0], np.int32),
        np.array([0, 2**32 - 1], np.uint32),
        np.array([-(2**15), 2**15 - 1], np.int16),
    ]
    pool = ConstantPool("m")
    for i, data in enumerate(arrays):
        pool.add(f"l{i}", Constant("data", data))
    lines = ["#include <stdint.h>", "#include <stdio.h>"]
    body = []
    for a in pool.arrays:
        lines.append(f"static const {a.c_type} {a.symbol}[{a.data.size}] = {{ {' '.join(a.lines)} }};")
        body.append(f'for (int i = 0; i < {a.data.size}; i++) printf("%lld ", (long long){a.symbol}[i]);')
    source = tmp_path / "t.c"
    source.write_text("\n".join([*lines, "int main(void) {", *body, "return 0; }"]))
    subprocess.run(
        ["gcc", "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-o", tmp_path / "t", source], check=True
    )
    printed = subprocess.run([tmp_path / "t"], capture_output=True, text=True, check=True).stdout
    assert [int(v) for v in printed.split()] == [int(v) for a in arrays for v in a]
