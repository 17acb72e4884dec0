"""Project -> its entries: each model on each board, with everything that is to be known about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mcugen.api import Extras, Options, Publisher
from mcugen.boards import Board, load_board
from mcugen.boards.loader import load_board_file
from mcugen.borders.fields import where
from mcugen.borders.yaml import Place
from mcugen.emit.names import default_module_name
from mcugen.errors import InputError
from mcugen.project.loader import HINT, read_project
from mcugen.project.schema import BudgetFields, ModelFields, OptionFields, ProjectFields
from mcugen.verify.budgets import Budgets
from mcugen.verify.regression import parse_percent


@dataclass(frozen=True)
class Entry:
    """A model on a board.

    Attributes:
        model, board: their names in the project.
        file: the model's.
        folder: of the module.
        runner, firmware: as `mcugen verify` takes them.
        inputs, labels: samples with their classes, for the budget of accuracy.
    """

    model: str
    board: str
    file: Path
    folder: Path
    target: Board
    options: Options
    extras: Extras
    budgets: Budgets
    runner: str
    firmware: Literal["bare", "zephyr"]
    inputs: Path | None
    labels: Path | None

    @property
    def loading(self) -> tuple[Any, ...]:
        """Entries with the same have one graph."""
        options = self.options
        sequences = options.states, options.reset_every
        return self.file, options.calibration, sequences, options.plugins, options.quantizer


@dataclass(frozen=True)
class Project:
    """Attributes:
    file: the project file.
    entries: in the order of the file, models first.
    baseline: an earlier result, or None.
    """

    file: Path
    entries: tuple[Entry, ...]
    baseline: Path | None

    def select(self, models: Sequence[str] = (), boards: Sequence[str] = ()) -> Project:
        """The entries of these models and boards; of all where none is named.

        Raises:
            InputError: there is no such model or board, or no entry is left.
        """
        for what, names, known in (
            ("model", models, list(dict.fromkeys(e.model for e in self.entries))),
            ("board", boards, list(dict.fromkeys(e.board for e in self.entries))),
        ):
            for name in names:
                if name not in known:
                    raise InputError(
                        f"the project has no {what} {name!r}", where=str(self.file), hint=f"one of {', '.join(known)}"
                    )
        found = tuple(
            e for e in self.entries if (not models or e.model in models) and (not boards or e.board in boards)
        )
        if not found:
            raise InputError("no model of the project is for such a board", where=str(self.file), hint=HINT)
        return replace(self, entries=found)

    def with_options(
        self, options: Mapping[str, Any], publisher: Mapping[str, Any], extras: Mapping[str, Any]
    ) -> Project:
        """With fields that were given on the command line, which win over the file's."""
        entries = []
        for entry in self.entries:
            own = replace(entry.options, publisher=replace(entry.options.publisher, **publisher), **options)
            entries.append(replace(entry, options=own, extras=replace(entry.extras, **extras)))
        return replace(self, entries=tuple(entries))

    def with_ways(self, ways: Mapping[str, Any]) -> Project:
        """With another `runner` or `firmware` for all entries."""
        return replace(self, entries=tuple(replace(e, **ways) for e in self.entries))


def load_project(path: Path) -> Project:
    """Reads a project file.

    Raises:
        InputError: it is wrong: with the line and the field.
    """
    fields, lines = read_project(path)
    reader = _Reader(path, path.parent, fields, lines)
    baseline = None if fields.baseline is None else path.parent / fields.baseline
    return Project(path, tuple(reader.entries()), baseline)


@dataclass(frozen=True)
class _Reader:
    path: Path
    folder: Path
    fields: ProjectFields
    lines: dict[Place, int]

    def entries(self) -> Iterator[Entry]:
        targets = {key: self._board(key) for key in self.fields.boards}
        for name, model in self.fields.models.items():
            for key in model.boards if model.boards is not None else self.fields.boards:
                yield self._entry(name, model, key, targets[key])

    def _board(self, key: str) -> Board:
        given = self.fields.boards[key].board or key
        try:
            if given.lower().endswith((".yml", ".yaml")):
                return load_board_file(self.folder / given)
            return load_board(given)
        except InputError as error:
            place = error.where or where(self.path, ("boards", key), self.lines)
            raise InputError(error.what, where=place, hint=error.hint) from error

    def _entry(self, name: str, model: ModelFields, key: str, target: Board) -> Entry:
        own = (model.boards or {}).get(key)
        layers = [self.fields, self.fields.boards[key], model, *([own] if own is not None else [])]
        options = OptionFields.model_construct(**_merged([layer.options for layer in layers]))
        budgets = _merged([layer.budgets for layer in layers])
        return Entry(
            model=name,
            board=key,
            file=self.folder / model.file,
            folder=self.folder / self.fields.output / key / name,
            target=target,
            options=self._options(options, name, model.calibration, target),
            extras=Extras(bool(options.renode), options.harness is not None, options.harness_input or "int8"),
            budgets=_budgets(budgets),
            runner=options.runner or "auto",
            firmware=options.firmware or "bare",
            inputs=self._path(model.inputs),
            labels=self._path(model.labels),
        )

    def _options(self, fields: OptionFields, name: str, calibration: str | None, target: Board) -> Options:
        given: dict[str, Any] = {
            "max_ram": fields.max_ram,
            "max_flash": fields.max_flash,
            "kernels": fields.kernels,
            "optimize": fields.optimize,
            "io": fields.io,
            "io_layout": fields.io_layout,
            "final_softmax": fields.final_softmax,
            "precision": self._precision(fields.precision),
            "self_test": fields.self_test,
            "reset_every": fields.reset_every,
            "observer": fields.observer,
            "equalize": fields.equalize,
            "gptq": fields.gptq,
            "bias_correction": fields.bias_correction,
            "npu": fields.npu,
            "accelerator": fields.accelerator,
            "cmsis_nn": self._path(fields.cmsis_nn),
        }
        return Options(
            board=target,
            calibration=calibration if calibration in (None, "random") else self.folder / calibration,
            name=fields.name or default_module_name(name),
            states=tuple(fields.state),
            plugins=tuple(self._plugin(plugin) for plugin in fields.plugin),
            packages=tuple(fields.package),
            publisher=_publisher(fields),
            **{option: value for option, value in given.items() if value is not None},
        )

    def _plugin(self, given: str) -> str:
        """A file beside the project, or the name of an entry point."""
        return str(self.folder / given) if given.endswith(".py") else given

    def _precision(self, given: str | None) -> str | None:
        """A name, or a file beside the project."""
        return str(self.folder / given) if given is not None and given.endswith((".yml", ".yaml")) else given

    def _path(self, given: str | None) -> Path | None:
        return None if given is None else self.folder / given


def _publisher(fields: OptionFields) -> Publisher:
    given = {"version": fields.package_version, "vendor": fields.package_vendor, "url": fields.package_url}
    return Publisher(**{name: value for name, value in given.items() if value is not None})


def _merged(layers: Sequence[OptionFields | BudgetFields]) -> dict[str, Any]:
    """What is said last counts; null takes back what was said before."""
    found: dict[str, Any] = type(layers[0])().__dict__.copy()
    for fields in layers:
        found |= {name: getattr(fields, name) for name in fields.model_fields_set}
    return found


def _budgets(fields: Mapping[str, Any]) -> Budgets:
    percents = {name: None if fields[name] is None else parse_percent(fields[name]) for name in ("top_1", "fail_over")}
    return Budgets(**{**fields, **percents})
