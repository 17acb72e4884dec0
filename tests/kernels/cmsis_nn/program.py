"""C programs that run CMSIS-NN kernels on random operators and compare with the integer reference.

One program holds many cases. Scratch and output lie in buffers of their exact size between guard bytes, at odd
addresses where CMSIS-NN allows any address (one element of int16 beyond whole words), so a kernel that needs more than
it asked for is found out.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcugen.boards import load_board
from mcugen.boards.board import Board, Cpu
from mcugen.boards.machines import Machine, find_machine
from mcugen.emit.constants import ConstantArray
from mcugen.emit.module import _c_value
from mcugen.firmware import build, cmsis_nn
from mcugen.firmware.toolchain import Toolchain, cpu_flags, find_toolchain
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import C_TYPES, Images, Invocation
from mcugen.kernels.cmsis_nn.locate import CmsisNn
from mcugen.resources import data_folder
from mcugen.templates import render_template
from tests.graph.strategies import Case

GUARD = 16
HOST_FLAGS = ("-g", "-O1", "-fsanitize=address", "-fno-omit-frame-pointer")

_PRELUDE = """
#include <stdint.h>
#include <stddef.h>
#include <string.h>
%(includes)s

enum { GUARD = %(guard)d };
static int8_t output_buffer[%(most_output)d + 2 * GUARD + 2] __attribute__((aligned(16)));
static int8_t scratch_buffer[%(most_scratch)d + 2 * GUARD] __attribute__((aligned(16)));

static int intact(const int8_t *buffer, size_t size, int8_t pattern)
{
    for (size_t i = 0; i < GUARD; i++) {
        if (buffer[i] != pattern || buffer[GUARD + size + i] != pattern) {
            return 0;
        }
    }
    return 1;
}
"""

_CASE = """
static int case_%(index)d(void)
{
    static const struct %(params_type)s params = {%(params)s};
%(arrays)s
%(asserts)s
    memset(output_buffer, 0x5A, sizeof output_buffer);
    memset(scratch_buffer, 0x77, sizeof scratch_buffer);
    %(c_type)s *const output = (%(c_type)s *)(void *)(output_buffer + sizeof(%(c_type)s) + GUARD);
    int8_t *const scratch = scratch_buffer + GUARD;
    (void)scratch;
    for (int32_t image = 0; image < %(images)d; image++) {
        %(function)s(%(arguments)s);
    }
    int result = (memcmp(output, expected, sizeof expected) == 0 ? 0 : 1) |
                 (intact(output_buffer + sizeof(%(c_type)s), sizeof expected, 0x5A) ? 0 : 2) |
                 (intact(scratch_buffer, %(scratch)d, 0x77) ? 0 : 4);
%(overlapping)s
    return result;
}
"""

# The input lies where an Overlap allows it: at the output's address plus the distance, or a little above.
_OVERLAPPING = """
    memcpy(output + %(above)d, %(input)s, sizeof expected);
    for (int32_t image = 0; image < %(images)d; image++) {
        %(function)s(%(arguments)s);
    }
    result |= memcmp(output, expected, sizeof expected) == 0 ? 0 : 8;
"""

_MAIN = """
static int (*const cases[])(void) = {%(names)s};

static int run_all(int8_t *results)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        results[i] = (int8_t)cases[i]();
        failed |= results[i] != 0;
    }
    return failed;
}
"""

_HOST_MAIN = """
#include <stdio.h>
int main(void)
{
    static int8_t results[sizeof cases / sizeof cases[0]];
    (void)run_all(results);
    fwrite(results, 1, sizeof results, stdout);
    return 0;
}
"""

_TARGET_MAIN = """
#include "harness.h"
#include "semihosting.h"

static int8_t results[sizeof cases / sizeof cases[0]];

_Noreturn void harness_end(enum harness_exit code, const struct harness_fact *facts, size_t count)
{
    (void)facts;
    (void)count;
    semihosting_exit((int32_t)code);
}

