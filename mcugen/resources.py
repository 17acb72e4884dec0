"""Finds the data folders (boards, kernels_cmsis, renode, zephyr_module) in a checkout and in an installed wheel.

In a checkout they lie beside the package; the wheel carries them inside it, as `mcugen/data/<name>`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder of one kind of data, for example `boards`.

    Raises:
        FileNotFoundError: the installation is broken.
    """
    for candidate in (_PACKAGE / "data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"mcugen's data folder {name!r} is missing: the installation is broken, reinstall mcugen")


def data_file(name: str) -> Path:
    """A file that lies beside the data folders, for example `LICENSE`.

    Raises:
        FileNotFoundError: the installation is broken.
    """
    for candidate in (_PACKAGE / "data" / name, _PACKAGE.parent / name):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"mcugen's file {name!r} is missing: the installation is broken, reinstall mcugen")


def build_inputs() -> list[Path]:
    """mcugen's own files that decide what it emits; the last one, if it is installed, has the version in its name.

    Build systems emit again when one of them is newer than what was emitted.
    """
    kinds = {"boards": "*.yml", "kernels_cmsis": "*.[ch]", "zephyr_module/cmake": "*"}
    files = [p for p in _PACKAGE.rglob("*.py") if "data" not in p.relative_to(_PACKAGE).parts]
    files += _PACKAGE.rglob("*.j2")
    for name, pattern in kinds.items():
        top, _, below = name.partition("/")
        files += (p for p in (data_folder(top) / below).rglob(pattern) if p.is_file())
    return [*sorted(set(files)), *_metadata()]


def _metadata() -> list[Path]:
    import importlib.metadata  # half of this module's time; no other function needs it

    try:
        distribution = importlib.metadata.distribution("mcugen")
    except importlib.metadata.PackageNotFoundError:
        return []
    found = Path(str(distribution.locate_file(f"mcugen-{distribution.version}.dist-info/METADATA")))
    return [found] if found.is_file() else []
