"""Files of compiled networks."""

from __future__ import annotations

from pathlib import Path

from mcugen.borders.files import Source, read_bytes
from mcugen.ethosu.model.containers.raw import read_raw
from mcugen.ethosu.model.containers.tflite import IDENTIFIER, read_tflite
from mcugen.ethosu.model.network import Network

_LIMIT = 512 * 2**20


def read_network(path: Path) -> Network:
    """The network in a file that Vela wrote: a `.tflite`, or the `.npz` of `--output-format raw`.

    Raises:
        InputError: it cannot be read, is neither, is damaged, or holds what the NPU alone cannot run.
    """
    source = Source(path, "the compiled network", "give what Vela writes: a .tflite, or --output-format raw")
    content = read_bytes(source, _LIMIT)
    if content.startswith(b"PK"):
        return read_raw(source)
    if content[4:8] == IDENTIFIER:
        return read_tflite(source, content)
    raise source.error("is neither a .tflite nor an .npz")
