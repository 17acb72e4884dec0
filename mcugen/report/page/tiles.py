"""The few figures at the head of the page."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.report.page.subject import Subject
from mcugen.report.words import bytes_in_words, milliseconds


@dataclass(frozen=True)
class Tile:
    title: str
    figure: str
    note: str


def tiles(subject: Subject) -> list[Tile]:
    """Time, memories, accuracy: as far as known."""
    found, manifest, measured = [], subject.manifest, subject.measured
    if measured is not None:
        if measured.estimate is not None:
            clock = manifest.target.cpu.clock_hz / 1e6
            milli = milliseconds(measured.estimate.milliseconds)
            found.append(Tile("time", f"{milli} ms", f"at {clock:g} MHz, by {measured.cycles_source}"))
        if measured.cycles is not None:
            found.append(Tile("cycles", _short(measured.cycles), f"{measured.cycles:,}"))
        found.append(Tile("instructions", _short(measured.instructions), f"{measured.instructions:,} counted"))
    flash = subject.flash_bytes
    if flash is not None:
        found.append(Tile("flash", bytes_in_words(flash), subject.flash_how or f"{flash:,} bytes, linked"))
    memory = manifest.memory
    above = memory.arena_bytes - memory.lower_bound
    found.append(Tile("arena", bytes_in_words(memory.arena_bytes), f"{above:,} bytes above the lower bound"))
    if measured is not None:
        bound = measured.stack_bound_bytes
        note = "no bound proven" if bound is None else f"never more than {bound:,} bytes"
        found.append(Tile("stack", bytes_in_words(measured.stack_bytes), note))
    known = manifest.accuracy
    if known is not None and known.sqnr_db:
        worst = min(known.sqnr_db, key=lambda name: known.sqnr_db[name])
        note = f"{worst} against the {known.program}"
        found.append(Tile("accuracy", f"{known.sqnr_db[worst]:.1f} dB", note))
    return found


def _short(value: int) -> str:
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g} {name}"
    return str(value)
