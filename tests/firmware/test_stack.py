"""The stack's bound by the code, against GCC's own figures and against painted stacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen import api
from mcugen.boards import load_board
from mcugen.emulate import QemuRunner
from mcugen.firmware import Elf, Firmware, build_firmware
from mcugen.firmware.stack import StackDepth, UnknownStackError, frame_of, stack_depth
from tests.emulate.test_qemu import samples
from tests.firmware.fake_module import write_fake_module
from tests.plan.networks import NetworkBuilder

pytestmark = pytest.mark.emulator


def build(folder: Path, board: str = "nrf5340dk", **module: object) -> Firmware:
    manifest = write_fake_module(folder / "module", load_board(board), **module)  # type: ignore[arg-type]
    return build_firmware(folder / "module", manifest, load_board(board), build_dir=folder / "build")


def network(folder: Path, board: str) -> Firmware:
    """With convolutions, whose kernels have frames of many sizes and call memcpy and memset."""
    net = NetworkBuilder("net")
    hidden = net.conv(net.conv(net.input(1, 8, 8, 3), 8), 4)
    graph = net.build(net.softmax(net.flatten(hidden)))
    module = api.compile(graph, api.Options(board=board))
    module.write(folder / "module")
    return build_firmware(folder / "module", module.manifest, module.manifest.target, build_dir=folder / "build")


@pytest.mark.parametrize("board", ["microbit", "mps2_an385", "mps2_an386", "nrf5340dk", "mps3_an547"])
def test_frames_are_those_of_the_compiler(board: str, tmp_path: Path) -> None:
    firmware = network(tmp_path, board)
    elf = Elf(firmware.elf)
    linked = {name: size for name, size in firmware.stack_usage.items() if name in elf.symbols}
    assert len(linked) >= 4
    # Assembly of the DSP kernels keeps registers on the stack, which GCC's figures leave out.
    kept = {name: frame_of(elf, name).bytes - size for name, size in linked.items()}
    with_assembly = {name for name in kept if name.startswith("conv2d") and board in ("mps2_an386", "nrf5340dk")}
    assert all(bytes_ in ((8, 16) if name in with_assembly else (0,)) for name, bytes_ in kept.items()), kept
    depth = stack_depth(elf, "net_run")
    assert depth.bound is not None and max(linked.values()) <= depth.bound <= sum(linked.values()) + 64


def painted(firmware: Firmware) -> int:
    return QemuRunner().run(firmware, samples(1), count=False).stack_bytes


# A frame whose lowest words are reserved and not written.
_PARTLY = """static __attribute__((noinline)) void partly(int8_t *out)
{
    volatile int32_t words[16];
    words[12] = out[0];
    words[13] = words[12];
    out[0] = (int8_t)words[13];
}
"""


def test_what_is_reserved_and_not_written_counts(tmp_path: Path) -> None:
    firmware = build(tmp_path, prelude=_PARTLY, body="partly(output_0);")
    depth, frames = stack_depth(Elf(firmware.elf), "fake_run"), firmware.stack_usage
    expected = frames["fake_run"] + max(frames["partly"], frames["mix_layer"], frames["add_layer"])
    seen = painted(firmware)
    assert seen < expected
    assert depth.reserved(seen) == depth.bound == expected


def test_what_is_measured_stays_below_the_bound(tmp_path: Path) -> None:
    body = "if (input_0[0] == 77) { partly(output_0); }"
    firmware = build(tmp_path, prelude=_PARTLY, body=body)
    depth = stack_depth(Elf(firmware.elf), "fake_run")
    assert depth.bound is not None
    assert painted(firmware) <= depth.reserved(painted(firmware)) <= depth.bound


def test_calls_in_the_place_of_a_return(tmp_path: Path) -> None:
    """The caller's frame has gone when a tail call is made."""
    prelude = """static __attribute__((noinline)) int last(int n) { volatile int a[8]; a[0] = n; return a[0]; }
static __attribute__((noinline)) int first(int n) { volatile int a[20]; a[1] = n; return last(a[1] + 1); }
"""
    firmware = build(tmp_path, prelude=prelude, body="output_0[0] = (int8_t)first(input_0[0]);")
    elf, frames = Elf(firmware.elf), firmware.stack_usage
    assert stack_depth(elf, "first").bound == max(frames["first"], frames["last"])


UNKNOWN = {
    "pointer": ("static int (*volatile call)(int);", "output_0[0] = (int8_t)call(1);"),
    "recursion": (
        "static __attribute__((noinline)) int down(int n) { volatile int a = n; return n < 1 ? 0 : down(n - 1) + a; }",
        "output_0[0] = (int8_t)down(input_0[0]);",
    ),
    "variable": (
        "static __attribute__((noinline)) int vary(int n)\n"
        "{ volatile int8_t a[n]; a[0] = 1; a[n - 1] = 2; return a[0]; }",
        "output_0[0] = (int8_t)vary(input_0[0] + 200);",
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_cannot_be_followed_has_no_bound(case: str, tmp_path: Path) -> None:
    prelude, body = UNKNOWN[case]
    depth = stack_depth(Elf(build(tmp_path, prelude=prelude, body=body).elf), "fake_run")
    assert depth == StackDepth(None)
    assert depth.reserved(100) == 100


def test_a_switch_by_a_table(tmp_path: Path) -> None:
    cases = "".join(f"case {i}: o[{i}] = (int8_t)({i} * n + o[{36 - i}]); o[1]++; break;\n" for i in range(2, 14))
    head = "static __attribute__((noinline)) void choose(int n, int8_t *o)"
    prelude = f"{head} {{ switch (n) {{ {cases} default: break; }} }}"
    firmware = build(tmp_path, prelude=prelude, body="choose(input_0[0], output_0);")
    assert frame_of(Elf(firmware.elf), "choose").bytes == firmware.stack_usage["choose"]


def test_a_long_jump_within_a_function_is_no_call(tmp_path: Path) -> None:
    """Armv6-M jumps further than 2 KB by BL, which leaves its return address unused."""
    steps = "".join(f"a[{i % 7}] = a[{(i + 3) % 7}] * {1000 + 7 * i} + {i};\n" for i in range(400))
    head = "static __attribute__((noinline)) int wander(int n)"
    prelude = f"{head} {{ volatile int a[7]; a[0] = n; do {{ {steps} }} while (a[0] < n); return a[1]; }}"
    firmware = build(tmp_path, "microbit", prelude=prelude, body="output_0[0] = (int8_t)wander(input_0[0]);")
    elf = Elf(firmware.elf)
    assert stack_depth(elf, "wander").bound == firmware.stack_usage["wander"]


def test_no_function_there(tmp_path: Path) -> None:
    elf = Elf(build(tmp_path).elf)
    assert stack_depth(elf, "nothing") == StackDepth(None)
    with pytest.raises(KeyError):
        frame_of(elf, "nothing")
    assert issubclass(UnknownStackError, Exception)
