"""The model against LiteRT's reference kernels: random networks, compiled by Vela for every configuration."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mcugen.ethosu.model import Npu
from mcugen.ethosu.model.operations import Operation
from tests.ethosu.builder import Model, run_litert
from tests.ethosu.compiler import as_network, compile_by_the_other_core, compile_network
from tests.ethosu.layers import LAYERS
from tests.ethosu.networks import TARGETS, Case, RefusedError, deep_network, make_case, make_large_case

# Where Vela's lowering and LiteRT's reference kernels differ, and by how much; docs/ethosu_model.md has the reasons.
DIFFERENCES = {("FULLY_CONNECTED", np.int8): (1, 0.3), ("FULLY_CONNECTED", np.int16): (1, 0.5)}


def check(case: Case, seen: Counter[str]) -> None:
    """Runs a case; counts what it covers."""
    compare(case, case.run(lambda operation: seen.update(features(operation))), seen)


def compare(case: Case, outputs: list[np.ndarray] | None, seen: Counter[str]) -> None:
    """Holds the model's outputs against LiteRT's."""
    if outputs is None:
        seen["left to the CPU"] += 1
        return
    seen["run"] += 1
    for found, wanted in zip(outputs, case.outputs, strict=True):
        difference = np.abs(found.astype(np.int64).ravel() - wanted.astype(np.int64).ravel())
        most, share = DIFFERENCES.get((case.kinds[-1], case.dtype), (0, 0.0))
        # A share says something of many values only.
        assert difference.max(initial=0) <= most, str(case)
        assert (difference > 0).mean() <= max(share, 2.5 / difference.size if share else 0), str(case)


def features(operation: Operation) -> set[str]:
    """What a test of the model wants to have seen."""
    work, found = operation.work, {operation.work.kind, f"{operation.work.kind} {operation.work.detail}"}
    for fm in operation.feature_maps:
        found |= {f"{fm.name} {fm.dtype}", f"{fm.name} {'NHCWB16' if fm.is_bricked else 'NHWC'}"}
        if len({part.rows.start for part in fm.parts}) > 1:
            found.add(f"{fm.name} in tiles")
    if operation.table is not None:
        found.add("table")
    if work.kind == "dma":
        return {"dma"}
    registers = operation.registers
    return found | {
        f"rounding {registers.choice('OFM_PRECISION', 'round_mode')}",
        f"upscale {registers.choice('IFM_UPSCALE', 'mode')}",
        f"function {registers.choice('ACTIVATION', 'activation_function').split('_')[0]}",
    }


def run_seeds(seeds: range) -> Counter[str]:
    seen: Counter[str] = Counter()
    for seed in seeds:
        try:
            case = make_case(seed)
        except RefusedError:
            seen["refused by LiteRT"] += 1
            continue
        check(case, seen)
    assert seen["run"] > 0.9 * len(seeds), seen
    return seen


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_random_networks(first: int) -> None:
    run_seeds(range(first, first + 20))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 3200, 100))
def test_many_random_networks(first: int) -> None:
    run_seeds(range(first, first + 100))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 150, 15))
def test_large_networks(first: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first, first + 15):
        try:
            check(make_large_case(seed), seen)
        except RefusedError:
            seen["refused by LiteRT"] += 1
    assert seen["run"] > 12, seen


@pytest.mark.slow
def test_the_sweep_covers_the_model() -> None:
    seen = run_seeds(range(5000, 5500))
    for seed in range(40):
        # Layers that are cut into stripes.
        check(make_large_case(seed), seen)
    wanted = """
        convolution part-kernel-first|convolution depth-first|depthwise|pooling max|pooling average|pooling reduce sum|
        elementwise add|elementwise sub|elementwise mul|elementwise min|elementwise max|elementwise abs|
        elementwise lrelu|elementwise clz|elementwise shr|elementwise shl|dma|table|IFM in tiles|IFM NHCWB16|
        OFM NHCWB16|IFM NHWC|OFM NHWC|IFM2 NHWC|IFM int8|IFM uint8|IFM int16|IFM int32|OFM int8|OFM uint8|OFM int16|
        OFM int32|rounding DBL|rounding NATURAL|upscale NEAREST|upscale ZEROS|function TANH|function SIGMOID|
        function TABLE|function RELU
    """
    missing = {name.strip() for name in wanted.split("|")} - {name.strip() for name in seen}
    assert not missing, missing


@pytest.mark.slow
@pytest.mark.parametrize("first", range(7000, 7240, 40))
def test_networks_of_the_other_core(first: int, tmp_path: Path) -> None:
    """Vela's deprecated core lowers layers to other operations."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + 40):
        try:
            case = make_case(seed)
            if {"TRANSPOSE_CONV", "MEAN"} & set(case.kinds) or "RESHAPE" in case.kinds[1:]:
                continue  # which it gets wrong
            compiled = compile_by_the_other_core(case.model, case.accelerator, tmp_path).read_bytes()
        except (RefusedError, AssertionError):
            seen["refused"] += 1
            continue
        compare(case, case.run_compiled(compiled), seen)
    assert seen["run"] > 25, seen


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_every_kind_of_layer(kind: str) -> None:
    """Each alone, so that no kind is left out by chance."""
    seen: Counter[str] = Counter()
    seed = sum(map(ord, kind))
    while seen["run"] < 2:
        try:
            case = make_case(seed, kinds=(kind,), accelerator=TARGETS[seed % len(TARGETS)])
        except RefusedError:
            seed += 1
            continue
        if case.kinds[0] == kind:
            check(case, seen)
        seed += 1


