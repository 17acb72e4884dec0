"""What `mcugen accuracy` found out -> what a page is about."""

from __future__ import annotations

from mcugen.accuracy.result import AccuracyOutcome, OutputAccuracy
from mcugen.emit.details import Details
from mcugen.emit.manifest import Manifest
from mcugen.report.page.subject import LayerNoise, Subject, Table
from mcugen.report.words import thousands

GOOD_DB = 30.0
POOR_DB = 20.0


def compared(outcome: AccuracyOutcome, manifest: Manifest, details: Details | None) -> Subject:
    """A module held against its float model."""
    worst = outcome.sqnr_db
    tone = "good" if worst is None or worst >= GOOD_DB else "poor" if worst >= POOR_DB else "bad"
    culprit = outcome.culprit
    entered = "" if culprit is None else f"; most of the error enters in {culprit.name}"
    against = outcome.against
    said = f"outputs against {against}" if worst is None else f"{worst:.1f} dB (SQNR) of {against}{entered}"
    return Subject(
        manifest=manifest,
        verdict=said,
        tone="bad" if outcome.doubts else tone,
        facts=_facts(outcome, manifest),
        details=details,
        problems=[*outcome.doubts, *manifest.warnings],
        noise=[LayerNoise(x.name, x.figures.sqnr_db, x.own_db, x.share) for x in outcome.layers],
        tables=[_outputs(outcome), *_layers(outcome), *_confusion(outcome), *_remedies(outcome)],
    )


def _facts(outcome: AccuracyOutcome, manifest: Manifest) -> list[tuple[str, str]]:
    found = [
        ("model", manifest.model.file),
        ("integers", f"of the {outcome.computed_by}, {thousands(outcome.samples)} samples"),
    ]
    known = outcome.classes
    if known is not None:
        found.append(("top-1", f"{known.top1:.2%}, float model {known.float_top1:.2%}"))
        found.append(("changed class", f"{len(known.changed)} of {known.samples} samples"))
    searched = outcome.search
    if searched is not None:
        layers = ", ".join(searched.layers) or "no layer"
        reached = "reached" if searched.reached else "not reached"
        found.append(("search", f"{searched.target} {reached} with {layers} in int16: {searched.sqnr_db:.1f} dB"))
    return found


def _outputs(outcome: AccuracyOutcome) -> Table:
    columns = ("output", "SQNR, dB", "cosine", "largest error", "saturated", "range used")
    return Table("Outputs", columns, tuple(_output(output) for output in outcome.outputs), 5)


def _output(output: OutputAccuracy) -> tuple[str, ...]:
    known = output.figures
    if known is None:
        return (output.name, "", "", f"{output.differing or 0:.2%} of the values differ", "", "")
    return (
        output.name,
        f"{known.sqnr_db:.1f}",
        f"{known.cosine:.5f}",
        f"{known.largest.size:.4g}",
        f"{known.saturated:.2%}",
        f"{known.used:.0%}",
    )


def _layers(outcome: AccuracyOutcome) -> list[Table]:
    if not outcome.layers:
        return []
    columns = ("layer", "type", "SQNR, dB", "alone, dB", "outputs, dB", "share", "cosine", "saturated", "range used")
    rows = tuple(
        (
            x.name,
            x.dtype,
            f"{x.figures.sqnr_db:.1f}",
            f"{x.own_db:.1f}",
            f"{x.output_db:.1f}",
            f"{x.share:.0%}",
            f"{x.figures.cosine:.4f}",
            f"{x.figures.saturated:.2%}",
            f"{x.figures.used:.0%}",
        )
        for x in outcome.layers
    )
    note = (
        "SQNR: with all error handed down; alone: on exact inputs; outputs: of the model with this layer alone in "
        "integers; share: of the noise at the outputs."
    )
    return [Table("Layers against the float model", columns, rows, 7, note)]


def _confusion(outcome: AccuracyOutcome) -> list[Table]:
    known = outcome.classes
    if known is None or known.count > 40:
        return []
    columns = ("true class", *map(str, range(known.count)))
    rows = tuple((str(k), *map(str, row)) for k, row in enumerate(known.confusion(known.classes).tolist()))
    return [Table("True class by the integers' class", columns, rows, known.count)]


def _remedies(outcome: AccuracyOutcome) -> list[Table]:
    if not outcome.remedies:
        return []
    rows = tuple(
        (
            x.words,
            x.options,
            f"{x.sqnr_db:.1f}",
            f"{x.gain_db:+.1f}",
            "" if x.cost is None else f"{x.cost - 1:+.1%}",
            "" if x.top1 is None else f"{x.top1:.2%}",
        )
        for x in outcome.remedies
    )
    columns = ("what", "option", "SQNR, dB", "gain, dB", "instructions", "top-1")
    note = "Each was made and measured on the same samples; instructions are the kernels' estimates."
    return [Table("What was tried", columns, rows, 4, note)]
