"""How soon a command answers: nothing slow is imported for help, for lists, and to say that a file is not there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

# Importing these takes up to seconds each.
HEAVY = ("torch", "torchao", "numpy", "capstone", "elftools", "jinja2")
_PROGRAM = """
import contextlib, io, json, sys
from mcugen import cli
found = []
for arguments in json.loads(sys.argv[1]):
    out = io.StringIO()
    cli.errors.file = out
    with contextlib.redirect_stdout(out):
        code = cli._run(arguments)
    found.append([code, out.getvalue(), [name for name in json.loads(sys.argv[2]) if name in sys.modules]])
print(json.dumps(found))
"""
COMMANDS = (
    (["--help"], 0, "Commands"),
    (["--version"], 0, "mcugen "),
    (["emit", "--help"], 0, "--calibration"),
    (["emit", "none.pt2", "--board", "nrf5340dk"], 2, "the model file does not exist"),
    (["check", "none.pt2"], 2, "the model file does not exist"),
    (["verify", "none"], 2, "is not an emitted module"),
    (["run", "none", "--inputs", "i.npz", "--outputs", "o.npz"], 2, "is not an emitted module"),
    (["compare", "old.json", "new.json"], 2, "does not exist"),
    (["boards", "--json"], 0, '"nrf5340dk"'),
    (["emit", "there.pt2", "--board", "nrf5340dl"], 2, "unknown board"),
    (
        ["emit", "there.pt2", "--board", "nrf5340dk", "--calibration", "no.npz"],
        2,
        "the calibration file does not exist",
    ),
    # It names PyTorch and NumPy where they are missing, so it cannot begin by importing them. PATH has no tools here.
    (["doctor", "--json"], 3, '"numpy"'),
)


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    (tmp_path / "there.pt2").write_bytes(b"")
    command = [sys.executable, "-c", _PROGRAM, json.dumps([row[0] for row in COMMANDS]), json.dumps(HEAVY)]
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for (arguments, code, says), (ended, out, imported) in zip(COMMANDS, json.loads(done.stdout), strict=True):
        assert ended == code, (arguments, out)
        assert says in out, (arguments, out)
        assert imported == [], arguments


def test_a_missing_model_is_told_at_once(tmp_path: Path) -> None:
    start = time.monotonic()
    command = [sys.executable, "-m", "mcugen", "emit", "none.pt2", "--board", "nrf5340dk"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the model file does not exist" in done.stderr
    # A third of a second on an idle machine; this one may be busy.
    assert time.monotonic() - start < 5
