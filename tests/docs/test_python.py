"""docs/python.md: its code runs, block by block, as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import mcugen
from mcugen.compile_options import CompileOptions

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.emulator
def test_the_code_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), names)
    out = capsys.readouterr().out
    assert names["outcome"].match and names["scores"].shape == (32, 3)
    assert (tmp_path / "gestures" / "mcugen.json").is_file()
    assert "unknown board 'nrf5340dl'" in out and "did you mean nrf5340dk" in out
    assert "B (linked)" in out


def test_what_the_page_names_exists() -> None:
    text = PAGE.read_text()
    errors = re.findall(r"^\| `(\w+Error)` \|", text, re.MULTILINE)
    assert len(errors) == 5
    for name in (*errors, "McugenError", "compile"):
        assert hasattr(mcugen, name)
    (row,) = (line for line in text.splitlines() if line.startswith("| further |"))
    named = {name.split("=")[0] for name in re.findall(r"`([a-z_]+(?:=[^`]*)?)`", row)}
    assert named <= set(CompileOptions.__annotations__) and len(named) > 4
