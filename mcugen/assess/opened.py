"""What `mcugen accuracy` is given, a module's folder or a model file, as graph, float program and samples."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcugen import api
from mcugen.accuracy.module import find_calibration, find_model, find_rules, require_same, run_firmware
from mcugen.accuracy.subject import Subject
from mcugen.api import Options
from mcugen.emit.manifest import Manifest, load_manifest
from mcugen.emit.opened import open_module
from mcugen.errors import InputError
from mcugen.graph.graph import Graph
from mcugen.graph.tensor import IntArray
from mcugen.scratch import scratch_folder

if TYPE_CHECKING:
    from mcugen.frontend.counterpart import Counterpart


@dataclass(frozen=True)
class Given:
    """Attributes:
    name: of the module or model.
    model: the model file.
    options: how the model is compiled.
    folder, manifest: of the module; None for a model file.
    on_board: whether the options' board was chosen, and is not a stand-in.
    edited: files of the module that were edited.
    """

    name: str
    model: Path
    options: Options
    folder: Path | None = None
    manifest: Manifest | None = None
    on_board: bool = True
    edited: tuple[str, ...] = ()

    def load(self, changes: Mapping[str, Any] | None = None, progress: api.Progress | None = None) -> Loaded:
        """The model quantized, with other options than its own where they are given.

        Raises:
            InputError: the model is a LiteRT file, so that there is no float program.
        """
        options = replace(self.options, **(changes or {}))
        graph, entry, beside = api.load_beside_float(self.model, options, progress)
        if beside is None:
            raise InputError(
                "a LiteRT file is quantized already and says no float program: there is nothing to compare with",
                where=str(self.model),
                hint="give the float model beside it with --float MODEL.pt2: its outputs are compared",
            )
        return Loaded(api.at_the_borders(graph, options), graph, entry, beside, options)

    def require_same(self, graph: Graph) -> None:
        """Raises InputError where the model quantized again is not what the folder has."""
        if self.folder is not None and self.manifest is not None:
            require_same(graph, self.manifest, self.folder)

    def firmware(
        self, loaded: Loaded, subject: Subject, runner: str, progress: api.Progress | None
    ) -> tuple[dict[str, IntArray], str]:
        """Outputs of the firmware by name, in the model's layout, and the emulator; a model file is compiled for it."""
        inputs = [subject.inputs[port.tensor] for port in subject.graph.inputs]
        every = subject.counterpart.reset_every
        if self.folder is not None and self.manifest is not None:
            return run_firmware(self.folder, self.manifest, inputs, runner=runner, reset_every=every, progress=progress)
        with scratch_folder("mcugen-accuracy-") as scratch:
            folder = scratch / "module"
            api.compile((loaded.plain, loaded.entry), loaded.options).write(folder)
            manifest = load_manifest(folder)
            return run_firmware(folder, manifest, inputs, runner=runner, reset_every=every, progress=progress)


@dataclass(frozen=True)
class Loaded:
    """Attributes:
    graph: as the module has it, with the ports that the options ask for.
    plain: before those, for `api.compile`.
    """

    graph: Graph
    plain: Graph
    entry: Any
    counterpart: Counterpart
    options: Options


def open_folder(
    folder: Path,
    *,
    model: Path | None,
    calibration: str | None,
    plugins: tuple[str, ...],
    reset_every: int | None,
    allow_edited: bool,
) -> Given:
    """A module's folder, with the model and calibration that it was made from.

    Raises:
        InputError: the folder is no module or was edited, a file is not there or is another one, or the module came
            from a model that was quantized already.
    """
    opened = open_module(folder, allow_edited=allow_edited)
    manifest = opened.manifest
    options = _options(manifest, plugins, reset_every)
    if manifest.options.get("plugins") and not plugins:
        raise InputError(
            f"the module was made with the plugins {', '.join(manifest.options['plugins'])}",
            where=str(folder),
            hint="give them with --plugin",
        )
    path = find_model(manifest, folder, model)
    options = replace(
        options,
        calibration=find_calibration(manifest, folder, calibration),
        precision=find_rules(options.precision, folder),
    )
    return Given(manifest.name, path, options, folder, manifest, True, opened.edited)


def _options(manifest: Manifest, plugins: tuple[str, ...], reset_every: int | None) -> Options:
    """Those that the module was emitted with."""
    known = {field.name for field in dataclasses.fields(Options)} - {"plugins", "max_ram", "max_flash"}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in manifest.options.items()
        if name in known and value is not None
    }
    if reset_every is not None:
        given["reset_every"] = reset_every
    return Options(board=manifest.target, plugins=plugins, **given)
