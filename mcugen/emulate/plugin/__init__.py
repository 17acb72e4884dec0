"""The instruction counter, a QEMU plugin in C: compiled on first use with the host's compiler, then cached."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

from mcugen.borders.programs import run_program
from mcugen.errors import MissingToolError

_SOURCES = ("count.c", "qemu_plugin_api.h")
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-fvisibility=hidden")
_TIMEOUT_SECONDS = 120


def counting_plugin(scratch: Path) -> Path:
    """The compiled plugin, from the cache ($XDG_CACHE_HOME/mcugen, else ~/.cache/mcugen) if it is there.

    Args:
        scratch: where it is compiled to when the cache cannot be written.

    Raises:
        MissingToolError: no host compiler.
    """
    cached = _cache_folder() / f"libcount-{_key()}.so"
    if cached.is_file():
        return cached
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as beside:
            library = _compile(Path(beside))
            # Several processes may do this at once: the rename is atomic and all of them bring the same file.
            library.replace(cached)
        return cached
    except OSError:
        return _compile(scratch)


def _cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(root) if root else Path.home() / ".cache") / "mcugen"


def _key() -> str:
    digest = hashlib.sha256(" ".join((platform.system(), platform.machine(), *_FLAGS)).encode())
    for name in _SOURCES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]


def _compile(folder: Path) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise MissingToolError("gcc, which compiles the instruction counter, is not installed", hint=_INSTALL)
    source, library = Path(__file__).parent / "count.c", folder / "libcount.so"
    result = run_program([compiler, *_FLAGS, str(source), "-o", str(library)], folder, seconds=_TIMEOUT_SECONDS)
    if result.returncode:
        words = result.stderr.strip().splitlines()
        raise MissingToolError(
            f"{compiler} cannot compile the instruction counter: {words[0] if words else 'no reason given'}",
            hint=_INSTALL,
        )
    return library


_INSTALL = "apt-get install gcc libc6-dev"