_Noreturn void harness_main(void)
{
    (void)run_all(results);
    const int32_t handle = semihosting_open("results.bin", SEMIHOSTING_WRITE);
    (void)semihosting_write(handle, results, sizeof results);
    semihosting_close(handle);
    semihosting_exit(0);
}
"""


@dataclass(frozen=True)
class Trial:
    """A case and the invocation that a kernel made of it."""

    case: Case
    invocation: Invocation

    @property
    def expected(self) -> IntArray:
        graph = self.case.graph
        op = graph.operators[0]
        tensors = graph.input_tensors(op)
        values = [t.data if t.data is not None else self.case.inputs[t.name] for t in tensors]
        return op.reference(values, tensors, graph.output_tensors(op))[0]

    @property
    def constant_bytes(self) -> int:
        return self.invocation.constant_bytes + sum(v.nbytes for v in self.case.inputs.values())


def program(trials: Sequence[Trial]) -> str:
    """The whole translation unit, without a main function."""
    includes = sorted({t.invocation.source for t in trials})
    text = _PRELUDE % {
        "includes": "\n".join(f'#include "{name}"' for name in includes),
        "guard": GUARD,
        "most_output": max(t.expected.nbytes for t in trials),
        "most_scratch": max(t.invocation.scratch_bytes for t in trials),
    }
    text += "".join(_case(i, t) for i, t in enumerate(trials))
    return text + _MAIN % {"names": ", ".join(f"case_{i}" for i in range(len(trials)))}


def _case(index: int, trial: Trial) -> str:
    invocation = trial.invocation
    images = invocation.images or Images(1, (0,) * len(invocation.inputs), (0,))
    arrays, arguments, starts = [], ["&params"], []
    for name, step in zip(invocation.inputs, images.inputs, strict=True):
        # One element in front puts an input of bytes at an odd address.
        values = trial.case.inputs[name].reshape(-1)
        shifted = np.concatenate([np.zeros(1, values.dtype), values])
        arrays.append(_array(f"input_{len(arrays)}", shifted, 16))
        starts.append(f"input_{len(arrays) - 1} + 1")
        arguments.append(f"{starts[-1]} + {step} * image")
    for constant in invocation.constants:
        arrays.append(_array(f"constant_{len(arrays)}", constant.data, constant.alignment))
        arguments.append(f"constant_{len(arrays) - 1}")
    arrays.append(_array("expected", trial.expected.reshape(-1), 1))
    arguments.append(f"output + {images.outputs[0]} * image")
    if invocation.scratch_bytes:
        arguments.append("scratch")
    return _CASE % {
        "index": index,
        "c_type": C_TYPES[trial.expected.dtype.name],
        "params_type": invocation.params_type,
        "params": ", ".join(f".{k} = {_c_value(v)}" for k, v in invocation.params.items()),
        "arrays": "\n".join(arrays),
        "asserts": "\n".join(f'    _Static_assert({c}, "{m}");' for c, m in invocation.static_asserts),
        "function": invocation.function,
        "arguments": ", ".join(arguments),
        "scratch": invocation.scratch_bytes,
        "images": images.count,
        "overlapping": "".join(_overlapping(invocation, images, starts, arguments)),
    }


def _overlapping(
    invocation: Invocation, images: Images, starts: Sequence[str], arguments: Sequence[str]
) -> Iterator[str]:
    """Calls with an input of the output's size in the output's memory."""
    for overlap in invocation.overlaps:
        assert overlap.distance == 0 and not overlap.exact
        position = 1 + overlap.input_index
        for above in (0, 1, 5):
            place = f"output + {above} + {images.inputs[overlap.input_index]} * image"
            moved = [*arguments[:position], place, *arguments[position + 1 :]]
            yield _OVERLAPPING % {
                "above": above,
                "input": starts[overlap.input_index],
                "images": images.count,
                "function": invocation.function,
                "arguments": ", ".join(moved),
            }


def _array(symbol: str, data: IntArray, alignment: int) -> str:
    array = ConstantArray(symbol, data, alignment)
    lines = "\n".join(array.lines)
    return f"    static const {array.c_type} {symbol}[] __attribute__((aligned({alignment}))) = {{\n{lines}\n}};"


def _flags(release: CmsisNn) -> list[str]:
    library = data_folder("kernels_cmsis")
    includes = [f"-isystem{folder}" for folder in cmsis_nn.include_dirs(release)]
    own = [f"-I{library}", f"-I{library / 'include'}", f"-I{library / 'cmsis_nn'}"]
    return ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-DMCUGEN_DEBUG", *own, *includes]


def run_on_host(trials: Sequence[Trial], release: CmsisNn, cache: Path) -> IntArray:
    """Runs CMSIS-NN's plain C code with the address sanitizer; one result for each trial, 0 where it is right."""
    toolchain = Toolchain(Path("/usr/bin/gcc"))
    archive = cmsis_nn.build_archive(release, HOST_FLAGS, toolchain, cache)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "program.c").write_text(program(trials) + _HOST_MAIN)
        toolchain.compile(work / "program.c", work / "program.o", [*_flags(release), *HOST_FLAGS], cwd=work)
        toolchain.link([*HOST_FLAGS, "program.o", str(archive), "-o", "program"], cwd=work)
        done = subprocess.run([work / "program"], capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[:3000]
    return np.frombuffer(done.stdout, np.int8)


def run_on_target(trials: Sequence[Trial], release: CmsisNn, board_name: str, cache: Path) -> IntArray:
    """Runs CMSIS-NN on a board's core in QEMU; one result for each trial, 0 where it is right."""
    board = load_board(board_name)
    machine = find_machine(board.qemu_machine)
    assert machine is not None
    toolchain = find_toolchain()
    archive = cmsis_nn.build_archive(release, cpu_flags(board.cpu), toolchain, cache)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _link_for_target(toolchain, work, program(trials) + _TARGET_MAIN, release, archive, board, machine)
        command = ["qemu-system-arm", "-M", machine.name, "-kernel", "firmware.elf", "-nographic", "-monitor", "none"]
        command += ["-serial", "none", "-semihosting-config", "enable=on,target=native"]
        done = subprocess.run(command, cwd=work, capture_output=True, timeout=300, check=False)
        assert done.returncode == 0, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[:2000]}"
        return np.frombuffer((work / "results.bin").read_bytes(), np.int8)


