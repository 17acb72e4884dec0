"""A model as a file for other tools: `mcugen export-tflite`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mcugen.commands.options import BiasCorrection, Equalize, Observer, Plugins, Precision, ResetEvery, States, Switch
from mcugen.commands.preflight import require_calibration, require_model
from mcugen.commands.terminal import output, progress_bars, warn


def export_tflite(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="torch.export archive (.pt2), or a .tflite file.")],
    calibration: Annotated[
        str | None, typer.Option(metavar="FILE.npz", help="Samples for a float model, an array per input; or `random`.")
    ] = None,
    output_file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE.tflite", help="Default: the model's name with .tflite.")
    ] = None,
    state: States = None,
    plugin: Plugins = None,
    reset_every: ResetEvery = None,
    precision: Precision = "int8",
    observer: Observer = "best",
    equalize: Equalize = Switch.auto,
    bias_correction: BiasCorrection = Switch.auto,
) -> None:
    """Write what mcugen makes of a model, quantized, as a LiteRT file: to look at, to run elsewhere, to read back."""
    require_model(model)
    require_calibration(calibration)
    from mcugen import api
    from mcugen.borders.files import write_bytes
    from mcugen.frontend.quantizer_options import parse_observers
    from mcugen.litert.export import export
    from mcugen.litert.schema import schema

    # Before the work, not after it.
    schema()
    parse_observers(observer)
    target = output_file or Path(f"{model.stem}.tflite")
    options = api.Options(
        board="",  # what a file is read as does not depend on one
        calibration=calibration if calibration in (None, "random") else Path(calibration),
        states=tuple(state or ()),
        reset_every=reset_every,
        plugins=tuple(plugin or ()),
        precision=precision,
        observer=observer,
        equalize=equalize.value,
        bias_correction=bias_correction.value,
    )
    with progress_bars() as progress:
        graph, entry = api.load(model, options, progress)
    content = export(graph)
    write_bytes(target, content)
    if entry.calibration == "random":
        warn("random calibration: the scales fit no real data, use it for trials only")
    output.print(
        f"wrote {escape(str(target))}: {len(content):,} bytes, {len(graph.operators)} layers"
        + (f", {len(graph.states)} states" if graph.states else "")
    )
