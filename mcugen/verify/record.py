"""The object that `mcugen verify --json` prints, read back from a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import pydantic

from mcugen.borders import Source
from mcugen.borders.files import read_bytes
from mcugen.borders.json import SIZE_LIMIT
from mcugen.errors import InputError

Count = Annotated[int, pydantic.Field(ge=0, lt=2**63)]


class _Record(pydantic.BaseModel):
    """Fields that this mcugen does not know are let through; those with defaults are missing in older files."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True, strict=True)


class LayerRecord(_Record):
    """Figures of one layer. Bytes; None: unknown."""

    name: str
    op: str
    macs: Count
    instructions: Count
    cycles: Count | None = None
    flash_bytes: Count | None = None
    ram_bytes: Count | None = None


class ZephyrRecord(_Record):
    board: str


class NpuPartRecord(_Record):
    npu_cycles: Count


class NpuRecord(_Record):
    accelerator: str
    parts: tuple[NpuPartRecord, ...]


class Record(_Record):
    """Figures of one verified module (`Measurement` says what each is), and what they were measured with.

    Attributes:
        name, board, core: empty when unknown.
        zephyr: None for bare-metal firmware.
        npu: None for a module that was not made for one; without parts when it leaves the NPU alone.
    """

    match: bool
    name: str = ""
    board: str = ""
    core: str = ""
    runner: str
    machine: str = ""
    instructions: Count
    cycles: Count | None
    cycles_source: str
    milliseconds: Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)] | None = None
    arena_bytes: Count
    flash_bytes: Count
    ram_bytes: Count
    stack_bytes: Count
    layers: tuple[LayerRecord, ...]
    zephyr: ZephyrRecord | None = None
    npu: NpuRecord | None = None

    @property
    def npu_cycles(self) -> int:
        """Of one inference in cycles of the NPU's clock, an estimate; in no other figure. 0: without NPU."""
        return 0 if self.npu is None else sum(part.npu_cycles for part in self.npu.parts)

    @property
    def used_npu(self) -> str:
        """The NPU that has a part in the figures, or "none"."""
        return self.npu.accelerator if self.npu is not None and self.npu.parts else "none"

    @pydantic.field_validator("layers")
    @classmethod
    def _unique_names(cls, layers: tuple[LayerRecord, ...]) -> tuple[LayerRecord, ...]:
        for name, number in Counter(layer.name for layer in layers).items():
            if number > 1:
                raise ValueError(f"{number} layers are called {name!r}")
        return layers


def load_record(path: Path) -> Record:
    """Reads a file with the output of `mcugen verify --json`.

    Raises:
        InputError: the file is missing or unreadable, or holds anything else.
    """
    hint = "write it with `mcugen verify DIR --json > FILE.json`"
    content = read_bytes(Source(path, str(path), hint), SIZE_LIMIT)
    try:
        return Record.model_validate_json(content)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise InputError(f"{path} is not JSON: {first['ctx']['error']}", hint=hint) from error
        where = ".".join(map(str, first["loc"])) or None
        raise InputError(
            f"{path} does not hold what `mcugen verify --json` prints: {first['msg']}", where=where, hint=hint
        ) from error
