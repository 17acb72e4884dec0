"""Every operator: within a step of PyTorch's quantized program, and bit for bit the same on every board.

All rows of a family run in one firmware for each board, for one and for three images. The default suite takes one row
of each family.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random

import pytest

from tests.e2e.operators.case import Case, Table
from tests.e2e.operators.check import difference, differing
from tests.frontend.programs import Difference

BATCHES = (1, 3)
BOARDS = ("nrf5340dk", "mps2_an385", "mps3_an547")
FAMILIES: dict[str, Table] = {
    path.stem: import_module(f"tests.e2e.operators.tables.{path.stem}").CASES
    for path in sorted((Path(__file__).parent / "tables").glob("[!_]*.py"))
}


@cache
def compared(family: str, name: str, batch: int) -> Difference:
    return difference(FAMILIES[family][name], batch)


def faults(case: Case, found: Difference) -> Iterator[str]:
    if found.layer > case.layer:
        yield f"{found.layer} steps from PyTorch in {found.where}"
    if found.output > case.output:
        yield f"{found.output} steps from PyTorch at its end"


@pytest.mark.slow
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("family", FAMILIES)
def test_close_to_pytorch(family: str, batch: int) -> None:
    wrong = [
        f"{name}: {fault}"
        for name, case in FAMILIES[family].items()
        for fault in faults(case, compared(family, name, batch))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_close_to_pytorch_after_decomposition(family: str) -> None:
    wrong = [
        f"{name}: {fault}"
        for name, case in FAMILIES[family].items()
        if case.decomposes
        for fault in faults(case, difference(case, 3, decomposed=True))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_equal_on_board(family: str, board: str, tmp_path: Path) -> None:
    graphs = {
        f"{name}, {batch} images": compared(family, name, batch).graph for name in FAMILIES[family] for batch in BATCHES
    }
    wrong = differing(graphs, board, tmp_path / "module")
    assert not wrong, "\n".join(wrong)


@pytest.mark.emulator
def test_one_of_each_family(tmp_path: Path) -> None:
    rng, graphs = Random(1), {}
    for family, table in FAMILIES.items():
        name = rng.choice(list(table))
        found = compared(family, name, 3)
        assert not list(faults(table[name], found)), name
        graphs[name] = found.graph
    wrong = differing(graphs, rng.choice(BOARDS), tmp_path / "module")
    assert not wrong, "\n".join(wrong)
