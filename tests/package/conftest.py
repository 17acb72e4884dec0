"""Three modules with all kinds of packages: a network, one with ports of every type, one with state."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mcugen import api
from mcugen.package.make import KINDS
from tests.emit.test_golden import tiny
from tests.emit.test_ports import every_kind
from tests.plan.test_states import accumulating

GRAPHS = {
    "tiny": tiny,
    "kinds": every_kind,
    "sums": lambda: dataclasses.replace(accumulating(), name="sums"),
}


def emit(graph_name: str, folder: Path, board: str = "nrf5340dk", **options: object) -> Path:
    """The `packages/` of the module."""
    given = api.Options(board=board, packages=tuple(KINDS), **options)  # type: ignore[arg-type]
    api.compile(GRAPHS[graph_name](), given).write(folder)
    return folder / "packages"


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """`packages/` by the module's name."""
    folder = tmp_path_factory.mktemp("packages")
    return {name: emit(name, folder / f"{name} of mine") for name in GRAPHS}
