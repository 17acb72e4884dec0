"""Where jobs run: here, in processes of this machine, or in the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from mcugen.bench.jobs import Job, run_job
from mcugen.errors import CheckFailedError

Done = Callable[[int, int], None]
"""Called with (jobs done, jobs in all)."""

RunAll = Callable[[Sequence[Job], Done], list[Any]]
"""Results in the order of the jobs."""


def here(jobs: Sequence[Job], done: Done) -> list[Any]:
    """One after the other in this process."""
    results: list[Any] = []
    for job in jobs:
        done(len(results), len(jobs))
        results.append(run_job(job))
    done(len(jobs), len(jobs))
    return results


@contextlib.contextmanager
def processes(count: int) -> Iterator[RunAll]:
    """So many processes; one: none but this."""
    if count == 1:
        yield here
        return
    # A forked process would have the locks of PyTorch's threads, which none is there to release.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=spawn, initializer=_unwind_when_terminated)
    try:
        yield lambda jobs, done: on_executor(pool, jobs, done)
    except BaseException:
        # Whoever ends the command does not wait for jobs under way.
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


def _unwind_when_terminated() -> None:
    """A job that is ended takes its emulator and its folders with it."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def on_executor(executor: Executor, jobs: Sequence[Job], done: Done) -> list[Any]:
    """All jobs on an executor. What a job raises is raised here.

    Raises:
        CheckFailedError: a process died.
    """
    futures = [executor.submit(run_job, job) for job in jobs]
    done(0, len(jobs))
    try:
        for count, future in enumerate(as_completed(futures), 1):
            future.result()
            done(count, len(jobs))
        return [future.result() for future in futures]
    except BrokenProcessPool as error:
        raise CheckFailedError(
            "a process that counts died", hint="was it out of memory? Try fewer, with --jobs"
        ) from error
    finally:
        for future in futures:
            future.cancel()
