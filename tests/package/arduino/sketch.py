"""Builds a sketch with libraries as Arduino's tools do, by the recipes of the platform in `hardware/`.

https://arduino.github.io/arduino-cli/latest/sketch-build-process/: the sketch is copied and becomes C++, each library's
`src/` is compiled file by file with no other folder of it to find headers in, then all is linked.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

HARDWARE = Path(__file__).parent / "hardware"
_PLATFORM = HARDWARE / "plain" / "any"


def build(sketch: Path, libraries: Sequence[Path], board: str, work: Path) -> Path:
    """The linked sketch.

    Raises:
        AssertionError: a compiler or the linker says something.
    """
    copied = work / "sketch"
    shutil.copytree(sketch, copied)
    (copied / f"{sketch.name}.ino.cpp").write_text(
        f'#include <Arduino.h>\n#line 1 "{sketch.name}.ino"\n{(copied / f"{sketch.name}.ino").read_text()}'
    )
    recipes = Recipes(board, work)
    folders = [_PLATFORM / "cores" / "plain", *(library / "src" for library in libraries)]
    objects = recipes.compile(copied, folders)
    for library in libraries:
        found = recipes.compile(library / "src", folders)
        objects.append(recipes.archive(f"{library.name}.a", found))
    recipes.archive("core.a", recipes.compile(_PLATFORM / "cores" / "plain", folders[:1]))
    return recipes.link(objects)


class Recipes:
    def __init__(self, board: str, work: Path) -> None:
        self._work, self._count = work, 0
        lines = (_PLATFORM / "platform.txt").read_text().splitlines() + (
            _PLATFORM / "boards.txt"
        ).read_text().splitlines()
        pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
        self._properties = {name.removeprefix(f"{board}."): value for name, value in pairs}
        self._properties |= {"build.path": str(work), "build.project_name": "sketch", "archive_file": "core.a"}

    def compile(self, folder: Path, include: Sequence[Path]) -> list[str]:
        objects = []
        for source in sorted(path for path in folder.rglob("*") if path.suffix in (".c", ".cpp")):
            self._count += 1
            objects.append(str(self._work / f"{self._count}.{source.name}.o"))
            kind = "c" if source.suffix == ".c" else "cpp"
            includes = " ".join(f'"-I{path}"' for path in include)
            self._run(f"recipe.{kind}.o.pattern", source_file=str(source), object_file=objects[-1], includes=includes)
        return objects

    def archive(self, name: str, objects: Sequence[str]) -> str:
        path = str(self._work / name)
        for file in objects:
            self._run("recipe.ar.pattern", archive_file_path=path, object_file=file)
        return path

    def link(self, objects: Sequence[str]) -> Path:
        self._run("recipe.c.combine.pattern", object_files=" ".join(f'"{path}"' for path in objects))
        return self._work / "sketch.elf"

    def _run(self, recipe: str, **more: str) -> None:
        known, text = self._properties | more, self._properties[recipe]
        while re.search(r"\{[\w.]+\}", text):
            text = re.sub(r"\{([\w.]+)\}", lambda name: known[name[1]], text)
        done = subprocess.run(shlex.split(text), capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, f"{text}\n{done.stderr}"
