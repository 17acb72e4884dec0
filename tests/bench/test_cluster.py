"""`--scheduler` on a real Dask scheduler with two workers, processes of this machine; and what goes wrong with one."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import mcugen
from mcugen.bench.cluster import cluster, fingerprint
from mcugen.errors import InputError, MissingToolError
from tests.bench.models import write_model

needs_distributed = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask's distributed is not installed"
)
ROOT = Path(mcugen.__file__).parents[1]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def process(
    folder: Path, *command: str, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """One of Dask's own commands, ended behind the block. It would import what is in its working folder."""
    with subprocess.Popen(
        [sys.executable, "-m", "dask", *command],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            yield child
        finally:
            child.terminate()


@contextlib.contextmanager
def running(folder: Path, workers: int, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A scheduler with workers; its address."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        stack.enter_context(process(folder, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"))
        for i in range(workers):
            place = ("--local-directory", str(folder / f"worker{i}"), "--nthreads", "1", "--no-dashboard", "--no-nanny")
            stack.enter_context(process(folder, "worker", address, *place, environment=environment))
        yield address


def test_without_distributed_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingToolError, match="not installed") as error, cluster("tcp://127.0.0.1:1"):
        pass
    assert "mcugen[cluster]" in str(error.value)


@needs_distributed
def test_a_scheduler_that_does_not_answer_is_told_in_time() -> None:
    address, words = f"tcp://127.0.0.1:{free_port()}", r"no Dask scheduler answers at .* within 0.5 s"
    with pytest.raises(InputError, match=words), cluster(address, seconds=0.5):
        pass


@pytest.mark.parametrize("address", ["nonsense://x:1", "127.0.0.1", "localhost:8786", "tcp://host", ""])
def test_an_address_that_is_none_is_told_at_once(address: str) -> None:
    """Dask's client itself goes on trying for half a minute."""
    with pytest.raises(InputError, match="is no scheduler's address"), cluster(address):
        pass


def test_the_fingerprint_is_of_version_and_content() -> None:
    assert fingerprint() == fingerprint()
    assert fingerprint().startswith(f"{mcugen.__version__}+")


@needs_distributed
@pytest.mark.slow
@pytest.mark.emulator
def test_two_workers_count_what_one_process_does(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_model(tmp_path, name)
    common = ("one.pt2", "two.pt2", "--board", "mps2_an386", "--board", "mps2_an385", "--calibration", "random")
    command = [
        sys.executable,
        "-m",
        "mcugen",
        "bench",
        *common,
        "--kernels",
        "native",
        "--kernels",
        "portable",
        "--json",
    ]
    with running(tmp_path, 2) as address:
        rows = []
        for where in (("--scheduler", address), ("--jobs", "1")):
            done = subprocess.run([*command, *where], cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            rows.append(json.loads(done.stdout)["rows"])
    assert rows[0] == rows[1] and len(rows[0]) == 8


@needs_distributed
@pytest.mark.slow
def test_a_scheduler_without_workers_is_told(tmp_path: Path) -> None:
    with running(tmp_path, 0) as address:
        refused = pytest.raises(InputError, match="has no worker after")
        with refused, cluster(address, seconds=8):
            pass


@needs_distributed
@pytest.mark.slow
def test_a_worker_with_another_mcugen_is_refused(tmp_path: Path) -> None:
    """A copy with one kernel changed: its version is the same, its figures may not be."""
    other = tmp_path / "other"
    for name in ("mcugen", "boards", "kernels_cmsis", "zephyr_module"):
        shutil.copytree(ROOT / name, other / name, ignore=shutil.ignore_patterns("__pycache__"))
    source = next((other / "kernels_cmsis" / "portable").rglob("*.c"))
    source.write_text(source.read_text() + "\n")
    with running(tmp_path, 1, {"PYTHONPATH": str(other)}) as address:
        refused = pytest.raises(InputError, match="figures would not compare")
        with refused, cluster(address, seconds=60):
            pass
