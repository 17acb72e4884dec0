"""Damaged files of compiled networks: one error in words, or a network; never much time, memory or anything else."""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import InputError
from mcugen.ethosu.model import Npu, read_network
from mcugen.ethosu.model.disassembler import disassemble
from mcugen.ethosu.model.stream import decode
from mcugen.ethosu.model.trace import trace
from tests.ethosu.compiler import compile_network, compile_raw
from tests.ethosu.networks import U85_TARGETS, make_case
from tests.fuzz import mutations

SECONDS, MEMORY = 10, 600 * 2**20


@cache
def _good(folder: Path) -> tuple[bytes, ...]:
    """Networks with convolutions, tables, transfers and operands of all sorts."""
    cases = [
        make_case(seed, kinds=kinds)
        for seed, kinds in ((11, ("CONV_2D", "ADD")), (12, ("DEPTHWISE_CONV_2D", "TANH")), (13, ("SOFTMAX",)))
    ]
    files = [compile_network(case.model, case.accelerator, **case.options) for case in cases]
    kinds = (("CONV_2D", "ADD"), ("DEPTHWISE_CONV_2D", "TANH"), ("SOFTMAX",), ("BATCH_MATMUL",), ("RESIZE_BILINEAR",))
    for seed, names in enumerate(kinds):
        target = U85_TARGETS[seed % len(U85_TARGETS)]
        files.append(compile_network(make_case(seed, kinds=names, accelerator=target).model, target))
    return (*files, *(compile_raw(case.model, "ethos-u65-256", folder / "raw").read_bytes() for case in cases[:2]))


def _damaged(rng: random.Random, data: bytes) -> bytes:
    if data.startswith(b"PK"):
        return mutations.rezip(rng, data, mutations.damage_npy)
    if rng.random() < 0.3:
        return mutations.damage_bytes(rng, data)
    # Inside the command stream, where a register gets another value.
    start = data.index(b"COP")
    return data[:start] + mutations.damage_words(rng, data[start:])


def _use(path: Path) -> str:
    network = read_network(path)
    for invocation in network.invocations:
        list(disassemble(decode(invocation.payload.words, invocation.payload.configuration.isa)))
    npu = Npu(network, allow_hazards=True)
    trace(npu)
    if sum(o.work.macs for program in npu.programs for o in program.operations) < 10**7:
        npu.run({port.name: np.zeros(port.shape, port.dtype) for port in npu.inputs})
    return "run"


def _sweep(seeds: range, folder: Path) -> Counter[str]:
    good, path, told = _good(folder), folder / "damaged", Counter[str]()
    for seed in seeds:
        rng = random.Random(seed)
        path.write_bytes(_damaged(rng, rng.choice(good)))
        start = time.process_time()
        try:
            told[_use(path)] += 1
        except InputError as error:
            told["refused"] += 1
            assert str(error), seed
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        assert time.process_time() - start < SECONDS, seed
    return told


def test_damaged_files(tmp_path: Path) -> None:
    told = _sweep(range(150), tmp_path)
    assert told["refused"] > 40 and told["run"] > 10, told


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 9000, 1000))
def test_many_damaged_files(first: int, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _sweep(range(first, first + 1000), tmp_path)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY
