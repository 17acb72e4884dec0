"""Arm's Vela, the compiler for Ethos-U, in a process of its own: LiteRT files in, command streams out."""

from mcugen.ethosu.compiler.compiled import Compiled, Refused
from mcugen.ethosu.compiler.vela import Target, compile_networks, require_vela

__all__ = ["Compiled", "Refused", "Target", "compile_networks", "require_vela"]
