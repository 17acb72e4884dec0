"""Asks Vela and the model of the NPU about operators: what compiles, what it costs, whether it has the right bits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mcugen.errors import UnsupportedOperatorError
from mcugen.ethosu.compiler import Compiled, Refused, Target, compile_networks
from mcugen.ethosu.compiler.source import file_for_vela
from mcugen.ethosu.kernel import MOST_PORTS
from mcugen.ethosu.model import execute
from mcugen.ethosu.model.memory import Bytes
from mcugen.ethosu.partition.tables import Stand, Stands, tables_of, writers
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.reference import run
from mcugen.graph.tensor import DTYPES, IntArray, Tensor
from mcugen.litert.writer import can_write

_TYPES = ("int8", "int16", "int32")
_LEAST_VALUES, _MOST_SAMPLES = 4096, 24
"""Outputs that are compared of each network, in samples as many as it takes; at least four."""


@dataclass(frozen=True)
class Answer:
    """What came of a network: `compiled`, or why not; `failed` where Vela came to no end."""

    compiled: Compiled | None
    reason: str = ""
    failed: bool = False


@dataclass
class Questions:
    """Compiles networks, each as one job, and runs what comes out on the model of the NPU.

    An answer has a compiled network only where its outputs equal the integer reference's, for random inputs and
    extremes.
    """

    target: Target

    def __post_init__(self) -> None:
        self._stands = Stands(self.target)

    def ask(self, networks: Sequence[Graph]) -> list[Answer]:
        """The answers in the order of the networks."""
        refused = [_refusal(network) for network in networks]
        self._stands.prepare([n for n, why in zip(networks, refused, strict=True) if not why])
        answers: dict[int, Answer] = {}
        files: dict[int, tuple[Mapping[str, Stand], bytes]] = {}
        for index, (network, why) in enumerate(zip(networks, refused, strict=True)):
            chosen = None if why else self._stands.choose(network)
            if chosen is None:
                answers[index] = Answer(None, why or "its functions cannot be told apart in what Vela makes")
                continue
            try:
                files[index] = chosen, file_for_vela(network, writers(chosen))
            except UnsupportedOperatorError as error:
                answers[index] = Answer(None, error.what)
        results = compile_networks([content for _, content in files.values()], self.target) if files else []
        for (index, (chosen, _)), result in zip(files.items(), results, strict=True):
            network = networks[index]
            if isinstance(result, Refused):
                answers[index] = Answer(None, f"Vela: {result.reason}", result.failed)
                continue
            made = self._stands.replace(network, chosen, result)
            answers[index] = _judged(network, made) if made else Answer(None, "Vela does without a table for it")
        return [answers[index] for index in range(len(networks))]


def _refusal(network: Graph) -> str:
    """Why a network cannot even be asked about; empty when it can."""
    ports = [network.tensor(p.tensor) for p in (*network.inputs, *network.outputs)]
    strange = next((t for t in ports if t.dtype not in _TYPES or t.quantization is None), None)
    if strange is not None:
        return f"{strange.name} holds {_kind(strange)}, the NPU takes quantized values"
    if any(t.elements == 0 for t in network.tensors.values()):
        return "it has a tensor without elements"
    if not network.inputs or max(len(network.inputs), len(network.outputs)) > MOST_PORTS:
        return f"one job has 1 to {MOST_PORTS} inputs and outputs"
    unknown = next(
        (op for op in network if not can_write(_only(network, op), {type(t) for t in tables_of(network)})), None
    )
    return f"LiteRT, which Vela reads, has no {unknown.kind}" if unknown is not None else ""


def _only(network: Graph, op: Operator) -> Graph:
    return network.with_changes(operators=[op], inputs=(), outputs=())


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype} values" if tensor.quantization is not None else f"plain {tensor.dtype} numbers"


def _judged(network: Graph, result: Compiled) -> Answer:
    sizes = [
        [(p.size, network.tensor(port.tensor).size_bytes) for p, port in zip(places, ports, strict=True)]
        if len(places) == len(ports)
        else [(0, 1)]
        for places, ports in ((result.inputs, network.inputs), (result.outputs, network.outputs))
    ]
    if any(given != wanted for pairs in sizes for given, wanted in pairs):
        return Answer(None, "Vela gives it other inputs or outputs")
    if any(p.region != result.scratch_region for p in (*result.inputs, *result.outputs)):
        return Answer(None, "Vela places its inputs or outputs outside the scratch memory")
    different = difference(network, result)
    return Answer(None, different) if different else Answer(result)


def difference(network: Graph, compiled: Compiled) -> str:
    """How the outputs of a compiled network differ from the integer reference; empty where they do not."""
    memory = np.zeros(max(compiled.scratch_bytes, 1), np.uint8)
    regions: dict[int, bytes | Bytes] = {compiled.weights_region: compiled.weights, compiled.scratch_region: memory}
    if compiled.fast_bytes:
        regions[compiled.fast_region] = np.zeros(compiled.fast_bytes, np.uint8)
    for inputs in samples(network):
        for port, place in zip(network.inputs, compiled.inputs, strict=True):
            memory[place.offset : place.offset + place.size] = np.frombuffer(inputs[port.tensor].tobytes(), np.uint8)
        execute(compiled.payload, regions)
        expected = run(network, inputs)
        for port, place in zip(network.outputs, compiled.outputs, strict=True):
            wanted = expected[port.tensor]
            found = memory[place.offset : place.offset + place.size].view(wanted.dtype).reshape(wanted.shape)
            if not np.array_equal(found, wanted):
                off = np.abs(found.astype(np.int64) - wanted.astype(np.int64))
                return (
                    f"Vela's lowering has other bits than LiteRT for microcontrollers: {np.count_nonzero(off)} of "
                    f"{off.size} values of {port.tensor}, by up to {off.max()}"
                )
    return ""


def samples(network: Graph) -> list[dict[str, IntArray]]:
    """Inputs to compare with: random ones over the whole range, small ones around the zero point, and both extremes.

    The same for the same network.
    """
    outputs = sum(network.tensor(p.tensor).elements for p in network.outputs)
    count = min(max(-(-_LEAST_VALUES // outputs), 2), _MOST_SAMPLES)
    seed = hashlib.sha256(repr([network.tensor(p.tensor).shape for p in network.inputs]).encode()).digest()
    generator = np.random.default_rng(int.from_bytes(seed[:8], "little"))

    def values(tensor: Tensor, kind: int) -> IntArray:
        assert tensor.quantization is not None
        low, high = tensor.integer_range
        dtype = DTYPES[tensor.dtype]
        if kind < 2:
            return np.full(tensor.shape, (low, high)[kind], dtype)
        if kind % 2:
            zero, width = tensor.zero_point, (high - low) / 16
            spread = np.round(generator.normal(zero, width, tensor.shape))
            return np.clip(spread, low, high).astype(dtype)
        return generator.integers(low, high, tensor.shape, dtype, endpoint=True)

    tensors = [network.tensor(p.tensor) for p in network.inputs]
    return [{t.name: values(t, kind) for t in tensors} for kind in range(2 + count)]
