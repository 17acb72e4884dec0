"""The process that Vela runs in: compiles every network of a folder, one after the other.

    python worker.py FOLDER FIRST ARGUMENTS...

reads FOLDER/<number>.tflite from FIRST on, and for each writes what Vela says to <number>.log and, when it compiled,
an empty <number>.done; outputs go to FOLDER/<number>/. Which of them it has come to is seen by the files. Imports
nothing of mcugen, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path


def main(folder: Path, first: int, arguments: list[str]) -> None:
    """Compiles <first>.tflite and those behind it."""
    from ethosu.vela import vela

    number = first
    while (source := folder / f"{number}.tflite").exists():
        with _said(folder / f"{number}.log"):
            try:
                code = vela.main([str(source), "--output-dir", str(folder / str(number)), *arguments])
            except SystemExit as error:
                code = error.code
            except Exception:
                # Vela's own errors are of no common class.
                traceback.print_exc()
                code = 1
        if not code:
            (folder / f"{number}.done").touch()
        number += 1


@contextlib.contextmanager
def _said(path: Path):  # type: ignore[no-untyped-def]
    """All that goes to standard output and error, by Python or by Vela's binary core, goes to the file."""
    saved = [os.dup(n) for n in (1, 2)]
    with path.open("wb") as log:
        for n in (1, 2):
            os.dup2(log.fileno(), n)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for n, descriptor in zip((1, 2), saved, strict=True):
                os.dup2(descriptor, n)
                os.close(descriptor)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
