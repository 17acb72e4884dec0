"""What is to be counted: models, boards, kernels. From the command line, or from a suite's YAML file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from mcugen.boards import Board, load_board
from mcugen.borders import Source
from mcugen.borders.yaml import read_yaml
from mcugen.errors import InputError
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import AUTOMATIC, BEST, QuantizerOptions, Switch, parse_observers

KernelPolicy = Literal["auto", "native", "portable", "cmsis-nn"]
Optimize = Literal["speed", "size", "ram"]

OWN: KernelPolicy = "native"
"""mcugen's own kernels: what the others are compared with."""

DEFAULT_KERNELS = (OWN, "portable", "cmsis-nn")

SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True)
class Model:
    """A model file, and how it is quantized.

    Attributes:
        calibration: a .npz file, "random", or None for a quantized program.
    """

    name: str
    path: Path
    calibration: Path | str | None = None
    quantizer: QuantizerOptions = AUTOMATIC


@dataclass(frozen=True)
class Target:
    """A board, and what its NPU does, as `emit --npu` and `--accelerator` have it."""

    board: Board
    npu: str | None = None
    accelerator: str | None = None


@dataclass(frozen=True)
class Case:
    """One row to come."""

    model: str
    target: Target
    kernels: str
    optimize: str


@dataclass(frozen=True)
class Suite:
    """Every model on every target by every kernel policy; on an NPU by mcugen's own kernels alone."""

    models: tuple[Model, ...]
    targets: tuple[Target, ...]
    kernels: tuple[str, ...] = (OWN,)
    optimize: tuple[str, ...] = ("speed",)

    def cases(self) -> Iterator[Case]:
        for model, target, optimize in itertools.product(self.models, self.targets, self.optimize):
            for kernels in self.kernels:
                if target.npu in (None, "off") or kernels == self.kernels[0]:
                    yield Case(model.name, target, kernels, optimize)


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


_Switch = Annotated[Switch, pydantic.BeforeValidator(lambda value: {True: "on", False: "off"}.get(value, value))]
"""YAML takes the plain words on and off for truth values."""


class _ModelEntry(_Strict):
    file: str
    calibration: str | None = None
    observer: str = BEST
    equalize: _Switch = "auto"
    gptq: _Switch = "auto"
    bias_correction: Annotated[_Switch, pydantic.Field(alias="bias-correction")] = "auto"
    precision: str = "int8"

    def quantizer(self, folder: Path) -> QuantizerOptions:
        """Raises InputError as `read_rules`."""
        given = folder / self.precision if self.precision.lower().endswith(SUFFIXES) else self.precision
        return QuantizerOptions(self.observer, self.equalize, self.gptq, self.bias_correction, read_rules(given))


class _TargetEntry(_Strict):
    board: str
    npu: Literal["off", "auto", "require"] | None = None
    accelerator: str | None = None


class _SuiteFile(_Strict):
    """Paths are relative to the file."""

    models: Annotated[dict[str, _ModelEntry], pydantic.Field(min_length=1)]
    boards: Annotated[list[str | _TargetEntry], pydantic.Field(min_length=1)]
    kernels: Annotated[list[KernelPolicy], pydantic.Field(min_length=1)] = [OWN]
    optimize: Annotated[list[Optimize], pydantic.Field(min_length=1)] = ["speed"]


_HINT = "docs/bench.md shows one"


def load_suite(path: Path) -> Suite:
    """Reads a suite's file.

    Raises:
        InputError: it is missing or wrong, with the field; or names a board that there is not.
    """
    source = Source(path, "the suite", _HINT)
    try:
        found = _SuiteFile.model_validate(read_yaml(source))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise source.error(f"is wrong: {first['msg']}", where=".".join(map(str, first["loc"])) or None) from error
    folder = path.parent
    return Suite(
        tuple(
            Model(name, folder / entry.file, _calibration(entry.calibration, folder), entry.quantizer(folder))
            for name, entry in found.models.items()
        ),
        tuple(_target(entry, folder) for entry in found.boards),
        tuple(dict.fromkeys(found.kernels)),
        tuple(dict.fromkeys(found.optimize)),
    )


def _calibration(text: str | None, folder: Path) -> Path | str | None:
    return text if text in (None, "random") else folder / text


def _target(entry: str | _TargetEntry, folder: Path) -> Target:
    if isinstance(entry, str):
        return Target(_board(entry, folder))
    return Target(_board(entry.board, folder), entry.npu, entry.accelerator)


def _board(name: str, folder: Path) -> Board:
    return load_board(str(folder / name) if name.endswith(SUFFIXES) else name)


@dataclass(frozen=True)
class Request:
    """The command line: models or one suite, and what is said about them.

    Attributes:
        calibrations: none, one for all models, or one for each.
        boards, kernels, optimize: in place of the suite's where they are given.
        quantizer: of all models; None: as the suite has it.
    """

    models: Sequence[Path]
    calibrations: Sequence[str] = ()
    boards: Sequence[str] = ()
    kernels: Sequence[str] = ()
    optimize: Sequence[str] = ()
    npu: str | None = None
    accelerator: str | None = None
    quantizer: QuantizerOptions | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is a suite as its file has it."""
        return self.models[0].suffix.lower() in SUFFIXES and not (
            self.boards or self.kernels or self.optimize or self.quantizer
        )

    def suite(self) -> Suite:
        """
        Raises:
            InputError: they do not go together, or a suite or a board is wrong.
        """
        suites = [m for m in self.models if m.suffix.lower() in SUFFIXES]
        if suites and len(self.models) > 1:
            raise InputError("a suite stands alone, without further models", where=str(suites[0]))
        base = load_suite(suites[0]) if suites else Suite(self._named(), (), DEFAULT_KERNELS)
        if suites and self.calibrations:
            raise InputError(
                "a suite names the calibration of its models", where="--calibration", hint="leave the option out"
            )
        models = base.models
        if self.quantizer is not None:
            models = tuple(replace(model, quantizer=self.quantizer) for model in models)
        for model in models:
            parse_observers(model.quantizer.observer)
        targets = tuple(Target(load_board(b), self.npu, self.accelerator) for b in dict.fromkeys(self.boards))
        if not (targets or base.targets):
            raise InputError("no board is named", where="--board", hint="name one of `mcugen boards`, or several")
        if (self.npu or self.accelerator) and not targets:
            raise InputError("--npu and --accelerator are said of the boards of --board", hint="name them as well")
        return Suite(
            models,
            targets or base.targets,
            tuple(dict.fromkeys(self.kernels)) or base.kernels,
            tuple(dict.fromkeys(self.optimize)) or base.optimize,
        )

    def _named(self) -> tuple[Model, ...]:
        """Models by the names of their files."""
        names = [m.stem for m in self.models]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise InputError(f"two models are called {twice!r}", hint="rename a file, or write a suite: docs/bench.md")
        given = list(self.calibrations)
        if len(given) not in (0, 1, len(names)):
            raise InputError(
                f"{len(given)} calibrations for {len(names)} models",
                where="--calibration",
                hint="give one for all models, or one for each in their order",
            )
        each: list[str | None] = [*given]
        if len(given) != len(names):
            each = [given[0] if given else None] * len(names)
        return tuple(
            Model(name, path, None if text is None else _calibration(text, Path()))
            for name, path, text in zip(names, self.models, each, strict=True)
        )
