"""Every operator that is read, from files made on the spot: TensorFlow Lite Micro's bytes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.litert.operators import ROWS
from mcugen.frontend.litert.operators.types import TYPES
from mcugen.passes import optimize
from tests.frontend.litert.cases import CASES
from tests.frontend.litert.cases.weighted import convolution
from tests.frontend.litert.files import Array, litert, ours, read, retyped, tflm

REFUSED = {
    "BATCH_TO_SPACE_ND int16",
    "EXP",
    "EXP int16",
    "GATHER int16",
    "GATHER_ND int16",
    "GREATER_EQUAL int16",
    "LESS int16",
    "LESS_EQUAL int16",
    "LOG",
    "LOG int16",
    "MIRROR_PAD int16",
    "REDUCE_ANY",
    "REDUCE_MAX int16",
    "REDUCE_MIN int16",
    "REDUCE_PROD",
    "REDUCE_PROD int16",
    "REDUCE_PROD int32",
    "RELU_0_TO_1",
    "RELU_N1_TO_1",
    "SELECT",
    "SELECT int16",
    "SPACE_TO_BATCH_ND int16",
    "SUM int32",
    "TILE",
    "TILE int16",
}
"""TensorFlow Lite Micro refuses them, or these types of them: LiteRT's reference kernels are the oracle."""

LITERT_ALONE = REFUSED | {"SPACE_TO_BATCH_ND", "GREATER int16"}
"""In SPACE_TO_BATCH_ND it pads with a value that nothing has set, another one in every process; GREATER of int16 scales
with what nothing has set: its result is arbitrary."""

NEITHER = {"EQUAL int16", "GELU int16", "NEG", "NEG int16", "NOT_EQUAL int16", "SQRT", "SQRT int16"}
"""No interpreter computes these of quantized values as it does of real ones; the error is bounded by half a step. Real
numbers of int16 that round to the same 1/256 are equal to LiteRT; the last bit of GELU is that of its C library;
SQRT of int16 is a table with lines between its entries."""


READ = sorted(name for name in CASES.keys() - NEITHER if name.split()[0] in ROWS)


def assert_same(mine: list[Array], theirs: list[Array]) -> None:
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(a, b.reshape(a.shape))


def check(name: str, seed: int) -> None:
    data, inputs = CASES[name](np.random.default_rng(seed))
    graph = read(data)
    wanted = (litert if name in LITERT_ALONE else tflm)(data, inputs)
    assert_same(ours(graph, inputs), wanted)
    assert_same(ours(optimize(graph), inputs), wanted)


@pytest.mark.parametrize("name", READ)
def test_bytes(name: str) -> None:
    for seed in range(2):
        check(name, seed)


@pytest.mark.parametrize("seed", range(4))
def test_a_depth_multiplier_may_be_left_out(seed: int) -> None:
    """The schema has it as redundant."""
    data, inputs = convolution(depthwise=True)(np.random.default_rng(seed))
    left_out, same = convolution(depthwise=True, stated=False)(np.random.default_rng(seed))
    np.testing.assert_array_equal(inputs[0], same[0])
    assert data != left_out
    assert_same(ours(read(left_out), same), tflm(data, inputs))


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_bytes_long(name: str) -> None:
    for seed in range(2, 200):
        check(name, seed)


@pytest.mark.parametrize("name", sorted(REFUSED | NEITHER))
def test_what_tflm_refuses(name: str) -> None:
    """Should a newer release have it, the test above can hold it against that."""
    data, inputs = CASES[name](np.random.default_rng(0))
    with pytest.raises(RuntimeError):
        tflm(data, inputs)


@pytest.mark.parametrize("kind", ["INT16", "INT32", "INT64", "BOOL", "UINT8"])
def test_types_are_those_that_the_table_says(kind: str) -> None:
    """Each file of int8 with its activations of another type: read where the table has the type, else refused."""
    for name in sorted(name for name in TYPES if name in CASES and "int8" in TYPES[name]):
        data = retyped(CASES[name](np.random.default_rng(1))[0], kind)
        if name in ("CAST", "QUANTIZE") or f"{name} {kind.lower()}" in CASES:
            continue  # their results have types of their own: other cases have them
        if kind.lower() in TYPES[name]:
            read(data)
        else:
            with pytest.raises(UnsupportedOperatorError):
                read(data)


def test_every_row_has_a_case() -> None:
    """Those without say why."""
    without = {
        "BITWISE_XOR": "of plain integers, as LOGICAL_AND",
        "CEIL": "the table of float32 results that ELU and EXP prove",
        "COS": "as CEIL",
        "DEQUANTIZE": "test_ports.py",
        "FILL": "test_ports.py",
        "FLOOR": "as CEIL",
        "FLOOR_DIV": "of plain integers, as ADD int32",
        "FLOOR_MOD": "as FLOOR_DIV",
        "PADV2": "as PAD",
        "POW": "as CEIL",
        "RANK": "as SHAPE",
        "RIGHT_SHIFT": "of plain integers, as ADD int32",
        "ROUND": "as CEIL",
        "SHAPE": "test_ports.py",
        "SIN": "as CEIL",
        "SQUARE": "as CEIL",
        "ZEROS_LIKE": "test_ports.py",
    }
    assert ROWS.keys() - {name.split()[0] for name in CASES} - STATEFUL == without.keys()


STATEFUL = {"ASSIGN_VARIABLE", "CALL_ONCE", "READ_VARIABLE", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", "VAR_HANDLE"}
"""Held against TensorFlow Lite Micro step by step in test_state.py."""


def test_the_page_has_a_row_for_each_case() -> None:
    """`python -m tests.frontend.litert` makes it."""
    page = (Path(__file__).parents[3] / "docs" / "litert.md").read_text()
    part = page.split("<!-- made by `python -m tests.frontend.litert` -->", 1)[1].split("<!-- end -->", 1)[0]
    assert re.findall(r"^\| ([A-Z][A-Z0-9_]*(?: \w+)*) \|", part, re.MULTILINE) == sorted(CASES)
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    tflm_column = {row[0]: row[1] for row in rows}
    different = {name for name, cell in tflm_column.items() if name in CASES and "differ" in cell}
    assert different <= LITERT_ALONE - REFUSED
