"""docs/tutorials and docs/debugging.md: each page is a program.

Its commands run in a fresh folder and print what the page shows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import recipes
from tests.docs.pages import Block, masked, read_blocks

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs" / "tutorials").glob("*.md")), ROOT / "docs" / "debugging.md"]
TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm", "make", "gcc")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@every_page
def test_every_step_is_there(page: Path) -> None:
    """Without running it: files come before commands that use them, code parses, mcugen has the options."""
    known, written = recipes.known_options(), set()
    blocks, text = read_blocks(page), page.read_text()
    assert {"file", "sh", "console"} <= {block.kind for block in blocks}
    for block in blocks:
        if block.kind == "file":
            assert block.name and block.name not in written
            assert f"\n`{block.name}`:\n\n<!-- file: {block.name} -->\n" in text, "the reader does not see comments"
            written.add(block.name)
            if block.language == "python":
                compile(block.text, block.name, "exec")
        elif block.kind in ("sh", "zephyr"):
            done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            for script in re.findall(r"^python (\S+)", block.text, re.MULTILINE):
                assert script in written
            for call in recipes.calls(block.text):
                assert call.options <= known[call.command], call
        assert max(map(len, block.text.splitlines()), default=0) <= 140, "too wide to read"


def run_commands(text: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    return done.stdout


def prepare(folder: Path) -> dict[str, str]:
    """Programs that the page calls by name are those of this Python."""
    programs = folder / "bin"
    programs.mkdir()
    for name, command in (("python", ""), ("mcugen", " -m mcugen")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{command} "$@"\n')
        (programs / name).chmod(0o755)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MCUGEN_UPDATE", "PYTEST"))}
    return clean | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "MCUGEN_PYTHON": sys.executable,
    }


def follow(blocks: list[Block], folder: Path, environment: dict[str, str]) -> None:
    shown = ""
    for block in blocks:
        if block.kind == "file":
            (folder / block.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.name).write_text(block.text)
        elif block.kind == "sh":
            shown = run_commands(block.text, folder, environment)
        elif block.kind == "console":
            rest = masked(shown)
            for line in masked(block.text):
                assert line in rest, f"{line!r} is not printed in:\n{shown}"
                rest = rest[rest.index(line) + 1 :]


@pytest.mark.slow
@pytest.mark.emulator
@every_page
def test_the_page_runs(page: Path, tmp_path: Path) -> None:
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {missing[0]}")
    reader = tmp_path / "reader"
    reader.mkdir()
    follow(read_blocks(page), reader, prepare(tmp_path))
