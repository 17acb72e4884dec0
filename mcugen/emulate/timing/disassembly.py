"""An image's instructions as the toolchain's disassembler names them, with the registers that each reads and writes.

Helium and the loops of Armv8.1-M are in it, which capstone 5 does not know.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcugen.errors import MissingToolError
from mcugen.firmware.toolchain import find_toolchain

_LINE = re.compile(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{4} ?){1,2})\s*\t([a-z][a-z0-9.]*)(?:\t([^;@<]*))?(?:<.*)?")
_CONDITION = re.compile(r"(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$")
_REGISTER = re.compile(r"\b(?:r1[0-5]|r[0-9]|sl|fp|ip|sp|lr|pc|sb|q[0-7]|d[0-9]{1,2}|s[0-9]{1,2})\b")
_ALIASES = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12", "sp": "r13", "lr": "r14", "pc": "r15"}
_TARGET = re.compile(r"(?:^|,\s*)([0-9a-f]+)\s*$")

_SHIFTED = re.compile(r"(lsl|asr|lsr|ror) #")
_OWN_SHIFT = ("sxt", "uxt", "pkh", "ssat", "usat", "v")

# Mnemonics that end like a condition and have none.
_WHOLE = frozenset("teq mls smmls bics lsls movs adcs sbcs muls svc".split())
_NO_RESULT = ("str", "stm", "push", "cmp", "cmn", "tst", "teq", "b", "cbz", "cbnz", "nop", "it", "vst", "vcmp", "vpt")
_TWO_RESULTS = ("smull", "umull", "smlal", "umlal", "umaal", "smlsl", "ldrd", "vmlaldav", "vmlsldav", "vrmlaldavh")
# They add to what their result's register holds.
_ACCUMULATES = ("smlal", "umlal", "umaal", "smlsl", "vmla", "vmls", "vfma", "vfms", "vrmlaldavha", "bfi", "movt")
_TWO_OPERANDS = ("add", "adc", "sub", "sbc", "and", "orr", "eor", "bic", "lsl", "lsr", "asr", "ror", "mul")


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        mnemonic: without condition and width, such as "smlad", "vldrb.u8".
        size: bytes.
        reads, writes: registers by number, "r3", "q2"; floating-point registers by the vector that they are part of.
        pointers: registers of the address, among `reads`.
        base: that of an address which the instruction changes, among `writes`; empty: none.
        accumulator: what the product is added to, among `reads`; empty: none.
        transfers: registers that a load or a store of several moves.
        shifted: has a shifted operand.
        gathers: the address is a vector of addresses.
        target: of a branch whose target is in it.
    """

    address: int
    mnemonic: str
    size: int
    reads: frozenset[str]
    writes: frozenset[str]
    pointers: frozenset[str] = frozenset()
    base: str = ""
    accumulator: frozenset[str] = frozenset()
    transfers: int = 1
    shifted: bool = False
    gathers: bool = False
    target: int | None = None


