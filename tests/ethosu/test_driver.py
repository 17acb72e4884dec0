"""The binding of Arm's driver, bare metal, on a driver that does as it is told: its calls, and what faults become."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mcugen.resources import data_folder
from tests.emit.host import FLAGS

# As much of Arm's interface as the binding uses.
_HEADER = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
enum ethosu_job_state { ETHOSU_JOB_IDLE, ETHOSU_JOB_RUNNING, ETHOSU_JOB_DONE };
struct ethosu_job { volatile enum ethosu_job_state state; };
struct ethosu_driver { struct ethosu_job job; void *semaphore; };
struct ethosu_driver *ethosu_reserve_driver(void);
void ethosu_release_driver(struct ethosu_driver *driver);
int ethosu_invoke_async(struct ethosu_driver *driver, const void *data, const int size, uint64_t *const base,
                        const size_t *bytes, const int count, void *argument);
int ethosu_wait(struct ethosu_driver *driver, bool block);
"""
_MAIN = """
#include "mcugen/npu.h"
#include <ethosu_driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(16) const uint8_t stream[32], weights[48];
static _Alignas(32) uint8_t scratch[64];
static struct ethosu_driver driver;
static const char *scenario;
static uint32_t now;

static int is(const char *name)
{
    return strcmp(scenario, name) == 0;
}

static const char *name(const void *place)
{
    return place == stream ? "stream" : place == weights ? "weights" : place == scratch ? "scratch" : "?";
}

void mcugen_npu_cache_clean(const void *start, uint32_t bytes)
{
    printf("clean %s %u\\n", name(start), (unsigned)bytes);
}

void mcugen_npu_cache_invalidate(void *start, uint32_t bytes)
{
    printf("invalidate %s %u\\n", name(start), (unsigned)bytes);
}

uint32_t mcugen_npu_clock(void)
{
    return now += 1000000u;
}

void mcugen_npu_idle(void)
{
    /* The interrupt. */
    if (!is("hang") && now > 5000000u) {
        driver.job.state = ETHOSU_JOB_DONE;
    }
}

struct ethosu_driver *ethosu_reserve_driver(void)
{
    puts("reserve");
    return is("none") ? NULL : &driver;
}

void ethosu_release_driver(struct ethosu_driver *released)
{
    printf("release %s\\n", released->job.state == ETHOSU_JOB_RUNNING ? "running" : "idle");
    released->job.state = ETHOSU_JOB_IDLE;
}

int ethosu_invoke_async(struct ethosu_driver *used, const void *data, const int size, uint64_t *const base,
                        const size_t *bytes, const int count, void *argument)
{
    (void)argument;
    printf("invoke %s %d %d", name(data), size, count);
    for (int i = 0; i < count; i++) {
        printf(" %s %zu", name((const void *)(uintptr_t)base[i]), bytes[i]);
    }
    puts("");
    if (is("refused")) {
        return -1;
    }
    used->job.state = ETHOSU_JOB_RUNNING;
    return 0;
}

int ethosu_wait(struct ethosu_driver *used, bool block)
{
    printf("wait %s\\n", block ? "blocking" : "asking");
    used->job.state = ETHOSU_JOB_IDLE;
    return is("fault") ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct mcugen_npu_job job = {.stream = stream, .stream_bytes = sizeof stream, .regions = 2, .written = 2};
    job.base[0] = (void *)(uintptr_t)weights;
    job.bytes[0] = sizeof weights;
    job.base[1] = scratch;
    job.bytes[1] = sizeof scratch;
    if (argc != 2) {
        return 2;
    }
    scenario = argv[1];
    if (is("late")) {
        driver.job.state = ETHOSU_JOB_DONE;
    }
    printf("= %d\\n", mcugen_npu_invoke(&job));
    if (is("twice")) {
        printf("= %d\\n", mcugen_npu_invoke(&job));
    }
    return 0;
}
"""
_START = [
    "reserve",
    "clean stream 32",
    "clean weights 48",
    "clean scratch 64",
    "invoke stream 32 2 weights 48 scratch 64",
]
_END = ["wait blocking", "invalidate scratch 64", "release idle", "= 0"]
# Constants are cleaned once.
_AGAIN = ["reserve", "clean scratch 64", *_START[4:], *_END]

_CALLS = {
    "good": [*_START, *_END],
    "twice": [*_START, *_END, *_AGAIN],
    "none": ["reserve", "= -3"],
    "refused": [*_START, "release idle", "= -3"],
    "fault": [*_START, "wait blocking", "release idle", "= -3"],
    "hang": [*_START, "release running", "= -4"],
    "late": ["reserve", "wait asking", *_START[1:], *_END],
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("driver")
    (folder / "ethosu_driver.h").write_text(_HEADER)
    (folder / "main.c").write_text(_MAIN)
    module = data_folder("zephyr_module")
    sources = [folder / "main.c", module / "npu" / "ethos_u_driver.c"]
    includes = [f"-I{folder}", f"-I{module / 'include'}"]
    subprocess.run(["gcc", *FLAGS, *includes, "-o", folder / "program", *sources], check=True)
    return folder / "program"


@pytest.mark.parametrize("scenario", _CALLS)
def test_what_a_job_calls_and_returns(program: Path, scenario: str) -> None:
    done = subprocess.run([program, scenario], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == _CALLS[scenario]


def test_it_compiles_for_cores_without_a_cache_of_the_architecture(tmp_path: Path) -> None:
    """And without anybody's definition of the hooks."""
    (tmp_path / "ethosu_driver.h").write_text(_HEADER)
    module = data_folder("zephyr_module")
    for core in ("cortex-m55", "cortex-m33", "cortex-m0plus"):
        flags = [
            *(f for f in FLAGS if f.startswith(("-W", "-std"))),
            "-O2",
            "-ffreestanding",
            f"-mcpu={core}",
            "-mthumb",
        ]
        includes = [f"-I{tmp_path}", f"-I{module / 'include'}"]
        source = module / "npu" / "ethos_u_driver.c"
        subprocess.run(["arm-none-eabi-gcc", *flags, *includes, "-c", "-o", tmp_path / "driver.o", source], check=True)
