"""The host's side of the MLPerf Tiny protocol, written from the runner's description: commands out, lines in."""

from __future__ import annotations

import os
import re
import select
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mcugen.graph.quantization import FloatArray

_BYTES_A_COMMAND = 31  # as the runner sends them


class Terminal:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def command(self, text: str, seconds: float = 60) -> list[str]:
        """The lines of the answer without the last one, "m-ready"."""
        os.write(self._descriptor, f"{text}%".encode())
        said, deadline = b"", time.monotonic() + seconds
        while not said.endswith(b"m-ready\r\n"):
            assert time.monotonic() < deadline, said
            if select.select([self._descriptor], [], [], 0.1)[0]:
                said += os.read(self._descriptor, 65536)
        return said.decode().split("\r\n")[:-2]

    def load(self, data: bytes) -> list[str]:
        self.command(f"db load {len(data)}")
        answer: list[str] = []
        for start in range(0, len(data), _BYTES_A_COMMAND):
            answer = self.command(f"db {data[start : start + _BYTES_A_COMMAND].hex()}")
        return answer


@contextmanager
def opened(path: Path) -> Iterator[Terminal]:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(descriptor)
        yield Terminal(descriptor)
    finally:
        os.close(descriptor)


def results(lines: list[str]) -> FloatArray:
    found = [m for line in lines if (m := re.fullmatch(r"m-results-\[(.*)\]", line))]
    assert len(found) == 1, lines
    return np.array([float(word) for word in found[0][1].split(",")])


def laps(lines: list[str]) -> list[int]:
    return [int(m[1]) for line in lines if (m := re.fullmatch(r"m-lap-us-(\d+)", line))]