def test_all_configurations_give_the_same_outputs() -> None:
    model, inputs = deep_network(3)
    wanted = run_litert(model, inputs)[0]
    tiles = 0
    for target in TARGETS:
        for arena in (1024 * 1024, 8 * 1024):
            npu = Npu(as_network(compile_network(model, target, arena=arena)))
            names = [port.name for port in npu.inputs]
            found = npu.run(dict(zip(names, inputs, strict=True)))
            assert np.array_equal(next(iter(found.values())), wanted), (target, arena)
            tiles += sum("IFM in tiles" in features(o) for program in npu.programs for o in program.operations)
    assert tiles, "no layer was cut into stripes"


def test_layer_by_layer() -> None:
    """Every tensor in between, where Vela computes whole layers one after the other."""
    from ai_edge_litert import interpreter

    model, inputs = deep_network(4, fuses=False)
    machine = interpreter.Interpreter(
        model_content=model,
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    machine.allocate_tensors()
    for values, detail in zip(inputs, machine.get_input_details(), strict=True):
        machine.set_tensor(detail["index"], values)
    machine.invoke()
    npu = Npu(as_network(compile_network(model, "ethos-u55-128", extra="disable_feature=Cascading|WeightBuffering\n")))
    seen: list[np.ndarray] = []

    def keep(operation: Operation) -> None:
        for fm in operation.feature_maps:
            if fm.name == "OFM":
                views = fm.views(operation.memory.regions[fm.region])
                values = np.zeros(fm.shape, fm.dtype)
                for part, view in views:
                    values[part.rows, part.columns, part.channels] = view.reshape(
                        values[part.rows, part.columns, part.channels].shape
                    )
                seen.append(values)

    npu.run(dict(zip([port.name for port in npu.inputs], inputs, strict=True)), keep)
    produced = [int(o.outputs[0]) for o in _operators(model)]
    layers = [machine.get_tensor(index)[0] for index in produced]
    # Operations in order; several may make one layer, but each layer is complete behind one of them.
    at = 0
    for number, layer in enumerate(layers):
        # Vela gives a tensor another shape where that makes no difference.
        matches = [i for i, values in enumerate(seen[at:], at) if np.array_equal(values.ravel(), layer.ravel())]
        assert matches, f"layer {number} is not what LiteRT has"
        at = matches[0] + 1


def _operators(model: bytes) -> list:
    from mcugen.litert.schema import schema

    return schema().ModelT.InitFromPackedBuf(model, 0).subgraphs[0].operators


@pytest.mark.parametrize("seed", range(8))
def test_fully_connected_layers_round_twice(seed: int) -> None:
    """What LiteRT's single rounding cannot show: the stream's multiplier, by the rule of TFLM and CMSIS-NN."""
    rng = np.random.default_rng(seed)
    inputs, outputs = int(rng.integers(1, 70)), int(rng.integers(1, 40))
    scale, weight_scale = (float(np.float32(v)) for v in np.exp(rng.uniform(-6, -3, 2)))
    out_scale = float(np.float32(scale * weight_scale * 40 * np.sqrt(inputs)))
    model = Model()
    x = model.input([1, inputs], np.int8, scale, 7)
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    bias = rng.integers(-3000, 3000, outputs).astype(np.int32)
    w = model.tensor(weights.shape, np.int8, weight_scale, 0, weights)
    b = model.tensor(bias.shape, np.int32, scale * weight_scale, 0, bias)
    y = model.tensor([1, outputs], np.int8, out_scale, -11)
    model.operator("FULLY_CONNECTED", [x, w, b], [y], table="FullyConnectedOptions")
    values = rng.integers(-128, 128, (1, inputs)).astype(np.int8)
    npu = Npu(as_network(compile_network(model.finish([y]), TARGETS[seed % len(TARGETS)])))
    found = next(iter(npu.run({npu.inputs[0].name: values}).values()))

    # Vela's multiplier comes from a product of single precision.
    real = float(np.float32(scale) * np.float32(weight_scale)) / out_scale
    fraction, exponent = np.frexp(real)
    multiplier, shift = int(np.floor(fraction * 2**31 + 0.5)), 31 - int(exponent)
    sums = (values.astype(np.int64) - 7) @ weights.astype(np.int64).T + bias
    high = (sums * multiplier + (1 << 30)) >> 31
    half = 1 << (shift - 31 - 1)
    rounded = np.where(high >= 0, (high + half) >> (shift - 31), -((-high + half) >> (shift - 31)))
    assert np.array_equal(found.reshape(-1), np.clip(rounded - 11, -128, 127).reshape(-1))