def _link_for_target(
    toolchain: Toolchain, work: Path, source: str, release: CmsisNn, archive: Path, board: Board, machine: Machine
) -> None:
    harness = build._HARNESS
    (work / "program.c").write_text(source)
    flags = [*cpu_flags(board.cpu), *_flags(release), "-O2", f"-I{harness}", f"-I{Path(__file__).parents[1]}"]
    objects = []
    for path in (work / "program.c", harness / "startup.c", Path(__file__).parents[1] / "semihosting.c"):
        toolchain.compile(path, work / f"{path.stem}.o", flags, cwd=work)
        objects.append(f"{path.stem}.o")
    (work / "linker.ld").write_text(
        render_template(
            "mcugen.firmware",
            "linker.ld.j2",
            board=board,
            machine=machine,
            own_vectors=machine.vectors != machine.code.start,
            code_size=machine.code.size,
            data_size=machine.data.size,
            minimum_stack=4096,
            guard_size=build._GUARD_SIZE,
        )
    )
    arguments = [*cpu_flags(board.cpu), "-nostartfiles", "-Wl,--gc-sections", "-Tlinker.ld", *objects, str(archive)]
    toolchain.link([*arguments, "-o", "firmware.elf"], cwd=work)


def cpu_of(board_name: str) -> Cpu:
    return load_board(board_name).cpu
