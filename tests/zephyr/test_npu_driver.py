"""Zephyr's driver of the Ethos-U, unmodified, on the NPU that Renode has by mcugen_npu.resc."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.emulate.renode_install import find_renode
from mcugen.emulate.renode_npu import describe_npu
from mcugen.ethosu.peripheral import Server, StreamJobs
from mcugen.scratch import scratch_folder
from tests.emulate.npu_case import write_case
from tests.zephyr.workspace import Workspace, run_image_in_renode

pytestmark = [
    pytest.mark.zephyr,
    pytest.mark.slow,
    pytest.mark.renode,
    pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH"),
]


# Zephyr's Kconfig has the name of the driver with ARM_ up to 4.1.
def driver_option(workspace: Workspace) -> str:
    source = (Path(workspace.environment["ZEPHYR_BASE"]) / "modules" / "hal_ethos_u" / "Kconfig").read_text()
    return "CONFIG_ARM_ETHOS_U" if re.search(r"^config ARM_ETHOS_U$", source, re.M) else "CONFIG_ETHOS_U"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["mps3_an547", "mps3_corstone300"])
def test_zephyrs_driver_runs_a_network_and_gets_through_faults(workspace: Workspace, tmp_path: Path, name: str) -> None:
    if "hal_ethos_u" not in workspace.modules():
        pytest.skip("the Zephyr workspace has no module hal_ethos_u")
    board = load_board(name)
    assert board.npu is not None
    write_case(tmp_path, board.npu.accelerator, board.npu)
    application = Path(__file__).parent / "npu_driver"
    options = (f"-DCASE={tmp_path}", f"-D{driver_option(workspace)}=y")
    result = workspace.build(application, board.zephyr_board, tmp_path / "build", *options)
    assert result.returncode == 0, result.stdout
    refused: list[str] = []
    jobs = StreamJobs(lambda error: refused.append(error.what))
    with scratch_folder("mcugen-npu-") as folder, Server(folder / "npu", jobs.handle) as server:
        npu = describe_npu(board.npu, board.npu.accelerator, str(server.path))
        words = run_image_in_renode(tmp_path / "build", board, "all cases done", npu=npu)
    found = dict(re.findall(r"^([a-z ]+): (.*?)\r?$", words, re.M))
    assert found == {
        "network": "status 0, matches, in time",
        "broken address": "status -1, differs, in time",
        "broken command": "status -1, differs, in time",
        "network again": "status 0, matches, in time",
    }
    # By Arm's driver: a bus fault of the channel that copies, a command that cannot be parsed.
    assert re.search(r"NPU status=0x00004[08]04", words) and "NPU status=0x00000010" in words
    assert len(refused) == 2
