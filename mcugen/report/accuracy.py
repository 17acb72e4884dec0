"""What `mcugen accuracy` prints for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mcugen.accuracy.figures import Figures
from mcugen.accuracy.result import AccuracyOutcome, ClassAccuracy, LayerAccuracy, SearchResult
from mcugen.report.classes import confusion
from mcugen.report.words import thousands
from mcugen.verify.labels import Classification

_CHANGED = 10


def text_summary(result: AccuracyOutcome) -> Iterator[RenderableType]:
    """Outputs, classes, the table of layers, where the error enters, and what was tried."""
    where = "the integer reference" if result.computed_by == "reference" else f"the firmware in {result.computed_by}"
    board = f" for {result.board}" if result.board else ""
    yield Text(f"{result.name}{board}: {where} against {result.against}, {thousands(result.samples)} samples")
    for doubt in result.doubts:
        yield Text(f"warning: {doubt}", style="yellow")
    yield _outputs(result)
    if result.classes is not None:
        yield from _classes(result.classes)
    if result.layers:
        yield _layers(result)
        yield from _culprit(result)
    if result.remedies:
        yield _remedies(result)
    if result.search is not None:
        yield from _search(result.search)


def _outputs(result: AccuracyOutcome) -> Table:
    table = Table(box=None, title_justify="left")
    for name in ("output", "SQNR", "cosine", "largest error", "saturated", "range used"):
        table.add_column(name, justify="left" if name == "output" else "right")
    for output in result.outputs:
        if output.figures is None:
            assert output.differing is not None
            table.add_row(output.name, f"{output.differing:.2%} of the values differ")
        else:
            table.add_row(output.name, *_figures(output.figures))
    return table


def _figures(known: Figures) -> tuple[str, ...]:
    largest = known.largest
    place = ", ".join(map(str, largest.index))
    error = f"{largest.size:.4g} (sample {largest.sample}, at {place}: {largest.wanted:.4g} is {largest.got:.4g})"
    return (
        f"{known.sqnr_db:.1f} dB",
        f"{known.cosine:.5f}",
        error,
        f"{known.saturated:.2%}",
        f"{known.used:.0%}",
    )


def _classes(known: ClassAccuracy) -> Iterator[RenderableType]:
    table = Table(box=None)
    for name in ("", "float model", "integers"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("top-1", f"{known.float_top1:.2%}", f"{known.top1:.2%}")
    if known.top5 is not None and known.float_top5 is not None:
        table.add_row("top-5", f"{known.float_top5 / known.samples:.2%}", f"{known.top5 / known.samples:.2%}")
    yield table
    changed = known.changed
    if changed:
        shown = [
            f"{i} ({known.float_classes[i]} became {known.classes[i]}, true {known.labels[i]})"
            for i in changed[:_CHANGED]
        ]
        more = f" and {len(changed) - _CHANGED} more" if len(changed) > _CHANGED else ""
        yield Text(f"{len(changed)} samples changed class: {', '.join(shown)}{more}")
    yield from confusion(Classification(known.output, known.confusion(known.classes)))


def _layers(result: AccuracyOutcome) -> Table:
    table = Table(box=None, title_justify="left")
    right = ("SQNR", "alone", "outputs", "share", "cosine", "saturated", "range used")
    for name in ("layer", "operator", "type", *right, "module or source"):
        table.add_column(name, justify="right" if name in right else "left")
    for layer in result.layers:
        table.add_row(*_row(layer), style="bold" if layer is result.culprit else None)
    return table


def _row(layer: LayerAccuracy) -> tuple[str, ...]:
    known = layer.figures
    return (
        layer.name,
        layer.op,
        layer.dtype,
        f"{known.sqnr_db:.1f} dB",
        f"{layer.own_db:.1f} dB",
        f"{layer.output_db:.1f} dB",
        f"{layer.share:.0%}",
        f"{known.cosine:.4f}",
        f"{known.saturated:.2%}",
        f"{known.used:.0%}",
        layer.module or layer.source,
    )


def _culprit(result: AccuracyOutcome) -> Iterator[RenderableType]:
    yield Text(
        "SQNR: with all error handed down; alone: on exact inputs; outputs: of the model with this layer alone in "
        "integers; share: of the noise at the outputs",
        style="dim",
    )
    worst = result.culprit
    if worst is not None and not result.doubts:
        place = ", ".join(part for part in (worst.module and f"module {worst.module}", worst.source) if part)
        yield Text(
            f"most of the error enters in {worst.name} ({worst.op}{', ' + place if place else ''}): alone it makes "
            f"{worst.share:.0%} of the noise at the outputs",
            style="bold",
        )


def _remedies(result: AccuracyOutcome) -> Table:
    table = Table(box=None, title="tried on the same samples", title_justify="left")
    for name in ("what", "SQNR", "gain", "instructions", "top-1", "how"):
        table.add_column(name, justify="left" if name in ("what", "how") else "right")
    for remedy in result.remedies:
        table.add_row(
            remedy.words,
            f"{remedy.sqnr_db:.1f} dB",
            f"{remedy.gain_db:+.1f} dB",
            "" if remedy.cost is None else f"{remedy.cost - 1:+.1%}",
            "" if remedy.top1 is None else f"{remedy.top1:.2%}",
            remedy.options,
        )
    return table


def _search(found: SearchResult) -> Iterator[RenderableType]:
    got = f"{found.sqnr_db:.1f} dB" + ("" if found.top1 is None else f", top-1 {found.top1:.2%}")
    cost = "" if found.cost is None else f", {found.cost - 1:+.1%} instructions by the kernels' estimates"
    if found.cycles is not None and found.before is not None and found.after is not None:
        what = "cycles" if found.after.cycles is not None else "instructions"
        old, new = (
            (found.before.cycles, found.after.cycles)
            if found.before.cycles is not None and found.after.cycles is not None
            else (found.before.instructions, found.after.instructions)
        )
        cost = f", {found.cycles - 1:+.1%} {what} ({thousands(old)} to {thousands(new)}, counted)"
    if not found.reached:
        yield Text(f"{found.target} is not reached; the best of {found.trials} trials: {got}{cost}", style="bold red")
    elif not found.layers:
        yield Text(f"{found.target} is reached as the model is: {got}", style="bold green")
    else:
        names = ", ".join(found.layers)
        yield Text(
            f"{found.target} is reached with {len(found.layers)} layers in int16 ({names}): {got}{cost}; "
            f"{found.trials} trials",
            style="bold green",
        )
