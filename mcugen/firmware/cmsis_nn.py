"""Arm's CMSIS-NN in firmware: found again for a module that calls it, compiled once for a core, and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mcugen.emit.manifest import Manifest
from mcugen.errors import InputError
from mcugen.firmware.toolchain import SECTIONS, Toolchain
from mcugen.kernels.cmsis_nn.locate import CmsisNn, locate

ARCHIVE = "libcmsis_nn.a"
"""The linker script knows the library's code by this file name."""

# As CMSIS-NN's own build, but -O3 in place of -Ofast, which changes nothing in integer code. Release 4.1.0 forgets
# <stdint.h> in one file.
_FLAGS = ("-std=gnu11", "-O3", "-include", "stdint.h", *SECTIONS)
# Sources that need ARM_NN_ENABLE_F16 or _F32.
_FLOAT = ("_f16", "_f32", "_flt")


def module_library(manifest: Manifest) -> CmsisNn | None:
    """The CMSIS-NN that a module was emitted for; None when no layer calls it.

    It is looked for where it was when the module was emitted, then as `locate` does.

    Raises:
        MissingToolError: not found.
        InputError: what was found has another version.
    """
    wanted = manifest.options.get("cmsis_nn")
    if not wanted:
        return None
    emitted_with = Path(wanted["path"])
    found = locate(emitted_with if emitted_with.is_dir() else None)
    if found.version != wanted["version"]:
        raise InputError(
            f"module {manifest.name} was emitted for CMSIS-NN {wanted['version']}, {found.path} has {found.version}",
            where=str(found.path),
            hint="emit the model again, or set CMSIS_NN_PATH to the version that it was emitted for",
        )
    return found


def include_dirs(release: CmsisNn) -> list[Path]:
    """Its public headers; they need no CMSIS core headers."""
    return [release.path / "Include"]


def default_cache() -> Path:
    """`$XDG_CACHE_HOME/mcugen`, usually ~/.cache/mcugen."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcugen"


def build_archive(release: CmsisNn, flags: Sequence[str], toolchain: Toolchain, cache_dir: Path | None = None) -> Path:
    """Compiles all integer functions of CMSIS-NN into a static library, or takes it from the cache.

    Args:
        flags: those that choose the core; later ones win over the library's own.
        cache_dir: default: `default_cache()`.

    Returns:
        The path of a file called `ARCHIVE`.

    Raises:
        CheckFailedError: a source does not compile.
    """
    sources = [s for s in sorted((release.path / "Source").rglob("*.c")) if not s.stem.endswith(_FLOAT)]
    options = [*_FLAGS, *flags, *(f"-I{folder}" for folder in include_dirs(release))]
    folder = (cache_dir or default_cache()) / f"cmsis-nn-{_key(release, sources, options, toolchain)}"
    if (folder / ARCHIVE).is_file():
        return folder / ARCHIVE
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cmsis-nn-", dir=folder.parent) as scratch:
        work = Path(scratch)
        for source in sources:
            toolchain.compile(source, work / f"{source.stem}.o", options, cwd=work)
        names = sorted(p.name for p in work.glob("*.o"))
        toolchain.archive(names, ARCHIVE, cwd=work)
        ready = work / "ready"
        ready.mkdir()
        shutil.move(work / ARCHIVE, ready / ARCHIVE)
        _publish(ready, folder)
    return folder / ARCHIVE


def _publish(ready: Path, folder: Path) -> None:
    """Renaming is atomic: another process sees all or nothing, and whoever comes second finds it done."""
    try:
        ready.rename(folder)
    except OSError:
        if not (folder / ARCHIVE).is_file():
            raise


def _key(release: CmsisNn, sources: Sequence[Path], options: Sequence[str], toolchain: Toolchain) -> str:
    """Changes with the compiler, its options, and any file of the library."""
    digest = hashlib.sha256(repr((options, toolchain.version())).encode())
    for path in [*sources, *sorted((release.path / "Include").rglob("*.h"))]:
        status = path.stat()
        digest.update(f"{path}:{status.st_size}:{status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
