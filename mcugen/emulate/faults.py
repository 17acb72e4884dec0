"""Words for what the harness reports when firmware goes wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcugen.errors import CheckFailedError
from mcugen.firmware.elf import Elf

# Configurable Fault Status Register, Armv7-M and Armv8-M Architecture Reference Manuals.
_CFSR_BITS = {
    0: "instruction fetch from memory that is not executable",
    1: "access to protected memory",
    4: "stack overflow while entering an exception",
    8: "instruction fetch from no memory",
    9: "access to an address without memory",
    10: "write to an address without memory",
    12: "stack overflow while entering an exception",
    16: "undefined instruction",
    17: "jump to an even address (Arm code)",
    18: "invalid return from an exception",
    19: "floating-point or vector instruction on a core without it",
    20: "stack overflow",
    24: "unaligned access",
    25: "division by zero",
}
_ADDRESS_VALID = 1 << 15

# Of harness/harness.h: what unused stack is painted with, and exit codes.
STACK_PATTERN = 0x5AC4A5E1
FAULT, MODULE_ERROR, STACK_OVERFLOW, OUT_OF_ARENA = 10, 12, 13, 14


def explain_exit(code: int, report: Mapping[str, int], elf: Elf, log: str) -> CheckFailedError:
    """An error for an emulator that ended with a nonzero exit code."""
    if code == FAULT:
        return _explain_fault(report, elf)
    if code == MODULE_ERROR:
        status = report.get("status", 0)
        signed = status - (1 << 32) if status >= 1 << 31 else status
        return CheckFailedError(f"the module returned error {signed} for sample {report.get('sample', 0)}")
    if code == STACK_OVERFLOW:
        return stack_overflow()
    if code == OUT_OF_ARENA:
        return CheckFailedError(f"the module wrote outside its own memory, with sample {report.get('sample', 0)}")
    if "Lockup" in log:
        return _explain_lockup(log, elf)
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    # QEMU warns about a network card that no firmware here uses.
    last = "\n".join([line for line in log.splitlines() if line.strip() and "has no peer" not in line][-8:])
    return CheckFailedError(f"the emulator {how} and no report from the firmware; its last words:\n{last}")


def stack_overflow() -> CheckFailedError:
    return CheckFailedError("the inference used all of the stack", hint="use a board with more RAM, or a smaller arena")


def _explain_lockup(log: str, elf: Elf) -> CheckFailedError:
    """A fault whose handler cannot run, nearly always for want of a stack. QEMU prints the registers."""
    found = re.search(r"R13=([0-9a-f]{8})", log)
    # Only the harness of bare-metal firmware has this symbol.
    bottom = elf.address("linker_stack_bottom") if "linker_stack_bottom" in elf.symbols else 0
    if found and int(found[1], 16) < bottom:
        return CheckFailedError(
            "the inference used more stack than there is", where=f"sp 0x{found[1]}, the stack ends at {bottom:#010x}"
        )
    registers = "\n".join(line for line in log.splitlines() if line.startswith("R") or line.startswith("XPSR"))
    return CheckFailedError(f"the core locked up, a fault inside a fault:\n{registers}")


def _explain_fault(report: Mapping[str, int], elf: Elf) -> CheckFailedError:
    status = report.get("fault_cfsr", 0)
    causes = [words for bit, words in _CFSR_BITS.items() if status >> bit & 1] or ["hard fault"]
    where = f"pc {elf.describe(report['fault_pc'])}, called from {elf.describe(report['fault_lr'])}"
    if status & _ADDRESS_VALID:
        where += f", address {report['fault_address']:#010x}"
    return CheckFailedError(f"the firmware faulted: {', '.join(causes)}", where=where)
