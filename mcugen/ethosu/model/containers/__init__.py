"""Files of compiled networks."""

from __future__ import annotations

from pathlib import Path

from mcugen.borders.files import Source, read_bytes
from mcugen.ethosu.model.containers.executorch import FIRST, read_executorch
from mcugen.ethosu.model.containers.raw import read_raw
from mcugen.ethosu.model.containers.tflite import IDENTIFIER, read_tflite
from mcugen.ethosu.model.network import Network

_LIMIT = 512 * 2**20


def read_network(path: Path) -> Network:
    """The network in a file that Vela wrote: a `.tflite`, the `.npz` of `--output-format raw`, or ExecuTorch's packing.

    Raises:
        InputError: it cannot be read, is neither, is damaged, or holds what the NPU alone cannot run.
    """
    hint = "give what Vela writes: a .tflite, or --output-format raw; or the bytes of ExecuTorch's Ethos-U delegate"
    source = Source(path, "the compiled network", hint)
    content = read_bytes(source, _LIMIT)
    if content.startswith(b"PK"):
        return read_raw(source)
    if content[4:8] == IDENTIFIER:
        return read_tflite(source, content)
    if content.startswith(FIRST):
        return read_executorch(source, content)
    raise source.error("is neither a .tflite nor an .npz")
