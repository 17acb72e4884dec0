"""Command streams by hand: what Vela never writes, and what is wrong."""

from __future__ import annotations

from typing import Any

from mcugen.ethosu.model.configuration import read_configuration
from mcugen.ethosu.model.isa import U55, Definition, InstructionSet
from mcugen.ethosu.model.network import Block, Invocation, Network, Payload, Port, Region

Names = dict[str, Definition]


def _by_name(isa: InstructionSet) -> Names:
    return {definition.name: definition for definition in isa.commands.values()}


_BY_NAME = _by_name(U55)
U55_128, U65_256 = 0x00001807, 0x10003008
IDENTITY = 0x10066001


def word(name: str, names: Names = _BY_NAME, /, **fields: int) -> list[int]:
    """The words of a command; a field's name is left out where there is only one: `value`."""
    definition = names[name]
    if "value" in fields:
        fields = {definition.fields[0].name: fields["value"]}
    parameter = payload = 0
    for field in definition.fields:
        value = fields.get(field.name, 0)
        if field.name == "addr":
            payload, parameter = value & 0xFFFFFFFF, parameter | value >> 32 & 0xFF
            continue
        bits = (value & ((1 << field.width) - 1)) << field.bit
        parameter |= bits & 0xFFFF
        payload |= bits >> 16
    first = definition.code | definition.has_payload << 14 | parameter << 16
    return [first, payload] if definition.has_payload else [first]


def registers(name: str, shape: tuple[int, int, int], base: int, **changes: int) -> dict[str, dict[str, int]]:
    """Registers of an NHWC feature map of int8, one tile, in region 1.

    Args:
        name: "IFM", "IFM2" or "OFM".
        changes: registers without the name in front, such as `REGION`.
    """
    height, width, depth = shape
    item = 1
    values: dict[str, int] = {
        "REGION": 1,
        "BASE0": base,
        "BASE1": 0,
        "BASE2": 0,
        "BASE3": 0,
        "HEIGHT0_M1": height - 1,
        "HEIGHT1_M1": height - 1,
        "WIDTH0_M1": width - 1,
        "STRIDE_Y": width * depth * item,
        "STRIDE_X": depth * item,
        "STRIDE_C": 1,
        "ZERO_POINT": 0,
    }
    if name == "OFM":
        values |= {"HEIGHT_M1": height - 1, "WIDTH_M1": width - 1}
    if name != "IFM2":
        values["DEPTH_M1"] = depth - 1
    return {f"{name}_{key}": {"value": value} for key, value in (values | changes).items()}


def pool(shape: tuple[int, int, int], source: int, target: int, mode: int = 0) -> dict[str, dict[str, int]]:
    """A 1×1 maximum of int8: a copy. Without the operation itself."""
    return {
        **registers("IFM", shape, source),
        **registers("OFM", shape, target),
        "IFM_PRECISION": {"activation_type": 1},
        "OFM_PRECISION": {"activation_type": 1, "scale_mode": 1, "round_mode": 2},
        "IFM_UPSCALE": {"value": 0},
        **{f"IFM_PAD_{side}": {"value": 0} for side in ("TOP", "LEFT", "BOTTOM", "RIGHT")},
        "KERNEL_WIDTH_M1": {"value": 0},
        "KERNEL_HEIGHT_M1": {"value": 0},
        "KERNEL_STRIDE": {},
        "OFM_BLK_HEIGHT_M1": {"value": 7},
        "OFM_BLK_WIDTH_M1": {"value": 7},
        "OFM_BLK_DEPTH_M1": {"value": 15},
        "ACC_FORMAT": {"value": 0},
        "ACTIVATION": {},
        "ACTIVATION_MIN": {"value": -128},
        "ACTIVATION_MAX": {"value": 127},
        "OFM_SCALE": {"scale": 1},
        "BLOCKDEP": {"value": 0},
    }


def dma(source: int, target: int, length: int, **changes: dict[str, int]) -> dict[str, dict[str, int]]:
    """A transfer within region 1, without its start."""
    return {
        "DMA0_SRC_REGION": {"region": 1},
        "DMA0_DST_REGION": {"region": 1},
        "DMA0_SRC": {"addr": source},
        "DMA0_DST": {"addr": target},
        "DMA0_LEN": {"addr": length},
    } | changes


Step = dict[str, dict[str, int]] | tuple[str, int]


def assemble(*steps: Step, isa: InstructionSet = U55) -> tuple[int, ...]:
    """Registers to set and operations (name, parameter) in turn; NPU_OP_STOP ends it."""
    words: list[int] = []
    names = _by_name(isa)
    for step in (*steps, ("OP_STOP", 0xFFFF)):
        if isinstance(step, tuple):
            words.append(names[step[0]].code | step[1] << 16)
            continue
        for name, fields in step.items():
            words += word(f"SET_{name}", names, **fields)
    return tuple(words)


def network(
    words: tuple[int, ...], *, size: int = 4096, constants: bytes = bytes(64), config: int = U55_128
) -> Network:
    """A network of one stream: region 0 constants, region 1 scratch; input and output are the scratch's halves."""
    blocks = (Block("constants", len(constants), constants), Block("scratch", size))
    regions = {0: Region("constants", 0, len(constants)), 1: Region("scratch", 0, size)}
    payload = Payload(read_configuration(config, IDENTITY), words)
    ports: list[Any] = [Port(n, (size // 2,), 1, None, "scratch", at) for n, at in (("x", 0), ("y", size // 2))]
    return Network(blocks, (Invocation(payload, regions),), (ports[0],), (ports[1],))
