"""Archives for tests: small exported programs, and ways to damage or poison them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class Small(nn.Module):
    """conv, relu, linear: enough of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.linear = nn.Linear(4 * 5 * 5, 3)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.relu(self.conv(image))
        return self.linear(x.flatten(1))


INPUT = (1, 2, 5, 5)


def small_archive(folder: Path) -> Path:
    torch.manual_seed(0)
    path = folder / "small.pt2"
    torch.export.save(torch.export.export(Small().eval(), (torch.zeros(INPUT),)), path)
    return path


Edit = Callable[[str, bytes], bytes | None]


def rewrite(source: Path, target: Path, edit: Edit, extra: dict[str, bytes] | None = None) -> Path:
    """A copy of a zip with each record passed through `edit` (by its name below the root; None drops it)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        root = old.namelist()[0].split("/", 1)[0]
        for info in old.infolist():
            name = info.filename.split("/", 1)[1]
            data = edit(name, old.read(info))
            if data is not None:
                new.writestr(info.filename, data)
        for name, data in (extra or {}).items():
            new.writestr(f"{root}/{name}", data)
    return target


def edit_program(source: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy with the program's JSON changed in place."""

    def edit(name: str, data: bytes) -> bytes:
        if not name.startswith("models/"):
            return data
        program = json.loads(data)
        change(program)
        return json.dumps(program).encode()

    return rewrite(source, target, edit)


class Bomb:
    """Unpickling it creates a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()
