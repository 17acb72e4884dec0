"""Cores that issue two instructions at a time: blocks timed by hand, and kernels' inner loops beside LLVM's models."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mcugen.emulate.timing.disassembly import Instruction, parse
from mcugen.emulate.timing.in_order import timings
from mcugen.emulate.timing.pipelines import CORTEX_M7, CORTEX_M55, CORTEX_M85, Pipeline

CORES = {"cortex-m7": CORTEX_M7, "cortex-m55": CORTEX_M55, "cortex-m85": CORTEX_M85}


def assemble(text: str) -> list[Instruction]:
    """Instructions of two bytes each; a line "2: ..." is a label, a branch to "2b" goes there."""
    found, labels = [], {}
    for address, line in enumerate(text.strip().splitlines()):
        label, colon, rest = line.strip().rpartition(": ")
        if colon:
            labels[label] = 2 * address
        mnemonic, _, operands = rest.partition(" ")
        for name, at in labels.items():
            operands = re.sub(rf"\b{name}b$", f"{at:x}", operands)
        found.append(parse(2 * address, 2, mnemonic, operands))
    return found


def cycles(text: str, pipeline: Pipeline, turns: int = 1) -> int:
    """Of a block from its first instruction; of a loop, whose last instruction jumps to the first, so many turns."""
    rows = list(timings(assemble(text), pipeline).values())
    once = rows[0].cycles + sum(row.overlapped for row in rows[1:])
    return turns * once + (turns - 1) * rows[-1].taken


# Assembly, and its cycles on M7, M55, M85.
BLOCKS = {
    "two additions at once": ("add r0, r1, r2\nadd r3, r4, r5", (1, 2, 1)),
    "an addition needs the one before": ("add r0, r1, r2\nadd r3, r0, r5", (2, 2, 2)),
    "an addition beside a load": ("ldr r0, [r1]\nadd r2, r3, r4", (1, 2, 1)),
    "a sum wants a loaded word late": ("ldr r0, [r1]\nadd r2, r0, r4", (2, 3, 2)),
    "a product wants it at once": ("ldr r0, [r1]\nmul r2, r0, r4", (3, 3, 3)),
    "a byte comes a cycle later": ("ldrb r0, [r1]\nadd r2, r0, r4", (3, 3, 3)),
    "an address out of an addition": ("add r0, r1, r2\nldr r3, [r0]", (3, 2, 3)),
    "one multiplier": ("smlad r0, r1, r2, r0\nsmlad r3, r4, r5, r3", (2, 2, 2)),
    # The M7's sums are handed on within the multiplier.
    "a chain of sums of products": ("smlad r0, r1, r2, r0\nsmlad r0, r4, r5, r0\nsmlad r0, r1, r2, r0", (3, 5, 3)),
    "a product of a product": ("mul r0, r1, r2\nmul r3, r0, r2", (3, 3, 3)),
    "one extension a cycle": ("sxtb16 r0, r1\nsxtb16 r2, r3", (2, 2, 2)),
    "registers by twos": ("ldm r0, {r1, r2, r3, r4, r5}\nadd r6, r7, r8", (4, 4, 4)),
    "the address that a load leaves": ("ldr r0, [r1], #4\nldr r2, [r1]", (2, 2, 2)),
    "requantization": ("smmul r0, r1, r2\nasr r0, r0, #2\nssat r0, #8, r0\nstrb r0, [r3]", (5, 6, 5)),
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize(("index", "core"), enumerate(CORES))
def test_blocks_timed_by_hand(name: str, index: int, core: str) -> None:
    text, expected = BLOCKS[name]
    assert cycles(text, CORES[core]) == expected[index]


# Cycles on M55 and M85.
VECTOR_BLOCKS = {
    "two beats a cycle": ("vldrb.u8 q0, [r0]\nvldrb.u8 q1, [r1]", (3, 3)),
    "one vector a cycle": ("vadd.i32 q0, q1, q2\nvldrb.u8 q3, [r1]\nvmul.i32 q4, q5, q6", (3, 3)),
    "scalars go beside vectors": ("vldrb.u8 q0, [r0]\nadd r3, r4, r5", (1, 1)),
    # The M85 has nothing beside a sum across a vector.
    "sums across a vector": ("vmladav.s8 r4, q0, q1\nvldrb.u8 q2, [r0]", (2, 3)),
}


@pytest.mark.parametrize("name", VECTOR_BLOCKS)
@pytest.mark.parametrize(("index", "core"), enumerate(("cortex-m55", "cortex-m85")))
def test_vector_blocks_timed_by_hand(name: str, index: int, core: str) -> None:
    text, expected = VECTOR_BLOCKS[name]
    assert cycles(text, CORES[core]) == expected[index]


def test_every_turn_of_a_short_loop_waits_for_the_one_before() -> None:
    """A load at a loop's end is wanted at its start: on an M7 the product waits a cycle from the second turn on."""
    text = "1: mul r2, r0, r4\nsubs r3, r3, #1\nldr r0, [r1]\nbne 1b"
    # mul and subs; ldr and bne. Then: mul two cycles behind ldr.
    assert cycles(text, CORTEX_M7) == 2
    assert cycles(text, CORTEX_M7, turns=10) == 2 + 9 * 3


def test_hardware_loops_cost_nothing() -> None:
    text = "1: vldrb.u8 q0, [r0], #16\nvmladava.s8 r4, q0, q1\nle lr, 1b"
    # A load and a sum each occupy their unit for two cycles, side by side.
    assert cycles(text, CORTEX_M55, turns=100) == pytest.approx(200, abs=2)


