"""The cycle model against sequences timed by hand from the cores' manuals, and counts of known programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen.boards import Board, load_board
from mcugen.emulate import FunctionCount, QemuRunner, RenodeRunner, Runner
from mcugen.emulate.renode_install import find_renode
from mcugen.firmware import build_firmware
from tests.firmware.fake_module import write_fake_module

pytestmark = pytest.mark.emulator

M4 = load_board("nrf52840dk")

# Assembly of a function, its instructions, and its cycles: r0 points to 64 bytes of memory, r2 and r3 are free.
SEQUENCES = {
    # bx lr: 1 + 2 to refill.
    "return": ("bx lr", 1, 3),
    # movs 1; ten times subs 1 and bne 1, nine of them taken: + 9; bx 3.
    "loop": ("movs r2, #10\n1: subs r2, #1\nbne 1b\nbx lr", 22, 1 + 10 + 10 + 9 + 3),
    "load": ("ldr r2, [r0]\nbx lr", 2, 2 + 3),
    # The second and third load overlap the one before.
    "loads": ("ldr r2, [r0]\nldr r3, [r0, #4]\nldrb r2, [r0, #8]\nbx lr", 4, 2 + 1 + 1 + 3),
    # The second load needs the first one's result.
    "dependent loads": ("str r0, [r0]\nldr r2, [r0]\nldr r3, [r2]\nbx lr", 4, 1 + 1 + 2 + 3),
    "load after arithmetic": ("ldr r2, [r0]\nadds r2, #1\nldr r3, [r0]\nbx lr", 4, 2 + 1 + 2 + 3),
    "store": ("str r2, [r0]\nbx lr", 2, 1 + 3),
    "store with register offset": ("movs r2, #4\nstr r3, [r0, r2]\nbx lr", 3, 1 + 2 + 3),
    "store with register offset after a load": (
        "movs r2, #4\nldr r3, [r0]\nstr r3, [r0, r2]\nldr r3, [r0]\nbx lr",
        5,
        1 + 2 + 1 + 2 + 3,
    ),
    "load after a store": ("str r2, [r0]\nldr r3, [r0]\nbx lr", 3, 1 + 1 + 3),
    "pair": ("ldrd r2, r3, [r0]\nstrd r2, r3, [r0, #8]\nbx lr", 3, 3 + 3 + 3),
    "list": ("ldmia r0!, {r2, r3}\nstmia r0!, {r2, r3}\nbx lr", 3, 3 + 3 + 3),
    # push 1 + 3; pop 1 + 3 + 2 to refill from the popped pc.
    "push and pop": ("push {r4, r5, lr}\npop {r4, r5, pc}", 2, 4 + 6),
    "multiply": ("mul r2, r3, r3\nmla r2, r3, r3, r2\nsmull r2, r3, r0, r0\nbx lr", 4, 1 + 1 + 1 + 3),
    "simd": ("sxtb16 r2, r3\nsmlad r2, r2, r2, r3\nssat r2, #8, r2\nbx lr", 4, 1 + 1 + 1 + 3),
    "divide": ("movs r3, #3\nsdiv r2, r3, r3\nbx lr", 3, 1 + 6 + 3),
    # The skipped instruction takes its cycle, too.
    "condition": ("cmp r0, r0\nit ne\naddne r2, #1\nbx lr", 4, 1 + 1 + 1 + 3),
    "not taken": ("cmp r0, r0\nbne 1f\nnop\n1: bx lr", 4, 1 + 1 + 1 + 3),
    "taken": ("cmp r0, r0\nbeq 1f\nnop\n1: bx lr", 3, 1 + 2 + 3),
    "cbz": ("movs r2, #0\ncbz r2, 1f\nnop\n1: bx lr", 3, 1 + 2 + 3),
    "call": ("mov r3, lr\nbl 1f\nbx r3\n1: bx lr", 4, 1 + 2 + 3 + 3),
    # Longer than the emulator's pages of 1 KB and its longest block: counted in pieces.
    "long": (".rept 700\nadd r2, r2, #1\n.endr\nbx lr", 701, 700 + 3),
    # The second load lies across two of the emulator's pages, before which it ends a block: they overlap all the same.
    "loads across a page": (
        "b.w 1f\n.p2align 10\n.space 1018\n1: ldr.w r2, [r0]\nldr.w r3, [r0, #4]\nbx lr",
        4,
        1 + 1 + 2 + 1 + 3,
    ),
    "table branch": ("movs r2, #0\ntbb [pc, r2]\n.byte 1, 1\nbx lr", 3, 1 + 3 + 3),
}


def measure(
    folder: Path, board: Board, programs: Mapping[str, str], runner: Runner | None = None
) -> dict[str, FunctionCount]:
    """Calls each program once, in one firmware; counts by name."""
    prelude, body = ["static int32_t scratch[16];"], []
    symbols = {name: f"program_{i}" for i, name in enumerate(programs)}
    for name, assembly in programs.items():
        lines = "\\n".join(assembly.split("\n"))
        prelude.append(
            f"void {symbols[name]}(int32_t *memory);\n"
            f"__attribute__((naked, noinline, noclone)) void {symbols[name]}(__attribute__((unused)) int32_t *memory)\n"
            f'{{\n    __asm__ volatile("{lines}");\n}}'
        )
        body.append(f"{symbols[name]}(scratch);")
    manifest = write_fake_module(folder / "module", board, prelude="\n".join(prelude), body="\n    ".join(body))
    runner = runner or QemuRunner()
    machine = runner.machine(board)
    firmware = build_firmware(folder / "module", manifest, board, build_dir=folder / "build", machine=machine)
    result = runner.run(firmware, [np.zeros((1, 1, 37), np.int8)])
    found = {f.name: f for f in result.functions}
    return {name: found[symbol] for name, symbol in symbols.items()}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FunctionCount]:
    return measure(tmp_path_factory.mktemp("sequences"), M4, {name: s[0] for name, s in SEQUENCES.items()})


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_timed_by_hand(measured: dict[str, FunctionCount], name: str) -> None:
    _, instructions, cycles = SEQUENCES[name]
    assert (measured[name].instructions, measured[name].cycles) == (instructions, cycles)


@pytest.mark.renode
@pytest.mark.skipif(find_renode() is None, reason="Renode is neither in RENODE_ROOT nor on PATH")
def test_renode_counts_the_same_sequences(tmp_path: Path) -> None:
    counts = measure(tmp_path, M4, {name: s[0] for name, s in SEQUENCES.items()}, RenodeRunner())
    found = {name: (count.instructions, count.cycles) for name, count in counts.items()}
    assert found == {name: (instructions, cycles) for name, (_, instructions, cycles) in SEQUENCES.items()}


# Assembly that Armv6-M has, too, its instructions, and its cycles on M0+, M0, M3.
SMALL_SEQUENCES = {
    "return": ("bx lr", 1, (2, 3, 3)),
    "loads do not overlap": (
        "ldr r2, [r0]\nldr r3, [r0, #4]\nstr r2, [r0]\nbx lr",
        4,
        (2 + 2 + 2 + 2, 9, 2 + 1 + 1 + 3),
    ),
    "loop": ("movs r2, #10\n1: subs r2, #1\nbne 1b\nbx lr", 22, (21 + 9 + 2, 21 + 18 + 3, 21 + 9 + 3)),
    "push and pop": ("push {r4, r5, lr}\npop {r4, r5, pc}", 2, (4 + 6, 4 + 7, 4 + 6)),
    "list": ("ldmia r0!, {r2, r3}\nbx lr", 2, (3 + 2, 3 + 3, 3 + 3)),
    "multiply": ("muls r2, r3\nbx lr", 2, (1 + 2, 1 + 3, 1 + 3)),
    "call": ("mov r3, lr\nbl 1f\nbx r3\n1: bx lr", 4, (1 + 3 + 2 + 2, 1 + 4 + 3 + 3, 1 + 2 + 3 + 3)),
}
LARGE = {
    "sums of products": ("mla r2, r3, r3, r2\nsmull r2, r3, r0, r0\nsmlal r2, r3, r0, r0\nbx lr", 4, 2 + 4 + 6 + 3)
}


@pytest.mark.parametrize(("index", "name"), enumerate(("rpi_pico", "microbit", "mps2_an385")))
def test_small_cores_timed_by_hand(tmp_path: Path, index: int, name: str) -> None:
    counts = measure(
        tmp_path, load_board(name), {key: f".syntax unified\n{row[0]}" for key, row in SMALL_SEQUENCES.items()}
    )
    found = {key: (count.instructions, count.cycles) for key, count in counts.items()}
    assert found == {key: (instructions, cycles[index]) for key, (_, instructions, cycles) in SMALL_SEQUENCES.items()}


def test_an_m3_takes_turns_at_long_products(tmp_path: Path) -> None:
    ((name, (text, instructions, cycles)),) = LARGE.items()
    count = measure(tmp_path, load_board("mps2_an385"), {name: text})[name]
    assert (count.instructions, count.cycles) == (instructions, cycles)


def test_cores_that_issue_two_instructions_at_once(tmp_path: Path) -> None:
    """A loop of a hundred turns: two independent additions, a third and the counter, the branch."""
    loop = "movs r2, #100\n1: adds r3, r0, #1\nadds r1, r0, #2\nadds r3, r0, #3\nsubs r2, #1\nbne 1b\nbx lr"
    counted = {}
    for board in ("nucleo_f746zg", "mps3_an547"):
        count = measure(tmp_path / board, load_board(board), {"loop": loop})["loop"]
        assert count.instructions == 502
        counted[board] = count.cycles
    # Two pairs and the branch: three cycles a turn; one by one with two to refill: seven.
    assert counted["nucleo_f746zg"] == pytest.approx(300, abs=4)
    assert counted["mps3_an547"] == pytest.approx(700, abs=8)


def test_cores_without_a_model_give_no_cycles(tmp_path: Path) -> None:
    an547 = load_board("mps3_an547")
    board = replace(an547, cpu=replace(an547.cpu, core="cortex-m52"))
    count = measure(tmp_path, board, {"return": "bx lr"})["return"]
    assert (count.instructions, count.cycles) == (1, None)


def test_helium_loops_are_counted(tmp_path: Path) -> None:
    """dls, ten times (adds, le), bx: the hardware loop's le is an instruction of every pass."""
    assembly = "mov r3, lr\nmovs r2, #10\ndls lr, r2\n1: adds r0, #1\nle lr, 1b\nbx r3"
    assert measure(tmp_path, load_board("mps3_an547"), {"loop": assembly})["loop"].instructions == 3 + 20 + 1