def disassemble(image: Path, architecture: str) -> list[Instruction] | None:
    """All instructions of an image by address; None without a disassembler.

    Args:
        architecture: as the disassembler names it. It does not know Helium by what an image says of itself.

    Data between code is left out, by the image's mapping symbols.
    """
    try:
        gcc = find_toolchain().gcc
    except MissingToolError:
        return None
    program = gcc.with_name(re.sub(r"gcc$", "objdump", gcc.name))
    command = [str(program), "--disassemble", "--wide", f"--architecture={architecture}", str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return sorted(_read(done.stdout), key=lambda i: i.address) if done.returncode == 0 else None


def _read(text: str) -> Iterator[Instruction]:
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is not None:
            size = 2 * len(found[2].split())
            yield parse(int(found[1], 16), size, found[3], (found[4] or "").strip())


def parse(address: int, size: int, mnemonic: str, operands: str) -> Instruction:
    """An instruction from its text, such as "ldr.w" and "r1, [r0], #4"."""
    name = mnemonic.removesuffix(".w").removesuffix(".n")
    if name not in _WHOLE and not name.startswith(("v", "b")) and len(name) > 3:
        name = _CONDITION.sub("", name)
    if name.startswith(("b", "cb", "le", "wls", "dls")) and not name.startswith(("bic", "bfi", "bfc")):
        return _branch(address, size, name, operands)
    outside, memory, list_ = _split(operands)
    listed = [register for text in list_ for register in _range(text)]
    first = _registers(outside)
    count = 0 if name.startswith(_NO_RESULT) else 2 if name.startswith(_TWO_RESULTS) or _is_pair(name, outside) else 1
    if name.startswith("vst") or (name.startswith("str") and name != "strex"):
        count = 0
    writes, reads = set(first[:count]), set(first[count:]) | set(memory)
    accumulator: set[str] = set()
    if name.startswith(_ACCUMULATES):
        accumulator = set(first[:count])
    elif name.startswith(("mla", "mls", "smla", "smls", "smmla", "smmls", "usada8")) and len(first) == 4:
        accumulator = {first[3]}
    elif name.rstrip("s").startswith(_TWO_OPERANDS) and len(first) == 2 and "#" not in operands:
        reads |= set(first[:1])
    reads |= accumulator
    base = ""
    if memory and ("!" in operands or operands.rstrip().split("]")[-1].strip(" ,")):
        base = memory[0]
    if list_ and first and name.startswith(("ldm", "stm", "vldm", "vstm")):
        base = first[0] if "!" in operands else ""
        writes.discard(first[0])
        reads |= {first[0]}
    if listed:
        (writes if name.startswith(("ldm", "pop", "vldm", "vpop")) else reads).update(listed)
    transfers = len(listed) or (2 if name.startswith(("ldrd", "strd")) else 1)
    return Instruction(
        address,
        name,
        size,
        frozenset(reads),
        frozenset(writes | ({base} if base else set())),
        frozenset(memory) | ({first[0]} if list_ and first else frozenset()),
        base,
        frozenset(accumulator),
        transfers,
        bool(_SHIFTED.search(operands)) and not memory and not name.startswith(_OWN_SHIFT),
        any(register.startswith("q") for register in memory),
    )


def _branch(address: int, size: int, name: str, operands: str) -> Instruction:
    found = _TARGET.search(operands)
    target = int(found[1], 16) if found is not None and not name.startswith(("bx", "blx", "dls")) else None
    registers = _registers([operands])
    loop = name.startswith(("le", "wls", "dls"))
    call = name.startswith("bl") and not name.startswith(("blt", "ble", "bls"))
    return Instruction(
        address,
        name,
        size,
        frozenset(registers[1:] if loop and not name.startswith("le") else registers),
        frozenset({"r14"} if loop or call else ()),
        target=target,
    )


def _is_pair(name: str, outside: list[str]) -> bool:
    """`vmov` of two lanes into two registers."""
    return name == "vmov" and len(outside) == 4 and "[" not in outside[0]


def _split(operands: str) -> tuple[list[str], list[str], list[str]]:
    """(operands, registers of the address, entries of a register list). A lane such as q0[2] is an operand."""
    listed = re.search(r"\{([^}]*)\}", operands)
    rest = operands[: listed.start()] + operands[listed.end() :] if listed else operands
    place = re.search(r"(?<![a-z0-9])\[([^\]]*)\](!?)(.*)", rest)
    memory = _registers([place[1]]) + _registers([place[3]]) if place else []
    outside = rest[: place.start()] if place else rest
    return [o.strip() for o in outside.split(",") if o.strip()], memory, listed[1].split(",") if listed else []


def _registers(texts: list[str]) -> list[str]:
    return [_name(found) for text in texts for found in _REGISTER.findall(text)]


def _name(register: str) -> str:
    """Single and double registers are parts of vectors."""
    if register[0] in "sd" and register[1:].isdigit():
        return f"q{int(register[1:]) // (4 if register[0] == 's' else 2)}"
    return _ALIASES.get(register, register)


def _range(text: str) -> list[str]:
    """Of a list's entry: "r4", "r4-r7", "d8-d15"; what is no register has none."""
    ends = _REGISTER.findall(text)
    if len(ends) < 2:
        return _registers(ends)
    kind, (low, high) = ends[0][0], (int(_ALIASES.get(end, end)[1:]) for end in ends[:2])
    return [_name(f"{kind}{number}") for number in range(low, high + 1)]
