"""What the commands found out -> what a page is about."""

from __future__ import annotations

from mcugen.emit.details import Details
from mcugen.emit.manifest import Manifest
from mcugen.firmware.flash import FlashSize
from mcugen.report import text
from mcugen.report.npu import npu_rows
from mcugen.report.page.subject import Subject
from mcugen.report.words import thousands
from mcugen.verify.result import Measurement, VerifyOutcome


def emitted(manifest: Manifest, details: Details | None, size: FlashSize) -> Subject:
    """A module that nobody ran yet."""
    return Subject(
        manifest=manifest,
        verdict="emitted; counts and the proof that it is right come from `mcugen verify --report`",
        tone="poor" if text.is_poor(manifest) else "plain",
        facts=[*_model(manifest), *npu_rows(manifest)],
        details=details,
        flash_bytes=size.flash_bytes,
        flash_how=f"{size.flash_bytes:,} bytes, {size.how}",
        problems=manifest.warnings,
    )


def verified(result: VerifyOutcome, details: Details | None) -> Subject:
    """A module that was run, counted and compared."""
    manifest, measured = result.manifest, result.measurement
    edited = [("edited", f"{', '.join(result.edited)}: not as mcugen wrote them")] if result.edited else []
    tone = "bad" if not result.match else "poor" if result.over_budget or text.is_poor(manifest) else "good"
    return Subject(
        manifest=manifest,
        verdict=text.verdict(result) if result.match else result.failure,
        tone=tone,
        facts=[*_model(manifest), *npu_rows(manifest), *_run(result), *edited],
        details=details,
        measured=measured,
        flash_bytes=measured.flash_bytes,
        problems=[*result.over_budget, *manifest.warnings],
    )


def _model(manifest: Manifest) -> list[tuple[str, str]]:
    random = ", random calibration" if manifest.model.calibration == "random" else ""
    asked = {"auto": "", "speed": ""}
    options = [f"--{name} {manifest.options[name]}" for name in ("kernels", "optimize") if name in manifest.options]
    shown = " ".join(option for option in options if option.split()[-1] not in asked)
    return [
        ("model", f"{manifest.model.file}, {thousands(manifest.macs)} multiply-accumulates{random}"),
        ("accuracy", text.accuracy(manifest)),
        *([("options", shown)] if shown else []),
    ]


def _run(result: VerifyOutcome) -> list[tuple[str, str]]:
    manifest, measured = result.manifest, result.measurement
    rows = [("run in", f"{measured.runner}: {measured.machine}; {result.samples} samples")]
    if measured.cycles is None:
        rows.append(("cycles", "no timing model for this core"))
    rows += text.time_rows(measured.estimate, manifest.target)
    rows.append(("RAM", _ram(measured, manifest)))
    if measured.zephyr is not None:
        rows += text.zephyr_counts(measured.zephyr, text.heap(manifest))
    return rows


def _ram(measured: Measurement, manifest: Manifest) -> str:
    state = f", state {thousands(measured.state_bytes)}" if measured.state_bytes else ""
    memory = manifest.memory
    return (
        f"{thousands(measured.ram_bytes)} bytes as linked{state}; arena {thousands(measured.arena_bytes)}, lower bound "
        f"{thousands(memory.lower_bound)}, tensors alive at once {thousands(memory.live_bound)}"
    )
