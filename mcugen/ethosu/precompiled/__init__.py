"""LiteRT files that Vela has compiled already: their command streams as the jobs of the NPU."""

from mcugen.ethosu.precompiled.reader import ROWS
from mcugen.ethosu.precompiled.stage import given_partition, has_command_streams

__all__ = ["ROWS", "given_partition", "has_command_streams"]
