"""Jobs on the workers of a Dask cluster: https://distributed.dask.org.

The workers need mcugen, the same one as here, with a compiler and an emulator; CMSIS-NN where it is asked for, at the
same path. Models and boards travel with the jobs.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcugen import __version__
from mcugen.bench.jobs import Job, run_job
from mcugen.bench.pool import Done, RunAll
from mcugen.errors import CheckFailedError, InputError, MissingToolError
from mcugen.resources import build_inputs

# Of the transports that Dask has. Its client tries others for half a minute after it has said no.
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://[^/\s]+:\d+")

WAIT_SECONDS = 15
"""How long a scheduler has to answer, and to have a worker."""


def fingerprint() -> str:
    """Version and content of the mcugen that runs this: the same where the same figures come out."""
    digest = hashlib.sha256()
    for path in build_inputs():
        if path.name != "METADATA":
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


@contextlib.contextmanager
def cluster(address: str, *, seconds: float = WAIT_SECONDS) -> Iterator[RunAll]:
    """The workers behind a scheduler's address, such as "tcp://host:8786".

    Raises:
        MissingToolError: Dask's `distributed` is not installed.
        InputError: no scheduler answers there in time, it has no worker, or one with another mcugen.
    """
    if not _ADDRESS.fullmatch(address):
        raise InputError(f"{address!r} is no scheduler's address", where="--scheduler", hint="write tcp://HOST:8786")
    try:
        import distributed
    except ImportError as error:
        raise MissingToolError(
            "--scheduler needs Dask's distributed, which is not installed", hint='pip install "mcugen[cluster]"'
        ) from error
    try:
        client = distributed.Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address} within {seconds:g} s",
            where="--scheduler",
            hint="start it with `dask scheduler`, or check the address: tcp://HOST:8786",
        ) from error
    try:
        _check_workers(client, address, seconds)
        yield lambda jobs, done: _run_all(client, jobs, done)
    finally:
        client.close()


def _check_workers(client: Any, address: str, seconds: float) -> None:
    try:
        client.wait_for_workers(1, timeout=seconds)
        found: Mapping[str, Any] = client.run(fingerprint, on_error="return")
    except (OSError, TimeoutError) as error:
        raise InputError(
            f"the scheduler at {address} has no worker after {seconds:g} s",
            where="--scheduler",
            hint=f"start one with `dask worker {address}`, from an environment with this mcugen",
        ) from error
    own = fingerprint()
    for worker, other in sorted(found.items()):
        if isinstance(other, BaseException):
            raise InputError(f"worker {worker} has no mcugen that works: {other}", where="--scheduler", hint=_SAME)
        if other != own:
            raise InputError(
                f"worker {worker} has mcugen {other}, this is {own}: figures would not compare",
                where="--scheduler",
                hint=_SAME,
            )


_SAME = "install the same mcugen for all workers and start them again"


def _run_all(client: Any, jobs: Sequence[Job], done: Done) -> list[Any]:
    """
    Raises:
        CheckFailedError: a job's workers died under it.
    """
    import distributed

    # Not pure: two runs of one job are two, and no result is kept.
    futures = client.map(run_job, jobs, pure=False, batch_size=1)
    done(0, len(jobs))
    try:
        for count, future in enumerate(distributed.as_completed(futures, loop=client.loop), 1):
            future.result()
            done(count, len(jobs))
        return [future.result() for future in futures]
    except distributed.KilledWorker as error:
        raise CheckFailedError(
            f"workers died while they counted: {error}", hint="their own log says why; were they out of memory?"
        ) from error
    finally:
        client.cancel(futures)
