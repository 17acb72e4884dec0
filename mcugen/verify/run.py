"""`mcugen run`: the user's samples through a module's firmware."""

from __future__ import annotations

from pathlib import Path

from mcugen.borders.files import resolved
from mcugen.borders.npz import save_npz
from mcugen.emit.manifest import FILE_NAME, Manifest
from mcugen.emit.opened import open_module
from mcugen.errors import InputError
from mcugen.scratch import scratch_folder
from mcugen.verify.measure import Progress, build_and_run, measurement, require_states
from mcugen.verify.result import RunOutcome
from mcugen.verify.samples import load_samples, to_model_layout


def run_samples(
    folder: Path,
    inputs: Path,
    outputs: Path,
    *,
    runner: str = "auto",
    allow_edited: bool = False,
    progress: Progress | None = None,
    reset_every: int | None = None,
) -> RunOutcome:
    """Runs every sample of IN.npz in one emulator run and writes OUT.npz.

    Samples of a module with state are consecutive steps from a reset, and from another one after each `reset_every`.

    Raises:
        InputError: the folder (an edited one too, unless `allow_edited`), the samples or the destination is wrong.
        MissingToolError: no compiler or emulator.
    """
    opened = open_module(folder, allow_edited=allow_edited)
    manifest = opened.manifest
    require_states(manifest, reset_every, folder)
    if not resolved(outputs).parent.is_dir():
        raise InputError(f"the folder of {outputs} does not exist")
    _require_free(outputs, folder, manifest)
    samples = load_samples(inputs, manifest)
    report = progress or (lambda stage, done, total: None)
    with scratch_folder("mcugen-run-") as scratch:
        firmware, result = build_and_run(
            folder,
            manifest,
            samples,
            mode="measure",
            kind="bare",
            runner=runner,
            scratch=scratch,
            progress=lambda done, total: report("running firmware", done, total),
            reset_every=reset_every,
        )
        # Reads the linked firmware, which ends with the folder.
        measured = measurement(manifest, firmware, result, [(None, None)] * len(manifest.layers))
    arrays = to_model_layout(result.outputs, manifest)
    save_npz(outputs, arrays)
    return RunOutcome(manifest, len(samples[0]), arrays, measured, opened.edited)


def _require_free(outputs: Path, folder: Path, manifest: Manifest) -> None:
    own = {resolved(folder / name) for name in (FILE_NAME, *manifest.files)}
    if resolved(outputs) in own:
        raise InputError(
            f"{outputs} is a file of the module", where=str(folder), hint="name another file for --outputs"
        )
