"""Which NPU a stream is for: its configuration word, and the figures that follow from it.

Sources: `config_r` and `id_r` of `ethos_u55_regs.py` of Arm's Vela 5.2; block sizes from its
`architecture_features.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcugen.errors import InputError
from mcugen.ethosu.model.isa import U55, U85, InstructionSet

BANK = 1024
"""Bytes of a bank of SHRAM, the NPU's own memory."""
TABLE_BYTES = 2048
"""Tables lie in the last bytes of a core's SHRAM."""


@dataclass(frozen=True)
class Configuration:
    """An NPU.

    Attributes:
        product: "U55", "U65" or "U85".
        macs: multiply-accumulates a cycle, of all cores.
        cores: 2 on U65-512, which share an operation by output channels; on U85 the streams of weights.
        ofm_ublock, ifm_ublock: height, width and depth of the block that a core works on at once; a U85 has several.
        shram: bytes of SHRAM of one core; of a U85, of its memory for tables.
        architecture: version of the command set, such as (1, 0, 6).
    """

    product: str
    macs: int
    cores: int
    ofm_ublock: tuple[int, int, int]
    ifm_ublock: tuple[int, int, int]
    shram: int
    architecture: tuple[int, int, int]

    def __str__(self) -> str:
        return f"Ethos-{self.product}-{self.macs}"

    @property
    def accelerator(self) -> str:
        """As Vela's --accelerator-config takes it, such as "ethos-u55-128"."""
        return f"ethos-{self.product.lower()}-{self.macs}"

    @property
    def isa(self) -> InstructionSet:
        return U85 if self.product == "U85" else U55

    @property
    def keeps_tables(self) -> bool:
        """Whether SHRAM has banks for tables alone; without, every operation that uses no table overwrites them."""
        return self.product == "U85" or self.shram > 16 * BANK

    @property
    def table_start(self) -> int:
        """Where the eight slots of 256 bytes for tables begin in SHRAM."""
        return self.shram - TABLE_BYTES

    @property
    def most_transfers(self) -> int:
        """DMA transfers that may be under way at once."""
        return {"U55": 1, "U65": 2, "U85": 4}[self.product]

    @property
    def most_kernels(self) -> int:
        """Operations that may be under way at once."""
        return 2


# product, MACs: cores, output ublock, input ublock (height, width, depth)
_DESIGNS: Mapping[tuple[str, int], tuple[int, tuple[int, int, int], tuple[int, int, int]]] = {
    ("U55", 32): (1, (1, 1, 4), (1, 1, 8)),
    ("U55", 64): (1, (1, 1, 8), (1, 1, 8)),
    ("U55", 128): (1, (1, 2, 8), (1, 2, 8)),
    ("U55", 256): (1, (2, 2, 8), (2, 2, 8)),
    ("U65", 256): (1, (2, 2, 8), (2, 2, 8)),
    ("U65", 512): (2, (2, 2, 8), (2, 2, 8)),
}
_PRODUCTS = {0: "U55", 1: "U65", 2: "U85"}
# MACs of a U85: the streams of weights that it decodes at once, and its usual ublock.
_U85 = {128: (1, (1, 2, 8)), 256: (1, (2, 2, 8)), 512: (2, (2, 2, 16)), 1024: (4, (2, 2, 32)), 2048: (4, (2, 2, 64))}
# KiB of SHRAM of one core.
_SHRAM = {("U55", 32): 16, ("U55", 64): 16, ("U55", 128): 24, ("U55", 256): 48, ("U65", 256): 48, ("U65", 512): 48}


def named(name: str) -> Configuration:
    """The NPU of a name such as "ethos-u55-128", as Vela's --accelerator-config takes it.

    Raises:
        InputError: there is none of the name.
    """
    for (product, macs), design in _DESIGNS.items():
        if name == f"ethos-{product.lower()}-{macs}":
            return Configuration(product, macs, *design, _SHRAM[product, macs] * BANK, (1, 0, 6))
    for macs in _U85:
        if name == f"ethos-u85-{macs}":
            return _u85(macs, (2, 0, 0))
    names = [f"ethos-{product.lower()}-{macs}" for product, macs in _DESIGNS] + [f"ethos-u85-{macs}" for macs in _U85]
    raise InputError(f"there is no NPU {name}", hint=f"the model executes {', '.join(names)}")


def _u85(macs: int, architecture: tuple[int, int, int]) -> Configuration:
    cores, ublock = _U85[macs]
    return Configuration("U85", macs, cores, ublock, (1, 1, 8), TABLE_BYTES, architecture)


def read_configuration(config: int, identity: int) -> Configuration:
    """The NPU of a configuration word and an ID word.

    Raises:
        InputError: there is none like it.
    """
    product, macs = _PRODUCTS.get(config >> 28), 1 << (config & 15)
    architecture = (identity >> 28, identity >> 20 & 255, identity >> 16 & 15)
    where = f"configuration word 0x{config:08x}"
    if product is None:
        raise InputError(f"the stream is for an unknown NPU, product {config >> 28}", where=where)
    if product == "U85":
        if macs not in _U85:
            raise InputError(f"there is no Ethos-U85 with {macs} MACs a cycle", where=where)
        return _u85(macs, architecture)
    if version := config >> 4 & 15:
        raise InputError(f"the stream has the unknown version {version}", where=where)
    design = _DESIGNS.get((product, macs))
    if design is None:
        raise InputError(f"there is no Ethos-{product} with {macs} MACs a cycle", where=where)
    shram = (config >> 8 & 255) * BANK // design[0]
    if not TABLE_BYTES < shram <= 48 * BANK:
        raise InputError(f"an Ethos-{product}-{macs} has no {shram} bytes of SHRAM", where=where)
    return Configuration(product, macs, *design, shram, architecture)
