"""A front end as C files: its tables and sizes, and beside them the library that reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen import __version__
from mcugen.errors import InputError
from mcugen.features import tables
from mcugen.features.logmel import LogMel
from mcugen.features.tables import Int64Array
from mcugen.templates import render_template

_LIBRARY = Path(__file__).parent / "c"
_WINDOW = "mcugen_window.h"
_WIDTH = 116


@dataclass(frozen=True)
class _Array:
    type: str
    name: str
    values: Int64Array

    @property
    def count(self) -> int:
        return int(self.values.size)

    @property
    def lines(self) -> Iterator[str]:
        line = ""
        for value in self.values.reshape(-1).tolist():
            word = f"{value},"
            if line and len(line) + 1 + len(word) > _WIDTH:
                yield line
                line = word
            else:
                line = f"{line} {word}" if line else word
        yield line


def write(frontend: LogMel, folder: str | Path, *, name: str, quantization: Any = None) -> list[Path]:
    """Writes `<name>.h`, `<name>.c`, and the library mcugen_logmel.h, mcugen_logmel.c and mcugen_window.h.

    Args:
        folder: is made where it is missing; files of these names in it are replaced.
        name: a C identifier; `struct <name>` is a stream.
        quantization: of the model's input that takes the features (`scale`, `zero_point`); without it there is no
            `<name>_scale`, and the C gives features of 1/4096 alone.

    Returns:
        The files.

    Raises:
        InputError: the name is no C identifier or one of the library's, or the quantization is none of int8 features.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name) or name.startswith("mcugen_"):
        raise InputError(
            f"{name!r} cannot be a front end's name", hint="lower-case letters, digits and underscores; not mcugen_..."
        )
    scale = None if quantization is None else frontend.output_scale(quantization)
    context = {
        "version": __version__,
        "name": name,
        "macro": name.upper(),
        "summary": _summary(frontend),
        "frontend": frontend,
        "bank": frontend.filterbank,
        "arrays": _arrays(frontend),
        "scale": scale,
        "quantization": quantization,
    }
    texts = {f"{name}.{kind}": render_template("mcugen.features", f"frontend.{kind}.j2", **context) for kind in "hc"}
    texts |= {path.name: path.read_text() for path in sorted(_LIBRARY.iterdir()) if path.suffix in (".h", ".c")}
    top = Path(folder)
    top.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (top / file).write_text(text)
    return [top / file for file in texts]


def write_window(folder: str | Path) -> Path:
    """Writes mcugen_window.h alone, for models that see a window of a sensor's samples."""
    top = Path(folder)
    top.mkdir(parents=True, exist_ok=True)
    (top / _WINDOW).write_text((_LIBRARY / _WINDOW).read_text())
    return top / _WINDOW


def _summary(frontend: LogMel) -> str:
    kind = f"{frontend.coefficients} cepstral coefficients of " if frontend.coefficients else ""
    filters = f"{kind}{frontend.bands} mel bands, {frontend.low_hz:g} to {frontend.top_hz:g} Hz"
    return f"{filters}, of {frontend.window} samples every {frontend.hop}, at {frontend.sample_rate} Hz"


def _arrays(frontend: LogMel) -> list[_Array]:
    bank = frontend.filterbank
    found = [
        _Array("int16_t", "window", tables.hann_window(frontend.window)),
        _Array("int32_t", "cosine", tables.quarter_cosine(frontend.size)),
        _Array("uint16_t", "logarithm", tables.log2_table()),
        _Array("uint16_t", "weights", bank.weights),
        _Array("uint8_t", "bands", bank.bands),
    ]
    if frontend.coefficients:
        transform = tables.cosine_transform(frontend.coefficients, frontend.bands)
        found.append(_Array("int16_t", "transform", transform))
    return found
