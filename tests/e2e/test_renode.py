"""The example models on whole emulated boards, in Renode: outputs, layers, and the counts of QEMU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from examples.models import MODELS
from mcugen.emulate.renode_install import find_renode
from tests.e2e.conftest import Exported, Finished

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.renode,
    pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH"),
]

BOARDS = ("nrf5340dk", "nrf52840dk", "stm32f4_disco", "nucleo_f746zg", "mps3_an547")
QUICK = {("conv1d_net", "nrf5340dk")}
CASES = [
    pytest.param(model, board, id=f"{model}-{board}", marks=[] if (model, board) in QUICK else pytest.mark.slow)
    for model in MODELS
    for board in BOARDS
]


@pytest.mark.parametrize(("model", "board"), CASES)
def test_example_matches_and_counts_as_in_qemu(
    tmp_path: Path, exported: Callable[[str], Exported], command: Callable[..., Finished], model: str, board: str
) -> None:
    files = exported(model)
    out = tmp_path / "out"
    emitted = command("emit", files.archive, "--board", board, "--calibration", files.calibration, "--output", out)
    assert emitted.code == 0, emitted.err
    renode, qemu = (command("verify", out, "--runner", runner, "--layers", "--json") for runner in ("renode", "qemu"))
    assert renode.code == 0, renode.err
    assert renode.json["match"] and renode.json["runner"] == "renode"
    assert all(layer["match"] for layer in renode.json["layers"])
    for figure in ("instructions", "cycles", "cycles_source", "layers", "stack_bytes"):
        assert renode.json[figure] == qemu.json[figure]
