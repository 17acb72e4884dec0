"""What ExecuTorch's Ethos-U delegate packs of Vela's raw output: named blocks behind each other.

A block has a header of 32 bytes (name, 16; length, 4; 1 where it lies elsewhere; 11 unused) and its bytes, filled up
to a multiple of 16. `vela_bin_stream` and `vela_end_stream` are empty and stand first and last; `cmd_data` is the
driver's payload, `weight_data` region 0, `scratch_size` the bytes of region 1; `inputs` and `outputs` are a count, then
for each six axes, bytes of an element, offset and region. How large a fast scratch is (region 2), it does not say.

Source: `arm_vela.py` of ExecuTorch 1.5.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from mcugen.borders.files import Source
from mcugen.ethosu.model.containers.payload import read_payload
from mcugen.ethosu.model.containers.ports import LARGEST, make_network, make_port
from mcugen.ethosu.model.network import Block, Network, Port

FIRST = b"vela_bin_stream\0"
_LAST = b"vela_end_stream\0"
_HEADER = struct.Struct("<16sIB11x")
_COUNT = struct.Struct("<i")
_PORT = struct.Struct("<9i")
_FAST_SCRATCH = 4 << 20
"""Bytes of region 2: more than the SRAM of a device with one."""


def read_executorch(source: Source, data: bytes) -> Network:
    """The network in the delegate's bytes.

    Raises:
        InputError: they are damaged, or part of them lies elsewhere.
    """
    blocks = _blocks(source, data)
    missing = [name for name in ("cmd_data", "weight_data", "scratch_size", "inputs", "outputs") if name not in blocks]
    if missing:
        raise source.error(f"is damaged: it has no block {missing[0]}")
    if len(blocks["scratch_size"]) != 4:
        raise source.error("is damaged", where="block scratch_size")
    size = int.from_bytes(blocks["scratch_size"], "little")
    if size > LARGEST:
        raise source.error(f"asks for {size:,} bytes of scratch memory", where="block scratch_size")
    places = {
        0: Block("constants", len(blocks["weight_data"]), blocks["weight_data"]),
        1: Block("scratch", size),
        2: Block("fast scratch", _FAST_SCRATCH),
    }
    inputs, outputs = (_ports(source, blocks[f"{kind}s"], kind) for kind in ("input", "output"))
    return make_network(source, read_payload(blocks["cmd_data"]), places, inputs, outputs)


def _blocks(source: Source, data: bytes) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    while at + _HEADER.size <= len(data):
        name, length, is_elsewhere = _HEADER.unpack_from(data, at)
        where = f"block at byte {at}"
        start = at + _HEADER.size
        if start + length > len(data):
            raise source.error(f"is cut short: a block of {length:,} bytes ends behind it", where=where)
        if name == _LAST:
            return found
        text = name.rstrip(b"\0").decode("latin-1")
        if is_elsewhere:
            raise source.error(f"keeps its {text} elsewhere", where=where)
        found[text] = data[start : start + length]
        at = start + -(-length // 16) * 16
    raise source.error("is cut short: it does not end with vela_end_stream", where=f"byte {at}")


def _ports(source: Source, data: bytes, kind: str) -> list[tuple[int, Port]]:
    count = _COUNT.unpack_from(data)[0] if len(data) >= _COUNT.size else -1
    if len(data) != _COUNT.size + max(count, 0) * _PORT.size or count < 0:
        raise source.error("is damaged: its length is not that of its ports", where=f"block {kind}s")
    result = []
    for number in range(count):
        *shape, item, offset, region = _PORT.unpack_from(data, _COUNT.size + number * _PORT.size)
        result.append(make_port(source, f"{kind}_{number}", shape, item, region, offset))
    return result
