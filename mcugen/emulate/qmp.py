"""QEMU's machine protocol (QMP) over a Unix socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

_ANSWER_SECONDS = 5.0


def execute(path: Path, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Carries out one command; what it returns.

    Args:
        path: of the socket, as given to `-qmp unix:<path>,server=on`.

    Raises:
        OSError: QEMU is not there, or does not answer in time.
        ValueError: it answers with something else.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        connection.connect(str(path))
        with connection.makefile("rw") as stream:
            json.loads(stream.readline())
            answer: Any = {}
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": dict(arguments or {})}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = _read_answer(stream)
    if "return" not in answer:
        raise ValueError(f"QEMU refused {command}: {answer}")
    return answer["return"]


def _read_answer(stream: IO[str]) -> Any:
    """The next message that is no event."""
    while "event" in (message := json.loads(stream.readline())):
        pass
    return message
