"""Runs kernels on the workstation, compiled with address and undefined-behaviour sanitizers.

One small program for each C function, kept running: a case takes about a millisecond. Parameters are read at run time,
so one compilation serves all shapes.
"""

from __future__ import annotations

import atexit
import hashlib
import itertools
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from mcugen.errors import CheckFailedError, MissingToolError
from mcugen.graph.graph import Graph
from mcugen.graph.tensor import DTYPES, IntArray, Tensor
from mcugen.kernels.base import C_TYPES, Images, Invocation, ParamValue
from mcugen.resources import data_folder

# Without optimization the sanitizers see every access, and a kernel compiles in a third of the time; the optimized code
# is what emulators run.
_FLAGS = (
    *("-std=gnu11", "-O0", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"),
)
_KEPT_SECONDS = 14 * 24 * 3600


class HostKernelError(CheckFailedError):
    """A kernel crashed, wrote outside its output, or a sanitizer found undefined behaviour."""


@dataclass(frozen=True)
class Sharing:
    """The first output lies `distance` bytes below input `input_index`, in one block of memory. See `base.Overlap`."""

    input_index: int
    distance: int


def run(
    invocation: Invocation,
    graph: Graph,
    inputs: Mapping[str, IntArray],
    *,
    sharing: Sharing | None = None,
    misalignment: int = 4,
    defines: Sequence[str] = (),
) -> list[IntArray]:
    """The outputs of one kernel call, with the shapes of the graph's tensors.

    Args:
        inputs: activations by tensor name, at least those that the invocation names.
        sharing: place the first output over an input.
        misalignment: bytes by which activations miss an alignment to 16, rounded up to a multiple of their elements;
            4 is what the arena guarantees, an odd one what the buffers of a caller may have.
        defines: preprocessor definitions such as "MCUGEN_FEW_REGISTERS=1".

    Raises:
        HostKernelError: the kernel did what it must not do; the message has the sanitizer's report.
        MissingToolError: no gcc.
    """
    tensors = [graph.tensor(name) for name in invocation.outputs]
    arrays = [inputs[n] for n in invocation.inputs]
    if invocation.alias:
        return [arrays[0].reshape(tensors[0].shape)]
    program = _program(_harness_text(invocation, graph), tuple(defines))
    case = _case(invocation, arrays, tensors, sharing, misalignment)
    data = program.run(case, sum(t.size_bytes for t in tensors))
    ends = itertools.accumulate((t.size_bytes for t in tensors), initial=0)
    return [
        np.frombuffer(data, DTYPES[t.dtype], t.elements, start).reshape(t.shape)
        for t, start in zip(tensors, ends, strict=False)
    ]


def _case(
    invocation: Invocation,
    arrays: Sequence[IntArray],
    outputs: Sequence[Tensor],
    sharing: Sharing | None,
    misalignment: int,
) -> bytes:
    """One case as kernels_cmsis/host/driver.c reads it."""
    images = invocation.images or Images(1, (0,) * len(arrays), (0,) * len(outputs))
    values = [images.count, *images.inputs, *images.outputs]
    values += [v for value in invocation.params.values() for v in _values(value)]
    where = (sharing.input_index, sharing.distance) if sharing else (-1, 0)
    parts = [struct.pack(f"<{2 + len(values)}i", *where, *values)]

    def offset(element: int) -> int:
        grain = 1 if invocation.as_bytes else element
        return -(-misalignment // grain) * grain

    for array in arrays:
        parts += [struct.pack("<2i", array.nbytes, offset(array.itemsize)), np.ascontiguousarray(array).tobytes()]
    for constant in invocation.constants:
        little = np.ascontiguousarray(constant.data.astype(constant.data.dtype.newbyteorder("<")))
        parts += [struct.pack("<2i", little.nbytes, constant.alignment), little.tobytes()]
    parts += [struct.pack("<2i", t.size_bytes, offset(DTYPES[t.dtype].itemsize)) for t in outputs]
    parts.append(struct.pack("<2i", invocation.scratch_bytes, invocation.scratch_alignment))
    return b"".join(parts)


def _values(value: ParamValue) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def _harness_text(invocation: Invocation, graph: Graph) -> str:
    """kernel_under_test.h: what driver.c cannot know about the kernel."""
    inputs, outputs = (
        ["int8_t" if invocation.as_bytes else C_TYPES[graph.tensor(n).dtype] for n in names]
        for names in (invocation.inputs, invocation.outputs)
    )
    fields = ["    params->images = next_number();"]
    fields += [f"    params->input_step[{i}] = next_number();" for i in range(len(inputs))]
    fields += [f"    params->output_step[{i}] = next_number();" for i in range(len(outputs))]
    for name, value in invocation.params.items():
        targets = [f"{name}[{i}]" for i in range(len(value))] if isinstance(value, tuple) else [name]
        fields += [f"    params->own.{target} = next_number();" for target in targets]
    arguments = ["&params->own"]
    arguments += [
        f"(const {c} *)(const void *)inputs[{i}] + image * params->input_step[{i}]" for i, c in enumerate(inputs)
    ]
    arguments += [f"constants[{i}]" for i in range(len(invocation.constants))]
    arguments += [f"({c} *)(void *)outputs[{i}] + image * params->output_step[{i}]" for i, c in enumerate(outputs)]
    arguments += ["scratch"] if invocation.scratch_bytes else []
    reads = "\n".join(fields)
    return f"""\
#include "{invocation.source}"
#define MCUGEN_INPUTS {len(invocation.inputs)}
#define MCUGEN_CONSTANTS {len(invocation.constants)}
#define MCUGEN_OUTPUTS {len(outputs)}
struct kernel_params {{
    struct {invocation.params_type} own;
    int32_t images, input_step[MCUGEN_INPUTS + 1], output_step[MCUGEN_OUTPUTS];
}};
static void read_params(struct kernel_params *params)
{{
{reads}
}}
static void call_kernel(const struct kernel_params *params, const int8_t *const *inputs, const void *const *constants,
                        int8_t *const *outputs, void *scratch)
{{
    (void)inputs;
    (void)constants;
    (void)scratch;
    for (int32_t image = 0; image < params->images; image++) {{
        {invocation.function}({", ".join(arguments)});
    }}
}}
"""


class _Program:
    """A compiled driver that keeps running between cases."""

    def __init__(self, binary: Path) -> None:
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the program)
        atexit.register(self.close)

    def run(self, case: bytes, output_bytes: int) -> bytes:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(case)
            process.stdin.flush()
            answer = process.stdout.read(4 + output_bytes)
        except BrokenPipeError:
            answer = b""
        if len(answer) < 4 + output_bytes:
            raise self._crash(process)
        if answer[:4] != bytes(4):
            raise HostKernelError("the kernel wrote outside its outputs", where=str(self._binary))
        return answer[4:]

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._errors.seek(0)
            self._errors.truncate()
            # The leak sanitizer does not work in many containers, and a driver that is killed at the end looks leaky.
            environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
            self._process = subprocess.Popen(
                [self._binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=environment
            )
        return self._process

    def _crash(self, process: subprocess.Popen[bytes]) -> HostKernelError:
        # Closing its input ends a program that waits for more.
        process.communicate()
        self._process = None
        self._errors.seek(0)
        report = self._errors.read().decode(errors="replace")[:4000]
        return HostKernelError(f"the kernel ended the program (exit code {process.returncode}):\n{report}")


@lru_cache(maxsize=64)
def _program(harness: str, defines: tuple[str, ...]) -> _Program:
    """Compiles, unless a program of the same sources and flags is in the cache."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise MissingToolError("gcc, the workstation's C compiler, is not installed", hint="apt-get install gcc")
    library = data_folder("kernels_cmsis")
    definitions = [f"-D{d}" for d in defines]
    digest = hashlib.sha256("\0".join([harness, gcc, *_FLAGS, *definitions, _sources_digest(library)]).encode())
    folder = _cache_folder()
    binary = folder / digest.hexdigest()[:32]
    if not binary.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            (Path(work) / "kernel_under_test.h").write_text(harness)
            built = Path(work) / "driver"
            paths = [f"-I{p}" for p in (work, library, library / "include")]
            command = [gcc, *_FLAGS, *definitions, *paths, str(library / "host/driver.c"), "-o", str(built)]
            result = subprocess.run(command, capture_output=True, text=True)
            if result.returncode:
                raise HostKernelError(f"the kernel does not compile:\n{result.stderr[:4000]}")
            built.replace(binary)
        _remove_old(folder)
    return _Program(binary)


@lru_cache(maxsize=1)
def _sources_digest(library: Path) -> str:
    digest = hashlib.sha256()
    for source in sorted(library.rglob("*.[ch]")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _remove_old(folder: Path) -> None:
    """Programs of sources that changed long ago."""
    for program in folder.iterdir():
        if program.is_file() and time.time() - program.stat().st_mtime > _KEPT_SECONDS:
            program.unlink(missing_ok=True)


def _cache_folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "mcugen" / "host_kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = _private_folder()
    return folder


@lru_cache(maxsize=1)
def _private_folder() -> Path:
    """For this process alone, where there is no home to write to."""
    folder = tempfile.TemporaryDirectory(prefix="mcugen-host-kernels-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
