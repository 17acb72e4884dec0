"""The disassembler against Vela's own, command by command and field by field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcugen.ethosu.model import read_network
from mcugen.ethosu.model.disassembler import disassemble
from mcugen.ethosu.model.isa import U55, U85
from mcugen.ethosu.model.stream import Command, decode
from tests.ethosu.compiler import run_vela
from tests.ethosu.networks import deep_network

_LINE = re.compile(r"0x(?P<offset>[0-9a-f]+):\s+(?P<words>[0-9a-f ]+?) - (?P<name>NPU_\w+)\s+\d+(?:, (?P<fields>.*))?$")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("accelerator", ["ethos-u55-128", "ethos-u65-512", "ethos-u85-256"])
def test_against_vela(accelerator: str, tmp_path: Path) -> None:
    source = tmp_path / "deep.tflite"
    source.write_bytes(deep_network(3)[0])
    printed = run_vela(source, tmp_path, "--accelerator-config", accelerator, "--verbose-register-command-stream")
    wanted = [match for match in map(_LINE.match, printed.splitlines()) if match]
    payload = read_network(tmp_path / "deep_vela.tflite").invocations[0].payload
    commands = decode(payload.words, payload.configuration.isa)
    assert len(commands) == len(wanted) > 200
    for command, match in zip(commands, wanted, strict=True):
        assert command.offset == int(match["offset"], 16)
        assert command.name == match["name"]
        _check_fields(command, match["fields"] or "")


def _check_fields(command: Command, printed: str) -> None:
    found = {
        field.name: field.text(field.of(command.parameter, command.payload)) for field in command.definition.fields
    }
    wanted = dict(part.split(" = ") for part in printed.split(", ") if part)
    assert found.keys() == wanted.keys(), command.place()
    for name, value in found.items():
        # Vela writes the name of a value's type in front of it.
        assert wanted[name] == value or wanted[name].endswith(f"_{value}"), (command.place(), name)


def test_lines() -> None:
    words = (0x0005_0105, 0x00254024, 0x51088C32, 0x0001_0005, 0xFFFF0000)
    lines = list(disassemble(decode(words, U55)))
    assert lines == [
        "0x000000:          0005 0105  NPU_SET_IFM_PRECISION      activation_type = SIGNED, activation_precision = B16"
        ", activation_format = NHWC, scale_mode = OPA_OPB_16, round_mode = DBL",
        "0x000004: 51088c32 0025 4024  NPU_SET_OFM_SCALE          shift = 37, scale = 1359514674",
        "0x00000c:          0001 0005  NPU_OP_POOL                pooling_mode = AVERAGE",
        "",
        "0x000010:          ffff 0000  NPU_OP_STOP                mask = 65535",
    ]


def test_what_means_nothing_is_shown() -> None:
    (line,) = disassemble([Command(U55.commands[False, 0x107], 0, 0x8003)])
    assert line.endswith("mode = 3 (undefined), undefined bits = 0x8000")


def test_the_tables() -> None:
    assert len(U55.commands) == 97
    assert len(U85.commands) == 111
    for isa in (U55, U85):
        for definition in isa.commands.values():
            taken = 0
            for field in definition.fields:
                if field.name == "addr":
                    continue
                bits = ((1 << field.width) - 1) << field.bit
                assert not taken & bits, f"fields of {definition.name} lie over each other"
                taken |= bits
            assert taken < 1 << 48
