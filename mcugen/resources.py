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
