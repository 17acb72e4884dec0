"""Compiled models in Python: `import mcugen; mcugen.compile(model, board="nrf5340dk", calibration=x)`.

Arrays are in the model's own layout, first axis = samples, real numbers unless asked otherwise. What the commands do
with files is done here with objects; both call the same stages.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt

from mcugen import api
from mcugen.boards import Board
from mcugen.compile_options import CompileOptions, options_for
from mcugen.emit.manifest import Manifest, ModelEntry
from mcugen.emit.names import c_identifier
from mcugen.errors import InputError, McugenError
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.quantization import dequantize
from mcugen.graph.tensor import IntArray, Quantization
from mcugen.report.notebook import module_html, port_rows
from mcugen.report.npu import npu_rows
from mcugen.report.text import accuracy, size_rows
from mcugen.scratch import scratch_folder
from mcugen.verify.result import RunOutcome, VerifyOutcome
from mcugen.verify.run import run_samples
from mcugen.verify.samples import check_shape, to_device, to_model_layout
from mcugen.verify.verify import verify_module

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram

    from mcugen.accuracy.result import AccuracyOutcome
    from mcugen.frontend.counterpart import Counterpart

Values = npt.NDArray[Any]


def compile(
    model: str | Path | Graph | ExportedProgram | nn.Module,
    *,
    board: str | Path | Board,
    calibration: str | Path | npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
    example_inputs: Sequence[Any] | None = None,
    **options: Unpack[CompileOptions],
) -> CompiledModule:
    """Compiles a model for a board, as `mcugen emit` does.

    Args:
        model: a .pt2 file, an exported program, or a module of PyTorch, which is put into eval mode and exported.
        board: a name from `mcugen boards`, or a board's YAML file.
        calibration: for a float model: samples (first axis = samples), an array for the only input or one for each by
            name; an .npz of them; or "random" to try things out.
        example_inputs: what `torch.export.export` takes with a module; default: the first sample of the calibration.
        options: as those of `mcugen emit` (`CompileOptions`): `name`, `kernels`, `optimize`, `max_ram`, `io_layout` and
            so on.

    Raises:
        InputError: the model, the calibration, the board or an option is wrong.
        DoesNotFitError: it exceeds the board's memories or a budget.
    """
    given = options_for(str(board) if isinstance(board, Path) else board, None, options)
    with _argument_files("mcugen-compile-") as folder:
        source, names = _model_file(model, calibration, example_inputs, folder)
        file: Path | str | None
        if calibration is None or isinstance(calibration, (str, Path)):
            file = calibration if calibration in (None, "random") else Path(str(calibration))
        else:
            file = folder / "calibration.npz"
            np.savez(file, **_named(calibration, names))
        given = replace(given, calibration=file)
        if isinstance(source, Graph):
            return CompiledModule(api.compile(source, given))
        graph, entry, beside = api.load_beside_float(source, given)
        module = api.compile((graph, entry), given)
        return CompiledModule(module, None if beside is None else FloatModel(graph, entry, beside, given))


@contextmanager
def _argument_files(prefix: str) -> Iterator[Path]:
    """A scratch folder for arrays in files called like the arguments that they were given as: errors name these."""
    with scratch_folder(prefix) as folder:
        try:
            yield folder
        except McugenError as error:
            for file in folder.iterdir():
                if error.where is not None:
                    error.where = error.where.replace(str(file), f"argument {file.stem}")
            raise


def _named(samples: npt.ArrayLike | Mapping[str, npt.ArrayLike], names: Sequence[str]) -> dict[str, Any]:
    if isinstance(samples, Mapping):
        return {name: _array(values) for name, values in samples.items()}
    return {names[0] if len(names) == 1 else "x": _array(samples)}


def _array(values: Any) -> Values:
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _model_file(
    model: Any, calibration: Any, example_inputs: Sequence[Any] | None, folder: Path
) -> tuple[Path | Graph, list[str]]:
    """What `api.compile` takes, and the names of the inputs where they are known."""
    if isinstance(model, Graph):
        return model, [port.name for port in model.inputs]
    if isinstance(model, (str, Path)):
        return Path(model), []
    import torch

    stem = "model"
    if isinstance(model, torch.nn.Module):
        stem = c_identifier(type(model).__name__)
        if example_inputs is None:
            example_inputs = _first_samples(calibration)
        model = _exported(model, tuple(example_inputs))
    if not isinstance(model, torch.export.ExportedProgram):
        raise InputError(f"compile() takes a file, an exported program or a module, not {type(model).__name__}")
    path = folder / f"{stem}.pt2"
    torch.export.save(model, path)
    return path, [str(name) for name in model.graph_signature.user_inputs]


def _exported(model: nn.Module, example_inputs: tuple[Any, ...]) -> ExportedProgram:
    """In eval mode; the user's module keeps the mode that it and its parts are in."""
    import torch

    training = [part for part in model.modules() if part.training]
    try:
        return torch.export.export(model.eval(), example_inputs)
    finally:
        for part in training:
            part.training = True


