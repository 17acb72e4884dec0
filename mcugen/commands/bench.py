"""`mcugen bench`: many models on many boards, counted in one run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mcugen.commands import completion
from mcugen.commands.options import (
    BiasCorrection,
    Equalize,
    Gptq,
    Json,
    Kernels,
    Npu,
    Observer,
    Optimize,
    Precision,
    Switch,
)
from mcugen.commands.preflight import require_model
from mcugen.commands.terminal import errors, output, progress_bars
from mcugen.errors import CheckFailedError, InputError


def bench(
    models: Annotated[
        list[Path] | None,
        typer.Argument(metavar="MODEL...", help="torch.export archives, or one suite's YAML file (docs/bench.md)."),
    ] = None,
    board: Annotated[
        list[str] | None,
        typer.Option(
            help="A name from `mcugen boards`, or a board's YAML file; repeatable.", autocompletion=completion.boards
        ),
    ] = None,
    calibration: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.npz", help="Samples for float models, or `random`; one for all, or one for each."),
    ] = None,
    kernels: Annotated[
        list[Kernels] | None,
        typer.Option(help="Kernel library; repeatable. Default: native, portable, and cmsis-nn where it is found."),
    ] = None,
    optimize: Annotated[
        list[Optimize] | None, typer.Option(help="What to prefer where there is a choice; repeatable.")
    ] = None,
    cmsis_nn: Annotated[
        Path | None,
        typer.Option("--cmsis-nn", metavar="PATH", help="Sources of CMSIS-NN; default: CMSIS_NN_PATH."),
    ] = None,
    npu: Annotated[Npu | None, typer.Option(help="What the boards' NPU is used for, as `emit` has it.")] = None,
    accelerator: Annotated[str | None, typer.Option(metavar="NAME", help="Which NPU the boards have.")] = None,
    observer: Observer = "best",
    equalize: Equalize = Switch.auto,
    gptq: Gptq = Switch.auto,
    bias_correction: BiasCorrection = Switch.auto,
    precision: Precision = "int8",
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Figures of before: fail where one rose by more than 1 %."),
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write the figures to the baseline instead.")
    ] = False,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE.md", help="Write a page of all figures.")] = None,
    operators: Annotated[
        bool,
        typer.Option("--operators", help="Single layers, own kernels beside CMSIS-NN's: fail where ours are slower."),
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, help="Processes; default: one for each processor.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Count on the workers of this Dask scheduler, such as tcp://host:8786."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Count models on boards, own kernels beside CMSIS-NN and portable ones, and check against a baseline."""
    if update_baseline and baseline is None:
        raise InputError("--update-baseline needs --baseline", hint="name the file to write")
    if scheduler is not None and jobs is not None:
        raise InputError("--jobs is for processes of this machine, --scheduler for a cluster", hint="leave one out")
    if operators and (models or baseline or markdown or kernels or optimize or calibration or npu or accelerator):
        raise InputError("--operators brings its own layers and kernels", hint="leave out models and what is theirs")
    if not operators and not models:
        raise InputError("no model is named", where="MODEL", hint="name .pt2 files or a suite, or --operators")
    for model in models or ():
        require_model(model)
    from mcugen.bench import operators as layers
    from mcugen.bench import run, tables
    from mcugen.bench.suite import Request
    from mcugen.frontend.precision.rules import read_rules
    from mcugen.frontend.quantizer_options import AUTOMATIC, QuantizerOptions

    workers = run.workers_for(jobs or len(os.sched_getaffinity(0)), scheduler)
    found: run.Result | layers.Sweep
    with progress_bars() as progress:
        if operators:
            found = layers.sweep(board or layers.BOARDS, workers, progress, cmsis_nn=cmsis_nn)
        else:
            quantizer = QuantizerOptions(
                observer, equalize.value, gptq.value, bias_correction.value, read_rules(precision)
            )
            request = Request(
                models or (),
                calibration or (),
                board or (),
                [k.value for k in kernels or ()],
                [o.value for o in optimize or ()],
                npu.value if npu is not None else None,
                accelerator,
                quantizer if quantizer != AUTOMATIC else None,
            )
            found = run.bench(
                request,
                workers,
                progress,
                cmsis_nn=cmsis_nn,
                baseline_file=baseline,
                update=update_baseline,
            )
    if markdown is not None and isinstance(found, run.Result):
        tables.write_page(found, markdown)
    for note in found.notes:
        errors.print(f"[yellow]warning:[/] {escape(note)}")
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        for part in tables.summary(found):
            output.print(part)
    if found.failures:
        raise CheckFailedError("\n".join(found.failures))
