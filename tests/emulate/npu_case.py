"""A network for firmware with Arm's driver, as C: the driver's payload, memory, an input, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mcugen.boards.board import Npu as BoardNpu
from mcugen.ethosu.model import Npu
from mcugen.ethosu.model.trace import trace
from tests.ethosu.assembler import U55_128, U65_256
from tests.ethosu.compiler import as_network, compile_network
from tests.ethosu.networks import deep_network

# The words of the configuration in the driver's payload, as Vela writes them.
CONFIGURATIONS = {
    "ethos-u55-128": (U55_128, 0x10060000),
    "ethos-u65-256": (U65_256, 0x10060000),
    "ethos-u85-256": (0x20000118, 0x20007000),
    "ethos-u85-1024": (0x2000251A, 0x20007000),
}


def c_array(name: str, data: bytes, kind: str = "uint8_t") -> str:
    numbers = np.frombuffer(data, {"uint8_t": np.uint8, "uint32_t": np.dtype("<u4")}[kind])
    return f"static {kind} {name}[] __attribute__((aligned(16), used)) = {{{','.join(map(str, numbers))}}};\n"


def write_case(folder: Path, accelerator: str, place: BoardNpu) -> int:
    """Writes `case.h`; the cycles that the network takes."""
    model, inputs = deep_network(3)
    network = as_network(compile_network(model, accelerator))
    npu = Npu(network)
    (out,) = npu.outputs
    given = {p.name: x.reshape(p.shape) for p, x in zip(npu.inputs, inputs, strict=True)}
    expected = npu.run(given)[out.name]
    (invocation,) = network.invocations
    blocks = {b.name: f"block_{i}" for i, b in enumerate(network.blocks)}
    text = "".join(c_array(blocks[b.name], b.content or bytes(b.size)) for b in network.blocks)
    configuration, identity = CONFIGURATIONS[accelerator]
    # Three words of nothing, so that the stream is aligned to 16 bytes.
    words = [0x31504F43, 1, configuration, identity, 5, 5, 5, 2 | len(invocation.payload.words) << 16]
    payload = np.array([*words, *invocation.payload.words], "<u4").tobytes()
    text += c_array("payload", payload, "uint32_t") + c_array("expected", expected.tobytes())
    copies = ""
    for i, port in enumerate(npu.inputs):
        text += c_array(f"input_{i}", given[port.name].tobytes())
        copies += f"memcpy({blocks[port.block]} + {port.offset}, input_{i}, sizeof input_{i});"
    text += f"#define WRITE_INPUTS {copies}\n"
    regions = [invocation.regions.get(n) for n in range(max(invocation.regions) + 1)]
    bases = [f"(uintptr_t)({blocks[r.block]} + {r.offset})" if r else "0" for r in regions]
    text += f"#define REGIONS {{{', '.join(bases)}}}\n"
    text += f"#define REGION_BYTES {{{', '.join(str(r.size if r else 0) for r in regions)}}}\n"
    text += f"#define OUTPUT_PLACE ({blocks[out.block]} + {out.offset})\n"
    text += f"#define STREAM_WORD {len(words)}\n#define OTHER_CONFIGURATION {configuration ^ 15:#x}u\n"
    text += f"#define NPU_ADDRESS {place.address:#x}u\n#define NPU_INTERRUPT {place.interrupt}\n"
    (folder / "case.h").write_text(text)
    return trace(npu).elapsed
