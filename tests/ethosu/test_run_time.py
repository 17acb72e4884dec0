"""What a module does with an NPU, on the workstation: jobs handed to a driver that notes, fills and fails them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.api import Module, Options, compile
from tests.emit.host import FLAGS

# Outputs and states are 0x5a before, jobs leave 1 in every byte of their scratch memory, and job number argv[1] fails.
_MAIN = """
#include "net.h"
#include <mcugen/npu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failing, status, jobs;

void mcugen_layer_hook(int layer, const int8_t *output, size_t bytes);
void mcugen_layer_hook(int layer, const int8_t *output, size_t bytes)
{
    (void)layer, (void)output, (void)bytes;
}

int mcugen_npu_invoke(const struct mcugen_npu_job *job)
{
    if ((uintptr_t)job->stream % 16u != 0u || memcmp(job->stream, "COP1", 4) != 0 || job->regions > 8) {
        exit(4);
    }
    for (uint32_t i = 0; i < job->regions; i++) {
        if ((uintptr_t)job->base[i] % 16u != 0u) {
            exit(5);
        }
        if ((job->written >> i & 1u) != 0u) {
            memset(job->base[i], 1, job->bytes[i]);
        }
    }
    return ++jobs == failing ? status : MCUGEN_OK;
}

int main(int argc, char **argv)
{
    static struct net_arena arena;
    static int8_t input[NET_INPUT_0_SIZE], early[NET_OUTPUT_0_SIZE], late[NET_OUTPUT_1_SIZE];
    static struct net_state state;
    static struct {
        struct net_arena arena;
        int8_t room[16];
    } __attribute__((aligned(64))) skewed;
    if (argc != 3) {
        return 2;
    }
    failing = atoi(argv[1]);
    status = atoi(argv[2]);
    net_reset_with(&state);
    memset(state.memory, 0x5a, sizeof state.memory);
    memset(early, 0x5a, sizeof early);
    memset(late, 0x5a, sizeof late);
    struct net_arena *const place = failing < 0 ? (struct net_arena *)(void *)((int8_t *)&skewed + 8) : &arena;
    const int found = net_run_with(place, &state, input, early, late);
    printf("%d %d\\n", found, jobs);
    fwrite(early, 1, sizeof early, stdout);
    fwrite(late, 1, sizeof late, stdout);
    fwrite(&state, 1, sizeof state.memory, stdout);
    return 0;
}
"""


class Network(nn.Module):
    """An output of a job, a running sum that the NPU does not have, a state, and another job."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1)
        self.register_buffer("before", torch.zeros(1, 16, 16, 16))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        early = torch.relu(self.first(x))
        middle = torch.cumsum(0.1 * early, 3) + self.before
        self.before.copy_(middle * 0.5)
        return early.amax((2, 3)), torch.relu(self.second(middle)).mean((2, 3))


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Module:
    folder = tmp_path_factory.mktemp("net")
    torch.manual_seed(1)
    program = torch.export.export(Network().eval(), (torch.zeros(1, 3, 16, 16),))
    torch.export.save(program, folder / "net.pt2")
    np.savez(folder / "cal.npz", x=torch.randn(4, 3, 16, 16).numpy())
    options = Options("mps3_corstone300", calibration=folder / "cal.npz", name="net", npu="auto")
    made = compile(folder / "net.pt2", options)
    assert made.manifest.npu is not None and len(made.manifest.npu.parts) == 2
    return made


@dataclass(frozen=True)
class Run:
    status: int
    jobs: int
    written: set[int]
    """Bytes in outputs and states."""


@pytest.fixture(scope="module")
def run(module: Module, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, int], Run]:
    """Runs the module once: which job fails, and with what status."""
    folder = tmp_path_factory.mktemp("program")
    module.write(folder / "module")
    (folder / "main.c").write_text(_MAIN)
    includes = [f"-I{folder / 'module' / name}" for name in ("include", "kernels")]
    sources = [folder / "main.c", *sorted((folder / "module" / "src").glob("*.c"))]
    command = ["gcc", *FLAGS, "-fno-sanitize=alignment", *includes, "-o", folder / "program", *sources]
    subprocess.run(command, check=True)

    def once(failing: int, status: int) -> Run:
        done = subprocess.run([folder / "program", str(failing), str(status)], capture_output=True, check=True)
        words, _, data = done.stdout.partition(b"\n")
        found, jobs = map(int, words.split())
        return Run(found, jobs, set(data))

    return once


def test_a_run_that_goes_well_writes_everything(run: Callable[[int, int], Run]) -> None:
    done = run(0, 0)
    assert (done.status, done.jobs) == (0, 2)
    assert done.written - {0x5A}


@pytest.mark.parametrize("job", [1, 2])
@pytest.mark.parametrize("status", [-3, -4])
def test_a_job_that_fails_leaves_outputs_and_states(run: Callable[[int, int], Run], job: int, status: int) -> None:
    assert run(job, status) == Run(status, job, {0x5A})


def test_an_arena_that_the_driver_would_refuse_is_an_error(run: Callable[[int, int], Run]) -> None:
    assert run(-1, 0) == Run(-2, 0, {0x5A})


def test_every_module_brings_the_driver(module: Module) -> None:
    files = {str(path) for path in module.files}
    assert {"npu/ethos_u_driver.c", "include/mcugen/npu.h", "kernels/npu/ethos_u.c"} <= files


_CMAKE = """cmake_minimum_required(VERSION 3.20)
project(program C)
add_library({driver} INTERFACE)
add_subdirectory(module)
"""


@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
@pytest.mark.parametrize(
    ("driver", "option", "words"),
    [
        ("ethosu_core_driver", "", "net runs parts on an NPU (ethos-u55-128): -DMCUGEN_NPU_DRIVER=ethos-u takes Arm's"),
        ("another", "ethos-u", "add_subdirectory() Arm's ethos-u-core-driver before this folder"),
        ("another", "application", ""),
        ("ethosu_core_driver", "ethos-u", ""),
    ],
)
def test_cmake_asks_whose_driver(module: Module, tmp_path: Path, driver: str, option: str, words: str) -> None:
    module.write(tmp_path / "module")
    (tmp_path / "CMakeLists.txt").write_text(_CMAKE.format(driver=driver))
    command = ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DMCUGEN_NPU_DRIVER={option}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = " ".join(done.stderr.split())
    assert (done.returncode != 0) == bool(words), said
    assert words in said
    made = tmp_path / "build" / "module" / "CMakeFiles" / "net.dir" / "build.make"
    if not words:
        assert ("ethos_u_driver.c" in made.read_text()) == (option == "ethos-u")
