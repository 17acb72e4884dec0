"""docs/tutorials/gestures.md up to its last step: the Zephyr image says what Python expects of the recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import read_blocks
from tests.docs.test_tutorials import follow, prepare, run_commands
from tests.zephyr.workspace import ROOT, Workspace, run_image

PAGE = ROOT / "docs" / "tutorials" / "gestures.md"
_RUN = "west build -d build -t run\n"


@pytest.mark.slow
@pytest.mark.zephyr
def test_the_image_tells_the_gestures(workspace: Workspace, tmp_path: Path) -> None:
    reader = tmp_path / "reader"
    reader.mkdir()
    environment = workspace.environment | prepare(tmp_path)
    blocks = read_blocks(PAGE)
    # What runs on the workstation is another test's; here files and training are enough.
    follow([block for block in blocks if block.kind == "file" or "train.py" in block.text], reader, environment)
    (commands,) = (block.text for block in blocks if block.kind == "zephyr")
    assert commands.endswith(_RUN)
    run_commands(commands.removesuffix(_RUN), reader, environment)
    console = run_image(reader / "build", "mps2/an385", "^end")
    told = [line for line in console.splitlines() if " ms: " in line]
    assert told == (reader / "expected.txt").read_text().splitlines() and len(told) >= 5
