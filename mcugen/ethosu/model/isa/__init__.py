"""The commands of Ethos-U command streams: what each is called and which bits of it mean what."""

from mcugen.ethosu.model.isa.definitions import Definition, Field, InstructionSet
from mcugen.ethosu.model.isa.u55 import U55
from mcugen.ethosu.model.isa.u85 import U85

__all__ = ["U55", "U85", "Definition", "Field", "InstructionSet"]
