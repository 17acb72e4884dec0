"""What firmware can bring about through its mailbox: nothing but samples in and declared bytes out."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.emulate import QemuRunner
from mcugen.emulate.mailbox import Mailbox
from mcugen.errors import CheckFailedError
from mcugen.firmware import Elf, Firmware, build_firmware
from tests.firmware.fake_module import fake_layers, write_fake_module

pytestmark = pytest.mark.emulator

BOARD = load_board("mps2_an386")
SAMPLES = [np.arange(2 * 37, dtype=np.int8).reshape(2, 1, 37)]

# Semihosting's SYS_SYSTEM and SYS_OPEN, by which code in an emulator runs a command and makes a file.
_CALL = """static int call(unsigned operation, const void *block)
{
    register unsigned r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int)r0;
}
"""
_PROBES = {
    "command": 'static const char text[] = "touch {path}"; '
    "const void *block[] = {{text, (void *)(sizeof text - 1)}}; call(0x12, block);",
    "file": 'static const char text[] = "{path}"; '
    "const void *block[] = {{text, (void *)4, (void *)(sizeof text - 1)}}; call(0x01, block);",
}


def build(folder: Path, mode: str = "measure", **module: str) -> Firmware:
    manifest = write_fake_module(folder / "module", BOARD, **module)  # type: ignore[arg-type]
    return build_firmware(folder / "module", manifest, BOARD, mode=mode, build_dir=folder / "build")  # type: ignore[arg-type]


@pytest.mark.parametrize("probe", _PROBES)
def test_code_of_a_module_reaches_nothing_outside_the_emulator(probe: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    firmware = build(tmp_path, prelude=_CALL, body=_PROBES[probe].format(path=mark))
    with pytest.raises(CheckFailedError, match="faulted"):
        QemuRunner().run(firmware, SAMPLES, count=False)
    assert not mark.exists()


_RING = """#include <stdint.h>
uint32_t harness_exchange(int command, uint32_t first, uint32_t second, uint32_t third);
"""


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("harness_exchange(9, 1, 2, 3)", "said 9 in its mailbox"),
        ("harness_exchange(2, 0, 0x20000000u, 0x7fffffffu)", "said 2 in its mailbox"),
        ("harness_exchange(1, 7, 0, 0)", "says it ran 7 samples"),
        ("harness_exchange(1, 1, 0, 0)", "buffers do not match"),
        ("harness_exchange(1, 1, 0xF0000000u, 0xF0000000u)", "no memory at 0xf0000000"),
        ("harness_exchange(3, 0, 0, 0)", "ran 0 of 2 samples"),
        ("harness_exchange(3, 0, 0, 0xffffffffu)", "no memory at|ran 0 of 2 samples"),
        ("*(volatile uint32_t *)harness_bell = 1", "ended|said 0|hung|faulted"),
    ],
)
def test_what_a_module_says_itself_is_no_result(call: str, words: str, tmp_path: Path) -> None:
    prelude = f"{_RING}extern uint32_t harness_bell[];"
    firmware = build(tmp_path, prelude=prelude, body=f"(void)({call});" if "(" in call[:20] else f"{call};")
    with pytest.raises(CheckFailedError, match=words):
        QemuRunner(stall_seconds=20).run(firmware, SAMPLES, count=False)


class _Memory(dict[int, int]):
    def read(self, address: int, size: int) -> bytes:
        return bytes(self.get(address + i, 0) for i in range(size))

    def write(self, address: int, data: bytes) -> None:
        self.update({address + i: byte for i, byte in enumerate(data)})


def test_samples_and_layers_in_order(tmp_path: Path) -> None:
    """The firmware's part played here, over the mailbox of a real image."""
    firmware = build(tmp_path, mode="trace")
    elf = Elf(firmware.elf)
    at, memory, ports = elf.address("harness_mailbox"), _Memory(), 0x2000_0000
    for place, data in ((ports, ports + 0x100), (ports + 8, ports + 0x200)):
        memory.write(place, struct.pack("<2I", data, 37))
    mailbox = Mailbox(firmware, elf, SAMPLES, None)

    def say(*words: int) -> object:
        memory.write(at, struct.pack("<5I", *words, *(0,) * (5 - len(words))))
        return mailbox.answer(memory)

    hidden, output = fake_layers(SAMPLES)
    for sample in range(2):
        assert say(1, sample, ports, ports + 8) is None
        # The first sample of a sequence is told apart: state starts with it.
        assert memory.read(at + 16, 4) == (b"\1\0\0\0" if sample else b"\2\0\0\0")
        assert memory.read(ports + 0x100, 37) == SAMPLES[0][sample].tobytes()
        for index, layer in enumerate((hidden, output)):
            memory.write(ports + 0x200, layer[sample].tobytes())
            assert say(2, index, ports + 0x200, 37) is None
    with pytest.raises(CheckFailedError, match="does not match its manifest"):
        say(2, 0, ports, 36)
    assert say(1, 2, ports, ports + 8) is None
    assert memory.read(at + 16, 4) == b"\0\0\0\0"
    memory.write(ports + 0x300, struct.pack("<2I", ports + 0x400, 120))
    memory.write(ports + 0x400, b"stack_bytes\0")
    ending = say(3, 0, ports + 0x300, 1)
    result = mailbox.result(ending)  # type: ignore[arg-type]
    assert result.stack_bytes == 120
    assert result.layer_outputs is not None
    np.testing.assert_array_equal(result.outputs[0], output)
    np.testing.assert_array_equal(result.layer_outputs[0], hidden.reshape(2, 37))
