"""The options of `mcugen.compile`: their types for editors and type checkers, and what is said of a wrong one."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

import pydantic

from mcugen.api import Options, Publisher
from mcugen.boards.quantities import parse_size
from mcugen.errors import InputError


class CompileOptions(TypedDict, total=False):
    """As the options of `mcugen emit` are called, with underscores; `mcugen.api.Options` says what each is.

    Sizes are bytes, or text such as "64K".
    """

    name: str | None
    kernels: Literal["auto", "native", "cmsis-nn", "portable"]
    optimize: Literal["speed", "size", "ram"]
    max_ram: int | str | None
    max_flash: int | str | None
    max_instructions: int | None
    max_cycles: int | None
    cmsis_nn: str | Path | None
    states: Sequence[str]
    reset_every: int | None
    plugins: Sequence[str | Path]
    npu: Literal["off", "auto", "require"] | None
    accelerator: str | None
    io: Literal["int8", "int16", "float32"] | None
    io_layout: Literal["device", "model"]
    final_softmax: Literal["keep", "drop"]
    self_test: bool
    observer: str
    equalize: Literal["auto", "on", "off"]
    gptq: Literal["auto", "on", "off"]
    bias_correction: Literal["auto", "on", "off"]
    precision: str | Path
    packages: Sequence[Literal["arduino", "platformio", "cmsis-pack", "cmake", "zip"]]
    publisher: Publisher


_KINDS: dict[str, Any] = {}


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as `Options` holds them.

    Raises:
        InputError: one is not known, or has a value that it cannot have.
    """
    if not _KINDS:
        _KINDS.update(typing.get_type_hints(CompileOptions))
    found = {}
    for name, value in options.items():
        if name not in _KINDS:
            near = difflib.get_close_matches(name, _KINDS, n=1)
            guess = f"did you mean {near[0]}? " if near else ""
            raise InputError(f"compile() has no option {name!r}", hint=f"{guess}there are {', '.join(_KINDS)}")
        found[name] = _plain(name, _of_its_kind(name, value))
    return found


def _of_its_kind(name: str, value: Any) -> Any:
    if isinstance(value, str) and name in ("states", "plugins", "packages"):
        value = (value,)
    try:
        return pydantic.TypeAdapter(_KINDS[name]).validate_python(value, strict=True)
    except pydantic.ValidationError as error:
        told = "; or ".join(dict.fromkeys(one["msg"] for one in error.errors()))
        raise InputError(f"compile(): {name} is {value!r}: {told}", hint="see help(mcugen.compile)") from error


def _plain(name: str, value: Any) -> Any:
    if name in ("max_ram", "max_flash") and value is not None:
        try:
            return parse_size(value)
        except ValueError as error:
            raise InputError(f"compile(): {name}: {error}") from error
    if name == "cmsis_nn" and value is not None:
        return Path(value)
    if name == "precision":
        return str(value)
    return tuple(map(str, value)) if name in ("states", "plugins", "packages") else value


def options_for(board: Any, calibration: Any, options: Mapping[str, Any]) -> Options:
    """Raises InputError as `checked`."""
    return Options(board=board, calibration=calibration, **checked(options))