def _first_samples(calibration: Any) -> tuple[Any, ...]:
    import torch

    if calibration is None or isinstance(calibration, (str, Path)):
        raise InputError(
            "a module of PyTorch needs example inputs to be exported",
            hint="give example_inputs=(x,) as torch.export.export takes them, or samples as calibration",
        )
    arrays = list(calibration.values()) if isinstance(calibration, Mapping) else [calibration]
    return tuple(torch.as_tensor(_array(a)[:1]) for a in arrays)


@dataclass(frozen=True, eq=False, repr=False)
class FloatModel:
    """What a module was quantized from, or of a program that came quantized the same without rounding.

    Attributes:
        graph, entry: as `mcugen.api.load_beside_float` gives them, before the options' ports.
        counterpart: the float program.
    """

    graph: Graph
    entry: ModelEntry
    counterpart: Counterpart
    options: api.Options


@dataclass(frozen=True, repr=False)
class CompiledModule:
    """A model compiled for a board.

    Attributes:
        module: its files in memory, its manifest and its plan.
        float_model: None of a LiteRT file, or a graph.
    """

    module: api.Module
    float_model: FloatModel | None = None

    @property
    def manifest(self) -> Manifest:
        """Ports, layers, memory: what mcugen.json says."""
        return self.module.manifest

    def run(
        self, *inputs: npt.ArrayLike, integers: bool = False, reset_every: int | None = None, **named: npt.ArrayLike
    ) -> Values | dict[str, Values]:
        """The integer reference on samples: what the firmware computes, bit by bit, on this machine.

        Args:
            inputs, named: (samples, ...) for each input, in the model's order or by name; real numbers, or integers
                as they are.
            integers: outputs as the firmware has them, not the real numbers that they stand for.
            reset_every: of a model with state, whose samples are consecutive steps: starts again after so many.

        Returns:
            (samples, ...), or a dict of them where the model has several outputs.

        Raises:
            InputError: an input has a wrong shape, type or value.
        """
        graph, samples = self.module.plan.graph, self._samples(inputs, named)
        state, found = reference.reset(graph), []
        for index in range(len(samples[0])):
            if reset_every and index % reset_every == 0:
                state = reference.reset(graph)
            values = {port.tensor: array[index] for port, array in zip(graph.inputs, samples, strict=True)}
            results = reference.run(graph, values, state)
            state = reference.kept(graph, results)
            found.append([results[port.tensor] for port in graph.outputs])
        outputs = [np.stack(arrays) for arrays in zip(*found, strict=True)]
        return self._outputs(to_model_layout(outputs, self.manifest), integers=integers)

    def emulate(
        self,
        *inputs: npt.ArrayLike,
        integers: bool = False,
        reset_every: int | None = None,
        runner: str = "auto",
        **named: npt.ArrayLike,
    ) -> Values | dict[str, Values]:
        """As `run`, by the firmware in an emulator.

        Raises:
            InputError: as `run`.
            MissingToolError: no compiler or emulator.
        """
        outcome = self._emulated(self._arrays(inputs, named), reset_every, runner)
        return self._outputs(outcome.outputs, integers=integers)

    def verify(self, *, runner: str = "auto", reset_every: int | None = None) -> VerifyOutcome:
        """Builds the firmware and compares it with the integer reference; the outcome has counts, too.

        Raises:
            MissingToolError: no compiler or emulator.
        """
        with scratch_folder("mcugen-verify-") as folder:
            self.write(folder / "module")
            return verify_module(folder / "module", runner=runner, reset_every=reset_every)

    def accuracy(
        self,
        *inputs: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        emulate: bool = False,
        runner: str = "auto",
        **named: npt.ArrayLike,
    ) -> AccuracyOutcome:
        """How far it is from the float model that it was quantized from, by output, layer and class: what
        `mcugen accuracy` says of it.

        Args:
            inputs, named: (samples, ...) for each input, in the model's order or by name, as the float model takes
                them.
            labels: the true class of each sample, or rows of zeros with a one.
            emulate: by the firmware in an emulator, not by the integer reference.

        Raises:
            InputError: there is no float model, or an input or the labels are wrong.
            MissingToolError: no compiler or emulator.
        """
        from mcugen.assess.opened import Given, Loaded
        from mcugen.assess.run import assess

        beside = self.float_model
        if beside is None:
            raise InputError(
                "accuracy() compares with a float program, and this module was compiled from a LiteRT file or a graph",
                hint="compile the float model with calibration samples; `mcugen accuracy --float` takes two files",
            )
        name, options = self.manifest.name, beside.options
        graph = api.at_the_borders(beside.graph, options)
        loaded = Loaded(graph, beside.graph, beside.entry, beside.counterpart, options)
        arrays = self._arrays(inputs, named)
        with _argument_files("mcugen-accuracy-") as folder:
            np.savez(folder / "inputs.npz", **arrays)  # type: ignore[arg-type]
            classes = None
            if labels is not None:
                classes = folder / "labels.npy"
                np.save(classes, _array(labels))
            given = Given(name, Path(beside.entry.file), options)
            samples = folder / "inputs.npz"
            return assess(given, samples, labels=classes, reference=not emulate, runner=runner, loaded=loaded).outcome

    def write(self, folder: str | Path, *, force: bool = False) -> Path:
        """Writes the module's folder; see `mcugen emit` for what a folder may hold besides.

        Raises:
            InputError: the folder is another's, or a file of the module in it was edited.
        """
        self.module.write(Path(folder), force=force)
        return Path(folder)

    def report(self) -> str:
        """What the module takes of its board and how accurate it is, in a few lines, as `mcugen emit` prints them; and
        its inputs and outputs.

        The flash is that of the linked module where there is a cross compiler, else of the constants alone.
        """
        manifest = self.manifest
        rows = [("module", f"{manifest.name}: {len(manifest.layers)} layers, {manifest.macs:,} MACs")]
        rows += [*size_rows(manifest, self._flash), *port_rows(manifest), *npu_rows(manifest)]
        rows += [("accuracy", accuracy(manifest)), *(("warning", text) for text in manifest.warnings)]
        return "\n".join(f"{name:<10}{value}" for name, value in rows)

    @functools.cached_property
    def _flash(self) -> api.FlashSize:
        return api.check_flash(self.module)

    def __repr__(self) -> str:
        manifest = self.manifest
        return (
            f"<mcugen {manifest.name} for {manifest.target.name}: {manifest.macs:,} MACs, "
            f"{manifest.memory.constant_bytes:,} B of constants, {manifest.memory.arena_bytes:,} B of arena>"
        )

    def _repr_html_(self) -> str:
        """For notebooks; see `mcugen.report.notebook`."""
        return module_html(self.manifest)

    def _arrays(self, inputs: Sequence[npt.ArrayLike], named: Mapping[str, npt.ArrayLike]) -> dict[str, Values]:
        wanted = [port.name for port in self.manifest.inputs]
        arrays = dict(zip(wanted, map(_array, inputs), strict=False)) | {n: _array(v) for n, v in named.items()}
        if len(inputs) + len(named) != len(wanted) or set(arrays) != set(wanted):
            raise InputError(f"{len(inputs)} inputs and {sorted(named)} are given, the model takes {wanted}")
        for port in self.manifest.inputs:
            array = arrays[port.name]
            if array.ndim == 0:
                raise InputError("inputs need an axis of samples", where=f"input {port.name!r}")
            check_shape(array.shape[1:], port, f"input {port.name!r}, first axis = samples")
        if len({len(array) for array in arrays.values()}) != 1 or not len(arrays[wanted[0]]):
            raise InputError("the inputs need the same, nonzero number of samples")
        return arrays

    def _samples(self, inputs: Sequence[npt.ArrayLike], named: Mapping[str, npt.ArrayLike]) -> list[IntArray]:
        arrays = self._arrays(inputs, named)
        return [to_device(arrays[port.name], port, f"input {port.name!r}") for port in self.manifest.inputs]

    def _emulated(self, arrays: Mapping[str, Values], reset_every: int | None, runner: str) -> RunOutcome:
        with scratch_folder("mcugen-run-") as folder:
            self.write(folder / "module")
            np.savez(folder / "in.npz", **arrays)  # type: ignore[arg-type]
            return run_samples(
                folder / "module", folder / "in.npz", folder / "out.npz", runner=runner, reset_every=reset_every
            )

    def _outputs(self, arrays: Mapping[str, IntArray], *, integers: bool) -> Values | dict[str, Values]:
        found: dict[str, Values] = {}
        for port in self.manifest.outputs:
            values, real = arrays[port.name], port.quantization
            plain = integers or real is None
            found[port.name] = (
                values
                if plain or real is None
                else dequantize(values, Quantization.per_tensor(real.scale, real.zero_point))
            )
        return next(iter(found.values())) if len(found) == 1 else found
