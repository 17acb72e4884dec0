"""What `mcugen init` writes: a project file to start from, with the models that lie beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from mcugen.errors import InputError
from mcugen.project.schema import FILE_NAME

_TEXT = """\
# The models of this folder and the boards they are for: `mcugen ci` emits, verifies and measures them all,
# `mcugen emit`, `verify`, `compare` and `check` need no arguments here. Each field: docs/project_file.md.

models:
{models}
boards:
{boards}
# As on the command line of `mcugen emit`; a model or a board may have its own.
# options:
#   optimize: size

# What `mcugen verify` and `mcugen ci` fail over; a model or a board may have its own.
# budgets:
#   flash: 256K
#   ram: 64K
#   milliseconds: 20
#   fail-over: 2%          # growth since the baseline

# output: build            # modules go to <output>/<board>/<model>
# baseline: mcugen.baseline.json   # written by `mcugen ci --update-baseline`
"""


def write_starter(folder: Path, boards: Sequence[str]) -> Path:
    """Writes `mcugen.yml`; the models are the .pt2 files there, each with the .npz that begins like it.

    Raises:
        InputError: the file exists, or cannot be written.
    """
    path = folder / FILE_NAME
    try:
        models = models_beside(folder) or [Path("model.pt2")]
        text = _TEXT.format(
            models=_models(models),
            boards="".join(f"  - {json.dumps(board) if not board.isidentifier() else board}\n" for board in boards),
        )
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(f"{path} exists", hint="edit it, or move it away") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", hint="choose another folder") from error
    return path


def models_beside(folder: Path) -> list[Path]:
    """The exported programs in a folder, in the order of their names."""
    return sorted(folder.glob("*.pt2"))


def _models(paths: Sequence[Path]) -> str:
    found: dict[str, str] = {}
    for path in paths:
        key = re.sub(r"[^A-Za-z0-9_.+-]", "_", path.stem).lstrip("_.+-") or "model"
        while key in found:
            key += "_"
        found[key] = f"  {key}:\n    file: {json.dumps(path.name)}\n    calibration: {_calibration(path)}\n"
    return "".join(found.values())


def _calibration(model: Path) -> str:
    near = sorted(found.name for found in model.parent.glob("*.npz") if found.stem.startswith(model.stem))
    return json.dumps(near[0]) if near else "random   # better: an .npz with samples, an array per input"