def test_taken_branches_refill_the_m55_alone() -> None:
    text = "add r0, r1, r2\nb 0"
    (_, m7), (_, m55) = (timings(assemble(text), core).values() for core in (CORTEX_M7, CORTEX_M55))
    assert (m7.taken, m55.taken >= 2) == (0, True)


@pytest.mark.parametrize(
    ("line", "reads", "writes"),
    [
        ("smlald r0, r1, r2, r3", "r0 r1 r2 r3", "r0 r1"),
        ("ldr r2, [r3, r4, lsl #2]", "r3 r4", "r2"),
        ("str r2, [r3], #4", "r2 r3", "r3"),
        ("ldrd ip, lr, [sp, #8]", "r13", "r12 r14"),
        ("push {r4-r6, lr}", "r4 r5 r6 r14", ""),
        ("ldmia r0!, {r2, fp}", "r0", "r0 r2 r11"),
        ("vmlava.s8 r4, q0, q1", "r4 q0 q1", "r4"),
        ("vldrw.u32 q1, [q3, #32]", "q3", "q1"),
        ("vmov r5, r6, q0[2], q0[0]", "q0", "r5 r6"),
        ("vmov.32 q2[1], r7", "r7", "q2"),
        ("vstrb.8 q0, [r1, q2]", "q0 q2 r1", ""),
        ("vmul.f32 s4, s9, s0", "q2 q0", "q1"),
        ("cmp r0, r1", "r0 r1", ""),
        ("adds r0, r1", "r0 r1", "r0"),
        ("le lr, 2c", "r14", "r14"),
        ("cbnz r3, 2c", "r3", ""),
    ],
)
def test_registers_of_an_instruction(line: str, reads: str, writes: str) -> None:
    mnemonic, _, operands = line.partition(" ")
    found = parse(0, 4, mnemonic, operands)
    assert (found.reads, found.writes) == (set(reads.split()), set(writes.split()))


def llvm_mca() -> str | None:
    """The newest that knows the M85, whose model came with LLVM 17."""
    return next((found for v in range(30, 16, -1) if (found := shutil.which(f"llvm-mca-{v}"))), None)


# Turns of kernels' inner loops, without addresses that change, which LLVM's models have otherwise.
KERNELS = {
    "pairs of channels": (
        "ldr r0, [r8]\nldr r1, [r8, #4]\nldr r2, [r9]\nldr r3, [r9, #4]\nsmlad r4, r0, r2, r4\nsmlad r5, r1, r2, r5\n"
        "smlad r6, r0, r3, r6\nsmlad r7, r1, r3, r7"
    ),
    "bytes made halfwords": (
        "ldr r0, [r8]\nldr r1, [r9]\nsxtb16 r2, r0\nsxtb16 r0, r0, ror #8\nsxtb16 r3, r1\nsxtb16 r1, r1, ror #8\n"
        "smlad r4, r2, r3, r4\nsmlad r5, r0, r1, r5"
    ),
    "bytes one by one": (
        "ldrsb r0, [r8]\nldrsb r1, [r9]\nldrsb r2, [r8, #1]\nldrsb r3, [r9, #1]\nmla r4, r0, r1, r4\n"
        "mla r4, r2, r3, r4\nadd r8, r8, r10\nadd r9, r9, r10"
    ),
    "requantization": (
        "smmul r0, r4, r8\nsmmul r1, r5, r8\nasr r0, r0, #5\nasr r1, r1, #5\nssat r0, #8, r0\nssat r1, #8, r1\n"
        "strb r0, [r9]\nstrb r1, [r9, #1]"
    ),
    "copies": "ldr r0, [r8]\nstr r0, [r9]\nldr r1, [r8, #4]\nstr r1, [r9, #4]\nldr r2, [r8, #8]\nstr r2, [r9, #8]",
}
VECTOR_KERNELS = {
    "products of rows": (
        "vldrb.u8 q0, [r8]\nvldrb.u8 q1, [r9]\nvmladava.s8 r4, q0, q2\nvmladava.s8 r6, q1, q2\nvldrb.u8 q3, [r10]\n"
        "vmladava.s8 r0, q0, q3\nvmladava.s8 r2, q1, q3"
    ),
    "requantization of vectors": (
        "vldrw.u32 q0, [r8]\nvqrdmulh.s32 q0, q0, q1\nvrshl.s32 q0, q0, q2\nvadd.i32 q0, q0, q3\nvmax.s32 q0, q0, q4\n"
        "vmin.s32 q0, q0, q5\nvstrb.32 q0, [r7]"
    ),
}
CASES = [(core, name, text) for core in CORES for name, text in KERNELS.items()]
CASES += [(core, name, text) for core in ("cortex-m55", "cortex-m85") for name, text in VECTOR_KERNELS.items()]


@pytest.mark.skipif(llvm_mca() is None, reason="llvm-mca 17 or newer is not installed")
@pytest.mark.parametrize(("core", "name", "text"), CASES, ids=[f"{c}: {n}" for c, n, _ in CASES])
def test_inner_loops_take_what_llvm_says(core: str, name: str, text: str, tmp_path: Path) -> None:
    """Forty turns, within a sixth."""
    (tmp_path / "loop.s").write_text(text + "\n")
    command = [llvm_mca() or "", "-mtriple=thumbv8.1m.main-none-eabi", f"-mcpu={core}", "-iterations=40"]
    command += ["-mtriple=thumbv7em-none-eabi"] if core == "cortex-m7" else ["-mattr=+mve.fp"]
    if core == "cortex-m7":
        command.remove("-mtriple=thumbv8.1m.main-none-eabi")
    done = subprocess.run([*command, str(tmp_path / "loop.s")], capture_output=True, text=True, check=True)
    counted = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    assert counted is not None
    assert cycles("\n".join([text] * 40), CORES[core]) == pytest.approx(int(counted[1]), rel=1 / 6)
