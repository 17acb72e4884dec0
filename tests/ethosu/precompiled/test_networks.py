"""Files that Vela has compiled: the outputs are those of TensorFlow Lite Micro for the file from before."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import McugenError
from mcugen.ethosu.operator import CommandStream
from mcugen.ethosu.precompiled import ROWS, has_command_streams
from mcugen.frontend import load_model
from mcugen.graph.graph import Graph
from tests.ethosu.builder import Model
from tests.ethosu.compiler import compile_by_the_other_core, compile_network
from tests.ethosu.networks import deep_network
from tests.ethosu.precompiled.files import append_softmax
from tests.frontend.litert.cases import CASES
from tests.frontend.litert.files import Array, ours, tflm
from tests.fuzz.mutations import damage_words

TARGETS = ("ethos-u55-128", "ethos-u55-32", "ethos-u65-256", "ethos-u85-256")
LAYERS = "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED MAX_POOL_2D SOFTMAX".split()


def load(file: bytes, folder: Path) -> Graph:
    (folder / "net.tflite").write_bytes(file)
    return load_model(folder / "net.tflite", custom=ROWS)


def assert_equal(graph: Graph, original: bytes, inputs: list[Array], what: str) -> None:
    for found, wanted in zip(ours(graph, inputs), tflm(original, inputs), strict=True):
        np.testing.assert_array_equal(found, np.asarray(wanted).reshape(found.shape), err_msg=what)


def check(kind: str, seed: int, folder: Path) -> bool:
    """Whether Vela took the layer."""
    data, inputs = CASES[kind](np.random.default_rng([seed, *kind.encode()]))
    target = TARGETS[seed % len(TARGETS)]
    graph = load(compile_network(data, target), folder)
    assert_equal(graph, data, inputs, f"{kind}, seed {seed}, {target}")
    return [op.accelerator for op in graph if isinstance(op, CommandStream)] == [target]


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_have_tflms_bits(kind: str, tmp_path: Path) -> None:
    assert all(check(kind, seed, tmp_path) for seed in range(3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYERS)
def test_many_layers_have_tflms_bits(kind: str, tmp_path: Path) -> None:
    assert sum(check(kind, seed, tmp_path) for seed in range(100, 300)) > 150


def mixed(*, softmax: bool) -> bytes:
    """Pools with a running sum between, which no Vela takes, and the softmax that some leave to the CPU."""
    m = Model()
    quantization = np.int8, 0.1, 0
    x = m.input([1, 4, 6, 8], *quantization)
    a, b, c, d = (m.tensor([1, 4, 6, 8], *quantization) for _ in range(4))
    window = {"filterHeight": 2, "filterWidth": 2, "strideH": 1, "strideW": 1}
    m.operator("MAX_POOL_2D", [x], [a], table="Pool2DOptions", **window)
    m.operator("CUMSUM", [a, m.constant(np.int32(1))], [b], table="CumsumOptions")
    m.operator("AVERAGE_POOL_2D", [b], [c], table="Pool2DOptions", **window)
    m.operator("ADD", [a, c], [d], table="AddOptions")
    if softmax:
        d, scores = m.tensor([1, 4, 6, 8], np.int8, 1 / 256, -128), d
        m.operator("SOFTMAX", [scores], [d], table="SoftmaxOptions", beta=1.0)
    return m.finish([d])


def test_operators_of_the_cpu_stay_ordinary(tmp_path: Path) -> None:
    """Two command streams on one arena, the second with two inputs; operators of the CPU between and behind."""
    graph = load(append_softmax(compile_network(mixed(softmax=False), "ethos-u55-128")), tmp_path)
    kinds = [op.kind for op in graph]
    assert kinds == ["ethos_u", "tflm_cumulative_sum", "ethos_u", "softmax"]
    inputs = [np.random.default_rng(0).integers(-128, 128, (1, 4, 6, 8)).astype(np.int8)]
    assert_equal(graph, mixed(softmax=True), inputs, "mixed")
    first, second = (op.job for op in graph if isinstance(op, CommandStream))
    assert (len(first.inputs), len(second.inputs)) == (1, 2)
    assert first.scratch_bytes < second.scratch_bytes, "the whole network's arena for every part"


@pytest.mark.parametrize("form", ["COP1", "COP2", "the other core"])
def test_all_forms_are_read(form: str, tmp_path: Path) -> None:
    model, inputs = deep_network(3)
    if form == "the other core":
        file = compile_by_the_other_core(model, "ethos-u55-128", tmp_path).read_bytes()
    else:
        file = compile_network(model, "ethos-u55-128", cop=form, arena=2048)
    graph = load(file, tmp_path)
    assert [op.kind for op in graph] == ["ethos_u"]
    by_shape = {x.shape: x for x in inputs}
    assert_equal(graph, model, [by_shape[port.shape] for port in graph.inputs], form)


def sweep(seeds: range, folder: Path) -> Counter[str]:
    """Files with a damaged payload: read as a whole, or one error."""
    layers = [CASES[kind](np.random.default_rng(1))[0] for kind in ("CONV_2D", "SOFTMAX", "ADD")]
    good = [compile_network(data, target) for data, target in zip(layers, TARGETS[:3], strict=True)]
    good += [compile_network(mixed(softmax=False), "ethos-u85-256")]
    told: Counter[str] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        data = rng.choice(good)
        start, before = data.index(b"COP"), time.process_time()
        damaged = data[:start] + damage_words(rng, data[start:])
        try:
            graph = load(damaged, folder)
            ours(graph, [np.zeros(port.shape, np.int8) for port in graph.inputs])
            told["read"] += 1
        except McugenError as error:
            told["refused"] += 1
            assert error.exit_code == 2 and "net.tflite" in str(error), seed
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        assert time.process_time() - before < 10, seed
    return told


def test_damaged_payloads(tmp_path: Path) -> None:
    told = sweep(range(60), tmp_path)
    assert told["refused"] > 20 and told["read"] > 2, told


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_damaged_payloads(tmp_path: Path) -> None:
    sweep(range(1000, 9000), tmp_path)


def test_without_a_row_the_operator_is_refused(tmp_path: Path) -> None:
    """Who reads a file without saying what becomes of custom operators gets an error, not half a network."""
    (tmp_path / "net.tflite").write_bytes(compile_network(deep_network(3)[0], "ethos-u55-128"))
    with pytest.raises(McugenError, match="no integer form for operator 0"):
        load_model(tmp_path / "net.tflite")
    assert not has_command_streams(load(CASES["ADD"](np.random.default_rng(0))[0], tmp_path))
