"""The .npz that Vela writes with --output-format raw.

Regions of memory are numbered there as in the stream. The shapes of inputs and outputs have leading ones, to six axes.
"""

from __future__ import annotations

import numpy as np

from mcugen.borders.files import Source
from mcugen.borders.npz import Npz, open_npz
from mcugen.ethosu.model.containers.payload import read_payload
from mcugen.ethosu.model.containers.ports import LARGEST, make_network, make_port
from mcugen.ethosu.model.network import Block, Network, Port


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
    return make_network(source, payload, places, ports["input"], ports["output"], ports["variable"])


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
        if values.size != 1 or not 0 <= int(values.ravel()[0]) < (8 if name.endswith("region") else LARGEST):
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
            name = f"{kind}_{index}"
            result.append(make_port(self.npz.source, name, sizes, int(item), int(region), int(offset)))
        return result
