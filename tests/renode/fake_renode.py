"""Renode's Robot Framework keywords, as far as a module's suite uses them, played by a dictionary of memory.

The firmware it plays adds one to every byte of the input; `FAULT` makes it end as the harness does after a fault.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

SYMBOLS = {
    "vectors": 0x0,
    "fake_run": 0x100,
    "fake_layer_0": 0x110,
    "fake_layer_end": 0x120,
    "harness_run_end": 0x130,
    "harness_request": 0x2000,
    "input_0": 0x2100,
    "output_0": 0x2200,
    "linker_guard_below": 0x2300,
    "linker_guard_above": 0x2400,
    "linker_stack_bottom": 0x2500,
}
# Those with a size, and which of them is a function.
SIZES = {"fake_run": 0x20, "input_0": 3, "output_0": 3}
COUNTS = """
label 0 0x100
block 0 0x100 8
label 1 0x110
run 0 1 0
block 1 0x110 8
label 2 0x120
run 1 50 49
block 2 0x120 8
label 3 0x130
run 2 1 0
end
"""
_PATTERN = (0x5AC4A5E1).to_bytes(4, "little")


def write_image(path: Path, *, machine: int = 40, load: int = 0x0, sizes: dict[str, int] | None = None) -> None:
    """A minimal ELF file with the symbols, and one loaded segment of 16 bytes."""
    sizes = SIZES if sizes is None else sizes
    names, table = b"\0", struct.pack("<IIIBBH", 0, 0, 0, 0, 0, 0)
    for name, address in SYMBOLS.items():
        kind = 2 if name == "fake_run" else 1
        table += struct.pack("<IIIBBH", len(names), address | (kind == 2), sizes.get(name, 0), kind, 0, 1)
        names += name.encode() + b"\0"
    at_names = 52 + 32 + 16
    at_table = at_names + len(names)
    at_sections = at_table + len(table)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0, 52, at_sections, 0, 52, 32, 1, 40, 3, 0)
    segment = struct.pack("<8I", 1, 84, load, load, 16, 16, 5, 4)
    sections = bytes(40)
    sections += struct.pack("<10I", 0, 2, 0, 0, at_table, len(table), 2, 0, 4, 16)
    sections += struct.pack("<10I", 0, 3, 0, 0, at_names, len(names), 0, 0, 1, 0)
    path.write_bytes(header + segment + bytes(16) + names + table + sections)


class fake_renode:  # noqa: N801 - Robot Framework wants the file's name
    ROBOT_LIBRARY_SCOPE = "TEST"

    def __init__(self, how: str = "") -> None:
        self.how = how
        self.memory: dict[int, int] = {}
        self.commands: list[str] = []
        self.loaded = self.ran = False
        for guard in ("linker_guard_below", "linker_guard_above"):
            self._put(SYMBOLS[guard], b"\xa5" * 32)
        self._put(SYMBOLS["linker_stack_bottom"], _PATTERN)

    def _put(self, address: int, data: bytes) -> None:
        self.memory |= {address + i: byte for i, byte in enumerate(data)}

    def _get(self, address: int, size: int) -> bytes:
        return bytes(self.memory.get(address + i, 0) for i in range(size))

    def execute_command(self, command: str) -> str:
        self.commands.append(command)
        if found := re.fullmatch(r'mcugen_write (\d+) "([0-9a-f]*)"', command):
            self._put(int(found[1]), bytes.fromhex(found[2]))
        if found := re.fullmatch(r"mcugen_read (\d+) (\d+)", command):
            return self._get(int(found[1]), int(found[2])).hex()
        if command.startswith("mcugen_layer"):
            return self._get(SYMBOLS["output_0"], 3).hex()
        if command == "cpu GetBlockCounts":
            return COUNTS if self.ran and self.how != "UNCOUNTED" else ""
        if command == "cpu PC":
            return "0x105\n"
        return ""

    def create_terminal_tester(self, uart: str, timeout: float, defaultPauseEmulation: bool) -> None:  # noqa: N803
        assert uart == "sysbus.uart0"

    def wait_for_line_on_uart(self, pattern: str, treatAsRegex: bool) -> dict[str, str]:  # noqa: N803
        if self.how == "HANG" and self.loaded:
            report = [
                "[host: 1, virt:      0] mcugen fake on board",
                "[host: 1, virt:      9] self-test passed: 2 of 2",
            ]
            pending = "--- Current line buffer contains 4 characters: >>half<<"
            raise RuntimeError("\n".join(["Terminal tester failed!", "", "Full report:", *report, pending]))
        line = self._next_line()
        assert re.search(pattern, line), (pattern, line)
        return {"Line": line}

    def _next_line(self) -> str:
        if not self.loaded:
            self.loaded = True
            return "self-test FAILED: 0 of 2 vectors match" if self.how == "SELF TEST" else "self-test passed: 2 of 2"
        if self.how == "FAULT":
            return "end 10 fault_pc=0x00000105 fault_lr=0x00000101 fault_sp=0x20000000 fault_cfsr=0x00000200"
        self.ran = True
        result = bytes((b + 1) & 255 for b in self._get(SYMBOLS["input_0"], 3))
        self._put(
            SYMBOLS["output_0"], bytes([result[0] ^ 1, *result[1:]]) if self.how in ("WRONG", "SELF TEST") else result
        )
        if self.how == "OUTSIDE":
            self._put(SYMBOLS["linker_guard_above"], b"\0")
        if self.how == "DEEP":
            self._put(SYMBOLS["linker_stack_bottom"], b"\0\0\0\0")
        number = int.from_bytes(self._get(SYMBOLS["harness_request"], 4), "little")
        status = -1 if self.how == "STATUS" else 0
        return f"inference {number}, status {status}, guards intact, stack 40 bytes"
