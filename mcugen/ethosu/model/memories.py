"""How fast the memories behind the NPU's regions are: from the configuration file that Vela takes.

A section System_Config.NAME says what is at each of two ports and how fast it is (`<memory>_clock_scale`: its share of
the NPU's clock; latencies in cycles; bytes of a burst), a section Memory_Mode.NAME which port holds constants, arena
and cache. Regions: 0 constants, 1 scratch (arena), 2 fast scratch (cache), 3 and 4 inputs and outputs (arena).

Source: `vela.ini` of Arm's Vela 5.2, and how its `architecture_features.py` reads it.
"""

from __future__ import annotations

import configparser
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcugen.borders.files import Source, read_bytes
from mcugen.errors import InputError
from mcugen.ethosu.model.configuration import Configuration

_LIMIT = 1 << 20
_PORT_BYTES = {"U55": 8, "U65": 16, "U85": 16}
_AREAS = {"const_mem_area": (0,), "arena_mem_area": (1, 3, 4), "cache_mem_area": (2,)}
_HINT = "give a file like Vela's vela.ini, and the names of two of its sections"


@dataclass(frozen=True)
class Speed:
    """A memory as the NPU sees it.

    Attributes:
        bytes_per_cycle: of the NPU's clock.
        read_latency, write_latency: cycles.
        burst: bytes that it moves at once at least.
    """

    name: str
    bytes_per_cycle: float
    read_latency: int = 0
    write_latency: int = 0
    burst: int = 1


@dataclass(frozen=True)
class Memories:
    """The memories behind the regions.

    Attributes:
        clock: of the NPU, in Hz; None where nothing says it.
        regions: by number.
    """

    name: str
    clock: float | None
    regions: Mapping[int, Speed]


def as_fast_as_the_port(configuration: Configuration) -> Memories:
    """Every region in one memory that is never slower than the NPU's port."""
    speed = Speed("memory", _PORT_BYTES[configuration.product])
    return Memories("memory as fast as the NPU's port", None, dict.fromkeys(range(8), speed))


def read_memories(configuration: Configuration, system: str, mode: str, file: Path | None = None) -> Memories:
    """The memories of two sections of a configuration file.

    Args:
        system, mode: what Vela's --system-config and --memory-mode take.
        file: None: the one that Vela's package brings.

    Raises:
        InputError: there is no file, no such section, or a value is no number.
    """
    source = Source(file or _packaged(), "Vela's configuration file", _HINT)
    return parse_memories(configuration, system, mode, read_bytes(source, _LIMIT), source)


def parse_memories(configuration: Configuration, system: str, mode: str, content: bytes, source: Source) -> Memories:
    """As `read_memories`, from the content of a file; `source` is for messages.

    Raises:
        InputError: there is no such section, or a value is no number.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(content.decode())
    except (UnicodeDecodeError, configparser.Error) as error:
        raise source.error(f"cannot be read: {str(error).splitlines()[0]}") from error
    options, areas = (_Section(parser, source, f"{kind}.{name}") for kind, name in _sections(system, mode))
    speeds = {}
    for port in ("Axi0", "Axi1"):
        memory = options.text(f"{port.lower()}_port")
        width = _PORT_BYTES[configuration.product] * options.number(f"{memory}_ports_used", 1)
        speeds[port] = Speed(
            memory,
            width * options.number(f"{memory}_clock_scale", 1),
            int(options.number(f"{memory}_read_latency", 0)),
            int(options.number(f"{memory}_write_latency", 0)),
            max(1, int(options.number(f"{memory}_burst_length", 1))),
        )
    regions: dict[int, Speed] = {}
    for area, numbers in _AREAS.items():
        port = areas.text(area)
        if port not in speeds:
            raise source.error(f"names the port {port}, must be Axi0 or Axi1", where=f"{areas.name}, {area}")
        regions |= dict.fromkeys(numbers, speeds[port])
    return Memories(f"{system}, {mode}", options.number("core_clock", 0) or None, regions)


def _sections(system: str, mode: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("System_Config", system), ("Memory_Mode", mode)


def _packaged() -> Path:
    found = importlib.util.find_spec("ethosu")
    for place in (found.submodule_search_locations if found is not None else None) or ():
        file = Path(place) / "config_files" / "Arm" / "vela.ini"
        if file.is_file():
            return file
    raise InputError("Vela, which brings a configuration file, is not installed", hint="give a file with --config")


class _Section:
    """A section, which may inherit from another."""

    def __init__(self, parser: configparser.ConfigParser, source: Source, name: str) -> None:
        self.name, self._source = name, source
        self._values: dict[str, str] = {}
        seen: list[str] = []
        while name:
            if not parser.has_section(name):
                kind = name.partition(".")[0]
                known = ", ".join(s.partition(".")[2] for s in parser.sections() if s.startswith(f"{kind}."))
                raise source.error(f"has no section {name}; of this kind it has {known or 'none'}")
            if name in seen:
                raise source.error("has sections that inherit from each other", where=name)
            seen.append(name)
            own = dict(parser.items(name))
            self._values = own | self._values
            name = own.get("inherit", "")

    def text(self, key: str) -> str:
        value = self._values.get(key.lower())
        if value is None:
            raise self._source.error(f"does not say {key}", where=self.name)
        return value

    def number(self, key: str, default: float) -> float:
        text = self._values.get(key.lower())
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e15:
            raise self._source.error(f"has {text!r} for {key}, must be a number", where=self.name)
        return value
