"""Finds CMSIS-NN on this machine and reads its version."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcugen.errors import InputError, MissingToolError
from mcugen.kernels.cmsis_nn.interface import INTERFACES

_HEADER = Path("Include", "arm_nnfunctions.h")
_REVISION = re.compile(r"\$Revision:\s*V\.?(\d+)\.(\d+)\.(\d+)")
_HOW_TO_GET = (
    "git clone https://github.com/ARM-software/CMSIS-NN, then give its folder with --cmsis-nn or in CMSIS_NN_PATH; "
    "in a Zephyr workspace: west update cmsis-nn"
)


@dataclass(frozen=True)
class CmsisNn:
    """A CMSIS-NN source tree.

    Attributes:
        path: its root, with Include/ and Source/.
        revision: of arm_nnfunctions.h, (major, minor, patch).
    """

    path: Path
    revision: tuple[int, int, int]

    @property
    def major(self) -> int:
        return self.revision[0]

    @property
    def version(self) -> str:
        """Such as "V19.1.0": the header's revision, the only version number in the source tree."""
        return "V" + ".".join(map(str, self.revision))


def locate(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> CmsisNn:
    """Finds CMSIS-NN: at `path`, else at CMSIS_NN_PATH, else in the Zephyr workspace of ZEPHYR_BASE.

    Raises:
        MissingToolError: there is none, or CMSIS_NN_PATH leads nowhere; says how to get it.
        InputError: `path` is not CMSIS-NN, or the version is not supported.
    """
    for folder, where in _candidates(path, environment):
        if (folder / _HEADER).is_file():
            return _read(folder.resolve(), where)
        if where == "--cmsis-nn":
            raise InputError(f"{folder} is not CMSIS-NN: it has no {_HEADER}", where=where, hint=_HOW_TO_GET)
        if where == "CMSIS_NN_PATH":
            raise MissingToolError(f"CMSIS-NN is not at {folder}: no {_HEADER} there", where=where, hint=_HOW_TO_GET)
    raise MissingToolError("CMSIS-NN is asked for but was not found", hint=_HOW_TO_GET)


def _candidates(path: Path | None, environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    if path is not None:
        yield path, "--cmsis-nn"
    if environment.get("CMSIS_NN_PATH"):
        yield Path(environment["CMSIS_NN_PATH"]), "CMSIS_NN_PATH"
    if environment.get("ZEPHYR_BASE"):
        yield Path(environment["ZEPHYR_BASE"]).parent / "modules" / "lib" / "cmsis-nn", "Zephyr workspace"


def _read(folder: Path, where: str) -> CmsisNn:
    header = folder / _HEADER
    found = _REVISION.search(header.read_text(encoding="utf-8", errors="replace"))
    supported = "; ".join(f"V{i.major}.{i.minor} and newer V{i.major}: {i.releases}" for i in INTERFACES.values())
    if found is None:
        raise InputError(f"{header} has no revision", where=where, hint=f"supported are {supported}")
    release = CmsisNn(folder, (int(found[1]), int(found[2]), int(found[3])))
    interface = INTERFACES.get(release.major)
    if interface is None or release.revision[1] < interface.minor:
        raise InputError(
            f"CMSIS-NN at {folder} has arm_nnfunctions.h {release.version}, which is not supported",
            where=where,
            hint=f"supported are {supported}",
        )
    return release
