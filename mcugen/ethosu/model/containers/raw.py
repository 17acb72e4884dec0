"""The .npz that Vela writes with --output-format raw.

Regions of memory are numbered there as in the stream. The shapes of inputs and outputs have leading ones, to six axes.
"""

from __future__ import annotations

import math

import numpy as np

from mcugen.borders.files import Source
from mcugen.borders.npz import Npz, open_npz
from mcugen.ethosu.model.containers.payload import read_payload
from mcugen.ethosu.model.network import Block, Invocation, Network, Port, Region

_LARGEST = 2**28


def read_raw(source: Source) -> Network:
    """The network in a raw file.

    Raises:
        InputError: the file is damaged, or none of Vela's.
    """
    with open_npz(source) as npz:
        if "cmd_data" not in npz.arrays:
            raise source.error("is an .npz, but none of Vela's", where="array 'cmd_data' is missing")
        payload = read_payload(npz.read_bytes("cmd_data"))
        weights = npz.read_bytes("weight_data")
        reader = _Numbers(npz)
        places = {reader.one("weight_region"): Block("constants", len(weights), weights)}
        for name in ("scratch", "scratch_fast"):
            number, size = reader.one(f"{name}_region"), reader.one(f"{name}_size")
            # Where there is no fast scratch, its size is 0 or its region is that of the scratch.
            if size and number not in places:
                places[number] = Block(name, size)
        ports = {kind: reader.ports(kind) for kind in ("input", "output", "variable")}
    found = [(region, port) for group in ports.values() for region, port in group]
    for number in sorted({number for number, _ in found} - set(places)):
        places[number] = Block(f"region {number}", max(p.offset + p.size for n, p in found if n == number))
    network = Network(
        tuple(places.values()),
        (Invocation(payload, {n: Region(block.name, 0, block.size) for n, block in places.items()}),),
        *(tuple(_placed(port, places[n], source) for n, port in ports[kind]) for kind in ("input", "output")),
    )
    for number, port in ports["variable"]:
        _placed(port, places[number], source)
    return network


def _placed(port: Port, block: Block, source: Source) -> Port:
    if port.offset + port.size > block.size or block.content is not None:
        raise source.error(
            f"is damaged: {port.size} bytes at {port.offset} do not lie in memory of {block.size} bytes",
            where=port.name,
        )
    return Port(port.name, port.shape, port.item, port.dtype, block.name, port.offset)


class _Numbers:
    """Small arrays of integers."""

    def __init__(self, npz: Npz) -> None:
        self.npz = npz

    def _read(self, name: str) -> np.ndarray:
        array = self.npz.arrays.get(name)
        if array is None or not (array.is_integer or 0 in array.shape):
            raise self.npz.source.error("is none of Vela's", where=f"array {name!r} is missing, or is of no integers")
        return self.npz.read(name)

    def one(self, name: str) -> int:
        """A size or the number of a region."""
        values = self._read(name)
        if values.size != 1 or not 0 <= int(values.ravel()[0]) < (8 if name.endswith("region") else _LARGEST):
            raise self.npz.source.error("is damaged", where=f"array {name!r}")
        return int(values.ravel()[0])

    def ports(self, kind: str) -> list[tuple[int, Port]]:
        """Inputs, outputs or variables with their regions; block names are filled in later."""
        lists = [self._read(f"{kind}_{part}") for part in ("shape", "elem_size", "region", "offset")]
        count = lists[1].size
        if any(len(values.shape) < 1 or values.shape[0] != count for values in lists):
            raise self.npz.source.error("is damaged: the lists differ in length", where=f"arrays {kind}_*")
        result = []
        for index, (shape, item, region, offset) in enumerate(zip(*lists, strict=True)):
            sizes = tuple(int(n) for n in np.atleast_1d(shape))
            good = item in (1, 2, 4) and 0 <= region < 8 and 0 <= offset < _LARGEST and all(n > 0 for n in sizes)
            if not good or math.prod(sizes) * int(item) > _LARGEST:
                raise self.npz.source.error("is damaged", where=f"{kind} {index}")
            port = Port(f"{kind}_{index}", _trimmed(sizes), int(item), None, "", int(offset))
            result.append((int(region), port))
        return result


def _trimmed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Four axes, where the rest are the ones that Vela puts in front."""
    spare = len(shape) - 4
    return shape[spare:] if spare > 0 and all(n == 1 for n in shape[:spare]) else shape
