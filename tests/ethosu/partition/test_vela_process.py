"""Vela in its own process: whatever becomes of it, an answer for every network and no traceback."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mcugen.ethosu.compiler import Refused, Target, vela

TARGET = Target("ethos-u55-128", "", "none", "none")

# Stands for the worker: what it does with a network is what the network's file says.
WORKER = """
import os, signal, sys, time
from pathlib import Path
folder, number = Path(sys.argv[1]), int(sys.argv[2])
while (folder / f"{number}.tflite").exists():
    (folder / f"{number}.log").write_text("Warning (ops) operator: SPLIT, ofm: 'y'\\nReason: too odd\\n")
    match (folder / f"{number}.tflite").read_text():
        case "hang":
            time.sleep(60)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave":
            print("out of ideas", file=sys.stderr)
            sys.exit(5)
    number += 1
"""


def test_every_network_gets_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    monkeypatch.setattr(vela.worker, "__file__", str(script))
    networks = [b"good", b"crash", b"good", b"hang", b"leave", b"good"]
    refused = "SPLIT: too odd"
    assert vela.compile_networks(networks, TARGET, seconds=1.0) == [
        Refused(refused),
        Refused("Vela ended by SIGSEGV", failed=True),
        Refused(refused),
        Refused("Vela took more than 1 s", failed=True),
        Refused("Vela ended with exit code 5: out of ideas", failed=True),
        Refused(refused),
    ]


def test_damaged_files_are_refused_with_velas_words() -> None:
    (answer,) = vela.compile_networks([b"no flatbuffer"], TARGET)
    assert isinstance(answer, Refused) and answer.failed and answer.reason
