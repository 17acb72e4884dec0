"""Damaged models, arrays, boards and manifests: see `tests/fuzz/worker.py` for what is right."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.kinds import KINDS
from tests.fuzz.worker import MEMORY, damaged

ROOT = Path(__file__).parents[2]
# Of each kind, how many are read by one process: a model takes a quarter of a second, the others some milliseconds.
COUNTS = {"model": 12, "arrays": 120, "board": 60, "litert": 100, "manifest": 80, "vectors": 80}
SWEEP, CHUNK = 5000, 500
# LiteRT files are small and read in milliseconds.
LITERT_SWEEP, LITERT_CHUNK = 20_000, 2000
# Of each kind, how many are read by a process of their own, which takes seconds; the first by default where that is
# without PyTorch, the others when there is time.
CONSOLE = {"model": 2, "arrays": 2, "litert": 3, "board": 4, "manifest": 4, "vectors": 1}
_ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Of virtual memory in a fresh process, where PyTorch alone maps some 3 GB.
_ADDRESS_SPACE = 8 * 2**30


def sweep(kind: str, first: int, count: int, folder: Path, seconds: float) -> None:
    """Damaged files `first` to `first + count - 1` of a kind."""
    command = [sys.executable, "-m", "tests.fuzz.worker", kind, str(first), str(count), str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=_ENVIRONMENT, capture_output=True, text=True, timeout=seconds, check=False
    )
    last = done.stderr.strip().splitlines()[-5:]
    assert done.returncode == 0, f"the process ended with {done.returncode} after {last}"
    result = json.loads(done.stdout)
    seconds_of_slowest, slowest = result["slowest"]
    print(f"{kind}: seeds {first} to {first + count - 1}, {result['peak_bytes'] / 1e6:.0f} MB at most, ", end="")
    print(f"seed {slowest} took {seconds_of_slowest:.1f} s")
    assert result["read"] == count
    assert not result["faults"], "\n".join(f"{kind} {seed}: {words}" for seed, words in result["faults"].items())
    assert result["peak_bytes"] < MEMORY


@pytest.mark.parametrize("kind", CONSOLE)
def test_damaged_files(kind: str, tmp_path: Path) -> None:
    sweep(kind, 0, COUNTS[kind], tmp_path, 550)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(min(COUNTS.values()), SWEEP, CHUNK))
@pytest.mark.parametrize("kind", sorted(CONSOLE.keys() - {"litert"} | {"project"}))
def test_many_damaged_files(kind: str, first: int, tmp_path: Path) -> None:
    sweep(kind, first, CHUNK, tmp_path, 3500)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(0, LITERT_SWEEP, LITERT_CHUNK))
def test_many_damaged_litert_files(first: int, tmp_path: Path) -> None:
    sweep("litert", first, LITERT_CHUNK, tmp_path, 3500)


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        pytest.param(kind, seed, marks=[pytest.mark.slow] if seed or kind in ("model", "arrays") else [])
        for kind, count in CONSOLE.items()
        for seed in range(count)
    ],
)
def test_damaged_files_by_the_command(kind: str, seed: int, tmp_path: Path) -> None:
    """The same in processes of their own: exit codes, one message, nothing on stdout, nothing written."""
    row = KINDS[kind]
    good = row.good(tmp_path)
    if not (tmp_path / "small.pt2").exists():
        (tmp_path / "small.pt2").write_bytes(KINDS["model"].good(tmp_path)[-1])
    path = tmp_path / row.file
    path.write_bytes(damaged(kind, good, seed))
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "mcugen", *row.command(path)],
        cwd=tmp_path,
        env=_ENVIRONMENT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, f"{kind} {seed}:\n{done.stderr}"
    if done.returncode == 0:
        return  # what was damaged does not matter to it
    assert done.returncode in (2, 3), f"{kind} {seed}: exit code {done.returncode}\n{done.stderr}"
    assert done.stdout == "" and done.stderr.count("error: ") == 1, f"{kind} {seed}:\n{done.stderr}"
    assert sorted(tmp_path.rglob("*")) == before
