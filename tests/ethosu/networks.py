"""Random networks, and how their outputs on the model may differ from LiteRT's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.errors import InputError
from mcugen.ethosu.model import Npu
from mcugen.ethosu.model.operations import Operation
from tests.ethosu.builder import run_litert
from tests.ethosu.compiler import ACCELERATORS, as_network, compile_network
from tests.ethosu.layers import LAYERS, LAYERS_OF_U85, Maker


class RefusedError(Exception):
    """LiteRT does not take the network: scales too far apart, for one."""


@dataclass(frozen=True)
class Case:
    """A network with inputs and LiteRT's outputs."""

    seed: int
    accelerator: str
    options: Mapping[str, Any]
    dtype: type
    kinds: tuple[str, ...]
    model: bytes
    inputs: list[npt.NDArray]
    outputs: list[npt.NDArray]

    def __str__(self) -> str:
        shapes = ", ".join("×".join(map(str, x.shape)) for x in self.inputs)
        kinds = " → ".join(self.kinds)
        return f"seed {self.seed}: {kinds} {np.dtype(self.dtype)} {shapes} on {self.accelerator} {self.options}"

    def run(self, observe: Callable[[Operation], object] | None = None) -> list[npt.NDArray] | None:
        """The model's outputs; None when Vela leaves a layer to the CPU."""
        return self.run_compiled(compile_network(self.model, self.accelerator, **self.options), observe)

    def run_compiled(
        self, compiled: bytes, observe: Callable[[Operation], object] | None = None
    ) -> list[npt.NDArray] | None:
        """The same of a compilation of it."""
        try:
            npu = Npu(as_network(compiled))
        except InputError as error:
            if any(words in error.what for words in ("for the CPU", "no operator for", "not compiled by Vela")):
                return None
            raise
        # Vela's cores may put inputs in another order; their names are t0, t1 …
        names = sorted((port.name for port in npu.inputs), key=lambda name: int(name.split("_")[0][1:]))
        return list(npu.run(dict(zip(names, self.inputs, strict=True)), observe).values())


