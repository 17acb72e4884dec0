"""What a report page can be about: a module, with what is known of it. All of it is plain data that others made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcugen.emit.details import Details
from mcugen.emit.manifest import LayerEntry, Manifest
from mcugen.verify.result import LayerResult, Measurement


@dataclass(frozen=True)
class LayerNoise:
    """How far a layer is from the float model, in decibels of signal to quantization noise.

    Attributes:
        layer: its name.
        total: with all error that is handed down to it.
        own: of the layer alone, on exact inputs.
        share: of the noise at the outputs.
    """

    layer: str
    total: float | None
    own: float | None
    share: float


@dataclass(frozen=True)
class Table:
    """A table of a section; `numbers`: how many of the last columns hold figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 0
    note: str = ""


@dataclass(frozen=True)
class Subject:
    """Attributes:
    verdict: in words; `tone`: "good", "poor", "bad" or "plain".
    problems: sentences, each about something that is wrong.
    facts: (what, words) pairs.
    details: None for a module that was made without.
    measured: None where nothing was run.
    flash_bytes: of code and constants; `flash_how` says how that is known.
    noise: by layer; empty where nobody compared layers with a float model.
    tables: of further sections.
    """

    manifest: Manifest
    verdict: str
    tone: str
    facts: Sequence[tuple[str, str]]
    details: Details | None = None
    measured: Measurement | None = None
    flash_bytes: int | None = None
    flash_how: str = ""
    problems: Sequence[str] = ()
    noise: Sequence[LayerNoise] = ()
    tables: Sequence[Table] = ()

    @property
    def layers(self) -> tuple[LayerEntry, ...]:
        return self.manifest.layers

    def counted(self, index: int) -> LayerResult | None:
        """What was counted of a layer."""
        return self.measured.layers[index] if self.measured is not None else None

    def time(self, index: int) -> int | None:
        """Of a layer: cycles where the core has a timing model, else instructions; None where nothing was counted."""
        found = self.counted(index)
        if found is None or self.measured is None:
            return None
        return found.instructions if self.measured.cycles is None else found.cycles

    @property
    def time_unit(self) -> str:
        return "instructions" if self.measured is None or self.measured.cycles is None else "cycles"

    def share(self, index: int) -> float | None:
        """Of a layer: its part of the time of all layers, 0 to 1."""
        mine = self.time(index)
        total = sum(self.time(i) or 0 for i in range(len(self.layers)))
        return None if mine is None else mine / max(total, 1)

    def noise_of(self, name: str) -> LayerNoise | None:
        return next((one for one in self.noise if one.layer == name), None)
