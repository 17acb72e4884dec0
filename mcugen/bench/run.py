"""A suite, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcugen.bench import baseline, pool
from mcugen.bench.cluster import cluster
from mcugen.bench.jobs import CountJob, LoadJob
from mcugen.bench.row import Row
from mcugen.bench.suite import Model, Request, Suite
from mcugen.borders import Source
from mcugen.borders.files import read_bytes
from mcugen.errors import MissingToolError
from mcugen.kernels.cmsis_nn import CmsisNn, locate

Progress = Callable[[str, int, int], None]

# A model travels to its worker as a whole.
_LARGEST_FILE = 2**31


@dataclass(frozen=True)
class Result:
    """What a run found.

    Attributes:
        rows: in the suite's order.
        notes: what was left out, a sentence each.
        verdict: against a baseline; None: there was none, or it was written.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    verdict: baseline.Verdict | None = None

    @property
    def failures(self) -> tuple[str, ...]:
        """Why the command fails, a line each."""
        broken = [f"{row.key}: {row.failure.splitlines()[0]}" for row in self.rows if row.failure]
        return (*broken, *(self.verdict.failures if self.verdict else ()))

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": not self.failures,
            "rows": [row.as_json() for row in self.rows],
            "notes": list(self.notes),
            "failures": list(self.failures),
            "baseline": None if self.verdict is None else self.verdict.as_json(),
        }


def bench(
    request: Request,
    workers: AbstractContextManager[pool.RunAll],
    progress: Progress,
    *,
    cmsis_nn: Path | None = None,
    baseline_file: Path | None = None,
    update: bool = False,
) -> Result:
    """Counts what is asked for, and compares it with a baseline, or writes that.

    Args:
        workers: see `workers_for`.
        cmsis_nn: root of its sources; None: where it is found.
        update: write the figures to the baseline file; nothing is compared then.

    Raises:
        InputError: the request, a model, a board or the baseline is wrong.
        MissingToolError: no compiler or emulator, or no CMSIS-NN where nothing else is asked for.
    """
    suite = request.suite()
    old = None
    if baseline_file is not None and (not update or baseline_file.exists()):
        old = baseline.load_baseline(baseline_file)
    library, kernels, notes = find_peer(suite.kernels, cmsis_nn)
    suite = replace(suite, kernels=kernels)
    with workers as run_all:
        rows = run_suite(suite, run_all, library, progress)
    if baseline_file is None:
        return Result(rows, notes)
    if update:
        new = baseline.updated(rows, old, whole=request.is_whole)
        baseline.write_baseline(new, baseline_file)
        gone = sorted(old.rows.keys() - new.rows.keys()) if old is not None else []
        dropped = (f"no longer in the baseline, since not in this suite: {', '.join(gone)}",) if gone else ()
        return Result(rows, (*notes, *dropped))
    assert old is not None
    verdict = baseline.check(rows, old)
    return Result(rows, (*notes, verdict.warning) if verdict.warning else notes, verdict)


def workers_for(jobs: int, scheduler: str | None) -> AbstractContextManager[pool.RunAll]:
    """Where jobs are to run: on a cluster if there is one, else in so many processes."""
    return cluster(scheduler) if scheduler is not None else pool.processes(jobs)


def find_peer(kernels: Sequence[str], path: Path | None) -> tuple[CmsisNn | None, tuple[str, ...], tuple[str, ...]]:
    """CMSIS-NN where it is asked for: (it, kernel policies that can be counted, notes on what cannot).

    Raises:
        InputError: what is at `path` is none, or of an unknown version.
    """
    if path is None and "cmsis-nn" not in kernels:
        return None, tuple(kernels), ()
    try:
        return locate(path), tuple(kernels), ()
    except MissingToolError as error:
        others = tuple(k for k in kernels if k != "cmsis-nn")
        if not others:
            raise
        return None, others, (f"not beside CMSIS-NN: {error.what}; set CMSIS_NN_PATH, or give --cmsis-nn PATH",)


def run_suite(suite: Suite, run_all: pool.RunAll, library: CmsisNn | None, progress: Progress) -> tuple[Row, ...]:
    """Loads each model once, then counts it on every target.

    Raises:
        InputError: a model or its calibration is wrong.
    """
    jobs = [_load_job(model) for model in suite.models]
    graphs = run_all(jobs, lambda done, total: progress("loading models", done, total))
    by_name = {model.name: graph for model, graph in zip(suite.models, graphs, strict=True)}
    path = library.path if library else None
    counts = [CountJob(case, by_name[case.model], path) for case in suite.cases()]
    return tuple(run_all(counts, lambda done, total: progress("counting", done, total)))


def _load_job(model: Model) -> LoadJob:
    archive = read_bytes(Source(model.path, "the model file", "check the path"), _LARGEST_FILE)
    calibration = model.calibration
    if isinstance(calibration, Path):
        source = Source(calibration, "the calibration file", "save one array per input with numpy.savez")
        return LoadJob(model.name, model.path.name, archive, read_bytes(source, _LARGEST_FILE), model.quantizer)
    return LoadJob(model.name, model.path.name, archive, calibration, model.quantizer)