TARGETS = [name for name in ACCELERATORS if "u85" not in name]
U85_TARGETS = [name for name in ACCELERATORS if "u85" in name]
# Kinds and types that LiteRT's reference kernels do not have, or that Vela leaves to the CPU.
_WITHOUT = {
    np.int16: {
        "ABS",
        "BATCH_MATMUL",  # LiteRT sums up in 32 bits, which wrap around
        "HARD_SWISH",
        "RELU6",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_ANY",
        "RESIZE_NEAREST_NEIGHBOR",
    },
    np.uint8: {
        "ABS",
        "LEAKY_RELU",
        "TRANSPOSE",
        "TRANSPOSE_CONV",
        "DEPTHWISE_CONV_2D",
        "CONV_2D",
        "FULLY_CONNECTED",
        "HARD_SWISH",
    },
}
_BY_TABLE = ("HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "TANH")
# Vela 5.2 computes a padding from the whole input that a slice takes its part of; it reads bytes behind a tensor; it
# loads a table behind the end of SHRAM. docs/ethosu_model.md lists them.
_FAULTY_PAIRS = {
    ("STRIDED_SLICE", "TRANSPOSE_CONV"),
    ("RESIZE_BILINEAR", "CONCATENATION"),
    *(("TRANSPOSE", kind) for kind in _BY_TABLE),
}
# Vela 5.2 loses where in the larger tensor a result belongs that several operations make, or a chain of them.
_CHAINED = "ABS ADD LEAKY_RELU MAXIMUM MINIMUM MUL SUB".split()
_FAULTY_PAIRS_OF_U85 = {
    *((kind, "PAD") for kind in ("TRANSPOSE_CONV", "REDUCE_MAX", "REDUCE_MIN", *_CHAINED)),
    *((kind, "CONCATENATION") for kind in ("REDUCE_MAX", "REDUCE_MIN")),
}
_LAST = ("FULLY_CONNECTED",)
_HEAVY = {"CONV_2D": 6, "DEPTHWISE_CONV_2D": 5, "ADD": 3, "SUB": 2, "MUL": 2, "AVERAGE_POOL_2D": 2, "MAX_POOL_2D": 2}


def make_case(seed: int, kinds: tuple[str, ...] | None = None, accelerator: str | None = None) -> Case:
    """The network of a seed; of given kinds of layers, or random ones."""
    layers = LAYERS | (LAYERS_OF_U85 if accelerator in U85_TARGETS else {})
    refused = _FAULTY_PAIRS | (_FAULTY_PAIRS_OF_U85 if accelerator in U85_TARGETS else set())
    rng = np.random.default_rng(seed)
    dtype = rng.choice(np.array([np.int8, np.int8, np.int8, np.int16, np.uint8], object), p=[0.3, 0.2, 0.15, 0.3, 0.05])
    if kinds and set(kinds) & _WITHOUT.get(dtype, set()):
        dtype = np.int8
    m = Maker(rng, dtype)
    target = accelerator or TARGETS[int(rng.integers(len(TARGETS)))]
    names = sorted(set(layers) - _WITHOUT.get(dtype, set()))
    odds = np.array([_HEAVY.get(name, 1) for name in names], float)
    x = m.model.input([1, m.integer(1, 14), m.integer(1, 14), m.channels()], dtype, m.scale(), m.zero_point())
    count = m.pick(1, 1, 2, 3)
    for position in range(count):
        name = kinds[position] if kinds and position < len(kinds) else str(rng.choice(names, p=odds / odds.sum()))
        if (name in _LAST and position < count - 1) or (*m.kinds[-1:], name) in refused:
            continue
        x = layers[name](m, x)
        m.kinds.append(name)
        if np.prod(m.shape(x)) > 60_000:
            break
    if not m.kinds:
        x = LAYERS["CONV_2D"](m, x)
        m.kinds.append("CONV_2D")
    model = m.model.finish([x])
    inputs = [m.values(m.shape(i)) for i in m.model.inputs]
    options = {
        "cop": m.pick("COP1", "COP1", "COP2"),
        # A small arena makes Vela cut layers into stripes that follow each other through rolling buffers.
        "arena": m.pick(384 * 1024, 384 * 1024, 2048, 512),
        "extra": "separate_io_regions=true\n" if m.chance(0.15) else "",
    }
    if options["extra"]:
        options["cop"] = "COP2"
    try:
        outputs = run_litert(model, inputs)
    except (RuntimeError, ValueError) as error:
        raise RefusedError(str(error)) from error
    return Case(seed, target, options, dtype, tuple(m.kinds), model, inputs, outputs)


class _LargeMaker(Maker):
    """Channels beyond a block's depth."""

    def channels(self) -> int:
        return self.pick(self.integer(60, 140), self.integer(120, 300), self.integer(1, 20), 512)


_LARGE = (
    "CONV_2D CONV_2D DEPTHWISE_CONV_2D ADD MUL MAX_POOL_2D AVERAGE_POOL_2D CONCATENATION MEAN TRANSPOSE_CONV".split()
)


def make_large_case(seed: int, targets: list[str] = TARGETS) -> Case:
    """A network of layers that take many blocks, and stripes where the arena is small."""
    m = _LargeMaker(np.random.default_rng(seed), (np.int8, np.int8, np.int16)[seed % 3])
    side = m.pick(3, 9, 33, 65)
    depth = m.channels() if side < 33 else m.integer(1, 24)
    x = m.model.input([1, side, m.integer(1, side), depth], m.dtype, m.scale(), m.zero_point())
    for _ in range(m.pick(1, 2, 3)):
        m.kinds.append(m.pick(*_LARGE))
        x = LAYERS[m.kinds[-1]](m, x)
        if np.prod(m.shape(x)) > 300_000:
            break
    model = m.model.finish([x])
    inputs = [m.values(m.shape(i)) for i in m.model.inputs]
    options = {"arena": m.pick(384 * 1024, 64 * 1024, 16 * 1024)}
    try:
        outputs = run_litert(model, inputs)
    except (RuntimeError, ValueError) as error:
        raise RefusedError(str(error)) from error
    return Case(seed, targets[seed % len(targets)], options, m.dtype, tuple(m.kinds), model, inputs, outputs)


def deep_network(seed: int, *, fuses: bool = True) -> tuple[bytes, list[npt.NDArray]]:
    """Eight layers, of which some can be cut into stripes.

    Args:
        fuses: whether layers have fused activations; Vela moves those behind a layer that follows, at times.
    """
    m = Maker(np.random.default_rng(seed), np.int8, fuses=fuses)
    x = m.model.input([1, 24, 24, 8], np.int8, 0.02, -5)
    for kind in "CONV_2D DEPTHWISE_CONV_2D CONV_2D ADD CONV_2D MAX_POOL_2D CONV_2D AVERAGE_POOL_2D".split():
        while True:
            y = LAYERS[kind](m, x)
            if min(m.shape(y)[1:3]) >= 6 or kind == "AVERAGE_POOL_2D":
                break
            m.model.graph.operators.pop()
        x = y
    model = m.model.finish([x])
    return model, [m.values(m.shape(i)) for i in m.model.inputs]
