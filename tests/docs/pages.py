"""Pages whose code blocks are a program: files that the reader writes, commands, and what these print.

    <!-- file: NAME -->      before a block: the reader writes it to that file
    <!-- console -->         before a block: lines that the commands before have printed; numbers may differ
    <!-- zephyr -->          before a block of commands: they need a Zephyr workspace

Blocks in `sh` are commands, run in the reader's folder. All others are for reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_BLOCK = re.compile(r"^(?:<!-- (file|console|zephyr)(?:: (\S+))? -->\n)?```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
Kind = Literal["file", "console", "zephyr", "sh", "other"]


@dataclass(frozen=True)
class Block:
    """One block: `name` is a file's name, `language` what stands behind the fence."""

    kind: Kind
    name: str
    language: str
    text: str


def read_blocks(page: Path) -> list[Block]:
    found = []
    for mark, name, language, text in _BLOCK.findall(page.read_text()):
        kind: Kind = mark or ("sh" if language == "sh" else "other")
        found.append(Block(kind, name, language, text))
    return found


def masked(text: str) -> list[str]:
    """Lines without their numbers and spacing, for comparison: another CPU rounds a weight the other way."""
    return [
        re.sub(r"\s+", " ", re.sub(r"-?\d[\d,.]*", "#", line)).strip() for line in text.splitlines() if line.strip()
    ]
