"""Renode's Robot Framework keywords, as far as a module's suite uses them, played by a dictionary of memory.

The firmware it plays adds one to every byte of the input; `FAULT` makes it end as the harness does after a fault.
"""

from __future__ import annotations

import re

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
_PATTERN = (0x5AC4A5E1).to_bytes(4, "little")


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
        if found := re.fullmatch(r'sysbus GetSymbolAddress "(\w+)"', command):
            return f"{SYMBOLS[found[1]]:#x}\n"
        if command.startswith("sysbus FindSymbolAt"):
            return "fake_run\n"
        if found := re.fullmatch(r'mcugen_write (\d+) "([0-9a-f]*)"', command):
            self._put(int(found[1]), bytes.fromhex(found[2]))
        if found := re.fullmatch(r"mcugen_read (\d+) (\d+)", command):
            return self._get(int(found[1]), int(found[2])).hex()
        if command.startswith("mcugen_layer"):
            return self._get(SYMBOLS["output_0"], 3).hex()
        if command == "mcugen_counts":
            return "1000,1010,1510,1520" if self.ran else ",,,"
        return ""

    def create_terminal_tester(self, uart: str, timeout: float, defaultPauseEmulation: bool) -> None:  # noqa: N803
        assert uart == "sysbus.uart0"

    def wait_for_line_on_uart(self, pattern: str, treatAsRegex: bool) -> dict[str, str]:  # noqa: N803
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
